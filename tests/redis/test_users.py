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


def test_n8n_works_on_its_queue(steady_cluster: Machines) -> None:
    steady_cluster.as_n8n("DEL", "{bull}:jobs:in", "{bull}:jobs:active")
    assert steady_cluster.as_n8n("LPUSH", "{bull}:jobs:in", "job-1") == "1"
    keys = ("{bull}:jobs:in", "{bull}:jobs:active", "{bull}:jobs:1")
    assert steady_cluster.as_n8n("EVAL", _MOVE_TO_ACTIVE, "3", *keys) == "job-1"
    assert steady_cluster.as_n8n("HGET", "{bull}:jobs:1", "state") == "active"
    script = steady_cluster.as_n8n("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")
    assert steady_cluster.as_n8n("EVALSHA", script, "1", "{bull}:jobs:none") == ""
    assert (
        steady_cluster.as_n8n("BRPOPLPUSH", "{bull}:jobs:active", "{bull}:jobs:in", "1") == "job-1"
    )


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
def test_n8n_may(steady_cluster: Machines, words: tuple[str, ...]) -> None:
    assert "NOPERM" not in steady_cluster.as_n8n(*words)


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
        ("SCAN", "0"),
        ("MONITOR",),
        ("GET", "another-application"),
        ("EVAL", "return redis.call('GET', 'another-application')", "0"),
        ("PUBLISH", "another-application", "hello"),
    ],
    ids=" ".join,
)
def test_n8n_may_not(steady_cluster: Machines, words: tuple[str, ...]) -> None:
    reply = steady_cluster.as_n8n(*words)
    # The first is for a command, the others for a key or a channel inside a script: 7.0, then 7.2.
    assert any(
        refusal in reply for refusal in ("NOPERM", "can't access at least one", "ACL failure")
    ), reply


@pytest.mark.parametrize(
    ("listen", "channel"),
    [
        (("SUBSCRIBE", "n8n:n8n.commands"), "n8n:n8n.commands"),
        (("SUBSCRIBE", "{bull}:jobs:progress"), "{bull}:jobs:progress"),
        (("PSUBSCRIBE", "{bull}:jobs:waiting*"), "{bull}:jobs:waiting@token"),
    ],
    ids=["n8n's commands", "one of Bull's events", "all of a kind of Bull's events"],
)
def test_n8n_hears_what_it_publishes(
    steady_cluster: Machines, listen: tuple[str, ...], channel: str
) -> None:
    listener = subprocess.Popen(
        [*steady_cluster.client(PODS[1], "n8n"), *listen],
        env={
            **steady_cluster.environment(steady_cluster.pods[PODS[1]]),
            "REDISCLI_AUTH": N8N_PASSWORD,
        },
        stdout=subprocess.PIPE,
    )
    try:
        assert listener.stdout is not None
        # The confirmation: subscribe or psubscribe, the channel, how many there are now.
        confirmed = [listener.stdout.readline().decode().strip() for _ in range(3)]
        assert confirmed == [listen[0].lower(), listen[1], "1"]
        # Through another node: the bus carries messages to all.
        steady_cluster.command(
            PODS[4], "PUBLISH", channel, "hello", user="n8n", password=N8N_PASSWORD
        )
        while line := listener.stdout.readline():
            if line.strip() == b"hello":
                return
        pytest.fail("the connection was closed before the message came")
    finally:
        listener.kill()
        listener.communicate()


def test_nobody_gets_in_without_a_user_and_its_password(steady_cluster: Machines) -> None:
    assert "NOAUTH" in steady_cluster.command(PODS[0], "PING", password="")
    for user in ("default", "cluster", "keeper", "somebody"):
        assert "NOAUTH" in steady_cluster.command(PODS[0], "PING", user=user, password=N8N_PASSWORD)
    assert "NOAUTH" in steady_cluster.command(PODS[0], "PING", user="keeper")


@pytest.mark.parametrize(
    "words",
    [
        ("GET", "{bull}:jobs:wait"),
        ("FLUSHALL",),
        ("CLUSTER", "RESET", "HARD"),
        ("CLUSTER", "DELSLOTS", "1"),
        ("CONFIG", "SET", "appendonly", "no"),
        ("ACL", "SETUSER", "cluster", "+@all"),
    ],
    ids=" ".join,
)
def test_a_node_s_own_user_can_neither_read_nor_wipe(
    steady_cluster: Machines, words: tuple[str, ...]
) -> None:
    assert "NOPERM" in steady_cluster.command(PODS[0], *words)


def test_a_node_s_keeper_cannot_log_in_to_another_node(steady_cluster: Machines) -> None:
    def own(name: str) -> str:
        return (Path(steady_cluster.pods[name].directories.run) / "keeper-password").read_text()

    words = ("ACL", "GETUSER", "n8n")
    assert "passwords" in steady_cluster.command(
        PODS[0], *words, user="keeper", password=own(PODS[0])
    )
    assert "NOAUTH" in steady_cluster.command(PODS[0], *words, user="keeper", password=own(PODS[1]))


def test_no_password_is_in_an_argument_an_environment_or_the_configuration(
    steady_cluster: Machines,
) -> None:
    eventually(lambda: steady_cluster.probe(PODS[0], "ready"), "a probe has run")
    pod = steady_cluster.pods[PODS[0]]
    for process in pod.processes:
        for what in ("cmdline", "environ"):
            shown = Path(f"/proc/{process.pid}/{what}").read_bytes().decode()
            assert CLUSTER_PASSWORD not in shown
            assert N8N_PASSWORD not in shown
    for file in Path(pod.directories.configuration).iterdir():
        assert CLUSTER_PASSWORD not in file.read_text()
    users = (Path(pod.directories.run) / "users.acl").read_text()
    assert CLUSTER_PASSWORD not in users
    assert N8N_PASSWORD not in users
