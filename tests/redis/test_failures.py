"""What pods go through: restarts with new IPs, lost machines, lost volumes, planned stops."""

import shutil
import threading
from pathlib import Path

from tests.redis.machines import DECLARED, PODS, SHARDS, Machines
from tests.waiting import eventually

_QUEUE = "{bull}:jobs:wait"

_SLOT = 9263
"""Of every key that begins with {bull}."""

_SHARD = next(shard for shard in SHARDS if shard.slots[0] <= _SLOT <= shard.slots[1])


def test_all_six_nodes_restarted_with_other_ips_find_each_other_and_keep_the_queue(
    cluster: Machines,
) -> None:
    assert cluster.as_n8n("RPUSH", "{bull}:jobs:restart", "1", "2", "3") == "3"
    before = {name: pod.ip for name, pod in cluster.pods.items()}
    # Replicas first, so that every master's last write is on its disk, and no replica is elected.
    for shard in SHARDS:
        cluster.stop(shard.replica)
    for shard in SHARDS:
        cluster.stop(shard.master)

    cluster.start(*PODS)

    assert not set(before.values()) & {pod.ip for pod in cluster.pods.values()}
    eventually(cluster.is_as_declared, "six nodes at other IPs are one cluster again", seconds=30)
    assert cluster.as_n8n("LRANGE", "{bull}:jobs:restart", "0", "-1").split() == ["1", "2", "3"]


def test_six_nodes_killed_at_once_heal_in_whatever_order_they_come_back(cluster: Machines) -> None:
    cluster.kill(*PODS)
    cluster.start(*PODS[3:])
    cluster.start(*PODS[:3])
    eventually(cluster.is_as_declared, "the cluster is whole again", seconds=45)


def test_what_a_script_has_written_is_there_after_all_six_nodes_were_killed(
    cluster: Machines,
) -> None:
    # Two writes of one script are a transaction in the append-only file, as all of Bull's are.
    script = "redis.call('RPUSH', KEYS[1], '1') return redis.call('RPUSH', KEYS[1], '2')"
    assert cluster.as_n8n("EVAL", script, "1", "{bull}:jobs:scripted") == "2"

    cluster.kill(*PODS)
    cluster.start(*PODS)

    eventually(cluster.is_as_declared, "the cluster is whole again", seconds=45)
    assert cluster.as_n8n("LRANGE", "{bull}:jobs:scripted", "0", "-1").split() == ["1", "2"]


def test_a_lost_master_is_replaced_from_another_zone_and_takes_its_shard_back_when_it_returns(
    cluster: Machines,
) -> None:
    assert cluster.as_n8n("SET", "{bull}:jobs:survivor", "here") == "OK"
    cluster.kill(_SHARD.master)
    eventually(
        lambda: cluster.roles(_SHARD.replica).get(_SHARD.replica) == "master",
        "the replica is elected",
        seconds=30,
    )
    eventually(
        lambda: cluster.command(_SHARD.replica, "CLUSTER", "INFO").find("cluster_state:ok") >= 0,
        "the others agree",
        seconds=10,
    )
    assert cluster.as_n8n("SET", "{bull}:jobs:later", "written while it was away") == "OK"

    cluster.start(_SHARD.master)

    eventually(cluster.is_as_declared, "the mastership is back in its zone", seconds=30)
    assert cluster.as_n8n("GET", "{bull}:jobs:survivor") == "here"
    assert cluster.as_n8n("GET", "{bull}:jobs:later") == "written while it was away"


def test_a_node_that_lost_its_volume_joins_again_and_its_old_self_is_forgotten(
    cluster: Machines,
) -> None:
    assert cluster.as_n8n("SET", "{bull}:jobs:copied", "back") == "OK"
    old = next(node.id for node in cluster.nodes(PODS[0]) if node.pod == _SHARD.master)
    cluster.kill(_SHARD.master)
    data = Path(cluster.pods[_SHARD.master].directories.data)
    shutil.rmtree(data)
    data.mkdir()

    cluster.start(_SHARD.master)

    eventually(cluster.is_as_declared, "the new node has the old one's place", seconds=45)
    for name in PODS:
        assert old not in {node.id for node in cluster.nodes(name)}
    assert cluster.as_n8n("GET", "{bull}:jobs:copied") == "back"


def test_a_planned_stop_of_a_master_loses_no_acknowledged_write(cluster: Machines) -> None:
    acknowledged: list[str] = []
    stopped = threading.Event()

    def write() -> None:
        for number in range(100_000):
            if stopped.is_set():
                return
            if cluster.as_n8n("RPUSH", _QUEUE, str(number)).isdigit():
                acknowledged.append(str(number))

    cluster.as_n8n("DEL", _QUEUE)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: len(acknowledged) > 20, "writes flow", seconds=10)
        cluster.stop(_SHARD.master)
        assert cluster.roles(_SHARD.replica)[_SHARD.replica] == "master"
        written = len(acknowledged)
        eventually(lambda: len(acknowledged) > written + 20, "writes go on", seconds=10)
    finally:
        stopped.set()
        writer.join()
    kept = cluster.as_n8n("LRANGE", _QUEUE, "0", "-1").split()
    assert set(acknowledged) <= set(kept)
    cluster.start(_SHARD.master)


def test_a_stop_without_a_replica_to_hand_over_to_does_not_wait(cluster: Machines) -> None:
    cluster.kill(_SHARD.replica)
    eventually(
        lambda: _SHARD.replica not in cluster.roles(_SHARD.master),
        "the replica counts as lost",
        seconds=20,
    )
    outcome = cluster.run(_SHARD.master, "hand-over")
    assert outcome.returncode == 0
    assert "no replica" in outcome.stdout
    assert cluster.roles(_SHARD.master)[_SHARD.master] == DECLARED[_SHARD.master]
    cluster.start(_SHARD.replica)
