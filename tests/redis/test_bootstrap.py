"""The bootstrap Job: it makes a cluster of six empty nodes, once, and never of what holds data."""

from pathlib import Path

import pytest

from tests.redis.binaries import Redis
from tests.redis.machines import DECLARED, N8N_PASSWORD, PODS, SHARDS, Machines, machines
from tests.waiting import eventually

_REFUSED = 3


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_masters_and_replicas_are_where_the_topology_says(
    redis: Redis, tmp_path: Path, tls: bool
) -> None:
    with machines(redis, tmp_path, tls=tls) as site:
        site.start(*PODS)
        assert all(site.probe(name, "ready") for name in PODS), "a new node must not wait to be met"

        outcome = site.bootstrap()

        assert outcome.returncode == 0, outcome.stdout
        assert {name: site.roles(name) for name in PODS} == dict.fromkeys(PODS, DECLARED)
        assert {node.pod: node.slots for node in site.nodes(PODS[0]) if node.is_master} == {
            shard.master: f"{shard.slots[0]}-{shard.slots[1]}" for shard in SHARDS
        }


def test_a_second_bootstrap_changes_nothing(cluster: Machines) -> None:
    def state() -> dict[str, tuple[str, str, str, str]]:
        return {
            node.pod: (node.id, node.master, node.epoch, node.slots)
            for node in cluster.nodes(PODS[0])
        }

    before = state()
    outcome = cluster.bootstrap()
    assert outcome.returncode == 0, outcome.stdout
    assert "there is a cluster already" in outcome.stdout
    assert state() == before


@pytest.mark.parametrize("shards_done", [1, 3], ids=["with slots left", "with replicas left"])
def test_an_interrupted_bootstrap_is_continued(site: Machines, shards_done: int) -> None:
    site.start(*PODS)
    for shard in SHARDS[:shards_done]:
        site.command(shard.master, "CLUSTER", "ADDSLOTSRANGE", *map(str, shard.slots))
        site.command(SHARDS[0].master, "CLUSTER", "MEET", site.pods[shard.master].ip, "6379")
    eventually(
        lambda: sum(node.is_master for node in site.nodes(SHARDS[0].master)) == shards_done,
        "the masters know each other",
        seconds=20,
    )

    outcome = site.bootstrap()

    assert outcome.returncode == 0, outcome.stdout
    assert site.roles(PODS[0]) == DECLARED


def test_a_node_that_holds_data_is_never_made_part_of_a_new_cluster(site: Machines) -> None:
    site.start(*PODS)
    holder = SHARDS[0]
    site.command(holder.master, "CLUSTER", "ADDSLOTSRANGE", *map(str, holder.slots))
    key = _key_in(site, holder.slots)
    eventually(lambda: _set(site, holder.master, key) == "OK", "the node takes a key", seconds=10)
    before = {name: site.command(name, "CLUSTER", "NODES").count("\n") for name in PODS}

    outcome = site.bootstrap()

    assert outcome.returncode == _REFUSED
    assert f"{holder.master} holds 1 keys" in outcome.stdout
    assert site.command(holder.master, "DBSIZE") == "1"
    assert {name: site.command(name, "CLUSTER", "NODES").count("\n") for name in PODS} == before
    assert site.command(SHARDS[1].master, "CLUSTER", "INFO").count("cluster_slots_assigned:0") == 1


def test_a_node_without_an_answer_is_waited_for_and_named(site: Machines) -> None:
    site.start(*PODS[:-1])
    outcome = site.bootstrap(seconds=1)
    assert outcome.returncode == 1
    assert f"gave up waiting: {PODS[-1]} has no address" in outcome.stdout


def _key_in(site: Machines, slots: tuple[int, int]) -> str:
    keys = (f"n8n:{number}" for number in range(1000))
    return next(
        key for key in keys if slots[0] <= int(_as_n8n(site, "CLUSTER", "KEYSLOT", key)) <= slots[1]
    )


def _set(site: Machines, pod: str, key: str) -> str:
    return site.command(pod, "SET", key, "kept", user="n8n", password=N8N_PASSWORD)


def _as_n8n(site: Machines, *words: str) -> str:
    return site.command(PODS[0], *words, user="n8n", password=N8N_PASSWORD)
