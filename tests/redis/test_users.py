"""Who may do what: n8n with its own keys, the nodes with each other, nobody else."""

import subprocess
from pathlib import Path

import pytest

from tests.redis.machines import CLUSTER_PASSWORD, N8N_PASSWORD, PODS, Machines
from tests.waiting import eventually

# The shape of Bull's scripts: several keys of one slot, and an event published to the workers.
_MOVE_TO_ACTIVE = """\
local job = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[3], 'state', 'active')
redis.call('PUBLISH', KEYS[3], job)
return job
"""


def test_n8n_works_on_its_queue(cluster: Machines) -> None:
    cluster.as_n8n("DEL", "{bull}:jobs:in", "{bull}:jobs:active")
    assert cluster.as_n8n("LPUSH", "{bull}:jobs:in", "job-1") == "1"
    keys = ("{bull}:jobs:in", "{bull}:jobs:active", "{bull}:jobs:1")
    assert cluster.as_n8n("EVAL", _MOVE_TO_ACTIVE, "3", *keys) == "job-1"
    assert cluster.as_n8n("HGET", "{bull}:jobs:1", "state") == "active"
    script = cluster.as_n8n("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")
    assert cluster.as_n8n("EVALSHA", script, "1", "{bull}:jobs:none") == ""
    assert cluster.as_n8n("BRPOPLPUSH", "{bull}:jobs:active", "{bull}:jobs:in", "1") == "job-1"


@pytest.mark.parametrize(
    "words",
    [
        ("SET", "{n8n:cache}:variables", "1", "PX", "1000"),
        ("SET", "{n8n}:main_instance_leader", "main", "EX", "10", "NX"),
        ("SET", "n8n:{instance:}x", "1"),
        ("INFO", "server"),
        ("CLUSTER", "SLOTS"),
        ("CLIENT", "SETNAME", "bull:am9icw=="),
    ],
    ids=" ".join,
)
def test_n8n_may(cluster: Machines, words: tuple[str, ...]) -> None:
    assert "NOPERM" not in cluster.as_n8n(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("CLUSTER", "RESET"),
        ("CLUSTER", "FAILOVER"),
        ("REPLICAOF", "NO", "ONE"),
        ("SCRIPT", "FLUSH"),
        ("FUNCTION", "FLUSH"),
        ("MONITOR",),
        ("GET", "another-application"),
        ("EVAL", "return redis.call('GET', 'another-application')", "0"),
        ("PUBLISH", "another-application", "hello"),
    ],
    ids=" ".join,
)
def test_n8n_may_not(cluster: Machines, words: tuple[str, ...]) -> None:
    reply = cluster.as_n8n(*words)
    assert "NOPERM" in reply or "ACL failure" in reply or "no permissions" in reply, reply


def test_n8n_hears_what_it_publishes(cluster: Machines) -> None:
    listener = subprocess.Popen(
        [*cluster.client(PODS[1], "n8n"), "PSUBSCRIBE", "n8n:n8n.commands", "{bull}:jobs:*"],
        env={**cluster.environment(cluster.pods[PODS[1]]), "REDISCLI_AUTH": N8N_PASSWORD},
        stdout=subprocess.PIPE,
    )
    try:
        assert listener.stdout is not None
        said = b""
        # A reply for each of the two patterns: type, pattern, number.
        for _ in range(6):
            said += listener.stdout.readline()
        assert b"NOPERM" not in said
        # Through another node: the bus carries messages to all.
        cluster.command(
            PODS[4], "PUBLISH", "n8n:n8n.commands", "reload", user="n8n", password=N8N_PASSWORD
        )
        heard = [listener.stdout.readline().strip() for _ in range(4)]
        assert heard[-1] == b"reload"
    finally:
        listener.kill()
        listener.communicate()


def test_nobody_gets_in_without_a_user(cluster: Machines) -> None:
    assert "NOAUTH" in cluster.command(PODS[0], "PING", password="")
    assert "WRONGPASS" in cluster.command(PODS[0], "PING", user="default", password=N8N_PASSWORD)
    assert "WRONGPASS" in cluster.command(PODS[0], "PING", user="cluster", password=N8N_PASSWORD)


@pytest.mark.parametrize(
    "words",
    [
        ("GET", "{bull}:jobs:wait"),
        ("FLUSHALL",),
        ("CLUSTER", "RESET", "HARD"),
        ("CLUSTER", "DELSLOTS", "1"),
        ("CONFIG", "SET", "appendonly", "no"),
    ],
    ids=" ".join,
)
def test_a_node_s_own_user_can_neither_read_nor_wipe(
    cluster: Machines, words: tuple[str, ...]
) -> None:
    assert "NOPERM" in cluster.command(PODS[0], *words)


def test_no_password_is_in_an_argument_or_in_the_configuration(cluster: Machines) -> None:
    eventually(lambda: cluster.probe(PODS[0], "ready"), "a probe has run")
    pod = cluster.pods[PODS[0]]
    for process in pod.processes:
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        assert CLUSTER_PASSWORD not in arguments
        assert N8N_PASSWORD not in arguments
    for file in Path(pod.directories.configuration).iterdir():
        assert "password" not in file.name
        assert CLUSTER_PASSWORD not in file.read_text()
    users = (Path(pod.directories.run) / "users.acl").read_text()
    assert CLUSTER_PASSWORD not in users
    assert N8N_PASSWORD not in users
