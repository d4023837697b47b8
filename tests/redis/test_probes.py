"""What the kubelet is told: a node is alive while Redis answers, ready while it serves."""

import os
import signal

from tests.redis.machines import PODS, SHARDS, Machines
from tests.waiting import eventually


def test_a_replica_without_its_master_is_alive_but_not_ready(cluster: Machines) -> None:
    shard = SHARDS[0]
    # All three masters, so that nobody is left to elect a replica.
    cluster.kill(*(each.master for each in SHARDS))
    eventually(lambda: not cluster.probe(shard.replica, "ready"), "the replica is not ready")
    assert cluster.probe(shard.replica, "alive")
    cluster.start(*(each.master for each in SHARDS))


def test_a_master_that_lost_the_majority_is_alive_but_not_ready(cluster: Machines) -> None:
    left = SHARDS[0].master
    cluster.kill(*(name for name in PODS if name != left))
    eventually(lambda: not cluster.probe(left, "ready"), "the lonely master is not ready")
    assert cluster.probe(left, "alive")
    cluster.start(*(name for name in PODS if name != left))


def test_a_redis_that_hangs_is_not_alive(cluster: Machines) -> None:
    redis = cluster.pods[PODS[1]].processes[0]
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        assert not cluster.probe(PODS[1], "alive")
    finally:
        os.kill(redis.pid, signal.SIGCONT)
