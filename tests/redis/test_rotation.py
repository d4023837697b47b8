"""Both passwords are replaced while the cluster runs, and nobody who has either is ever refused."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import pytest

from tests.redis.binaries import Redis
from tests.redis.machines import (
    CLUSTER_PASSWORD,
    N8N_PASSWORD,
    PODS,
    SHARDS,
    Machines,
    machines,
)
from tests.waiting import eventually

_NEW_N8N = "n8n's #next password\n"
_NEW_CLUSTER = 'cluster > "next" \\ #password\n'

_STEPS = [
    (
        "next",
        {
            "previous-password": N8N_PASSWORD,
            "next-password": _NEW_N8N,
            "previous-cluster-password": CLUSTER_PASSWORD,
            "next-cluster-password": _NEW_CLUSTER,
        },
    ),
    ("switched", {"password": _NEW_N8N, "cluster-password": _NEW_CLUSTER}),
    ("settled", {"previous-password": _NEW_N8N, "previous-cluster-password": _NEW_CLUSTER}),
]
"""What each step writes into the Secret, and the word that every node then says of both users."""

_RESTARTED = (PODS[1], PODS[5])
"""Replicas, of which the first is among those that see each change first, the second is not."""


@pytest.fixture(scope="module")
def lonely(redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """One node that is part of no cluster; tests share it."""
    with machines(redis, tmp_path_factory.mktemp("redis")) as site:
        site.start(PODS[0])
        yield site


def _wait_for_word(site: Machines, names: Sequence[str], word: str) -> None:
    for name in names:
        eventually(
            lambda name=name: site.run(name, "passwords").stdout == f"n8n {word}\ncluster {word}\n",
            f"{name} says {word}",
            seconds=15,
        )


def _refusing(site: Machines) -> list[str]:
    """Nodes that refuse a password with which some node or keeper logs in now."""
    used = {pod.secret["cluster-password"] for pod in site.pods.values()}
    return [
        name
        for name, password in product(PODS, used)
        if site.command(name, "PING", password=password) != "PONG"
    ]


@contextmanager
def _reconnecting(site: Machines, password: str) -> Iterator[list[str]]:
    """A client of the queue that logs in anew for each write; what it is given are the replies."""
    replies: list[str] = []
    stopped = threading.Event()

    def write() -> None:
        while not stopped.is_set():
            replies.append(site.as_n8n("RPUSH", "{bull}:jobs:rotation", "job", password=password))

    client = threading.Thread(target=write)
    client.start()
    try:
        yield replies
    finally:
        stopped.set()
        client.join()


@contextmanager
def _connection(site: Machines, name: str) -> Iterator[Callable[[], str]]:
    """A connection of n8n that is opened now and stays; what is given sends PING over it."""
    client = subprocess.Popen(
        site.client(name, "n8n"),
        env={**site.environment(site.pods[name]), "REDISCLI_AUTH": N8N_PASSWORD},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    sent, received = client.stdin, client.stdout

    def ping() -> str:
        sent.write("PING\n")
        return received.readline().strip()

    try:
        yield ping
    finally:
        client.kill()
        client.communicate()


def _fail_over(site: Machines) -> None:
    """Lose a master and get it back; its replica takes over and hands back: both log in anew."""
    shard = SHARDS[0]
    site.kill(shard.master)
    eventually(
        lambda: site.roles(shard.replica).get(shard.replica) == "master",
        "the replica takes over",
        seconds=20,
    )
    site.start(shard.master)
    eventually(site.is_as_declared, "all nodes are in their places", seconds=30)


def _take_step(
    site: Machines,
    word: str,
    written: dict[str, str],
    *,
    in_between: Callable[[Machines], None] | None = None,
) -> None:
    """Write into the Secret; pods see it in two halves, and one of each is restarted in between."""
    site.secret.update(written)
    site.renew_passwords(*PODS[:3])
    assert not _refusing(site)
    _wait_for_word(site, PODS[:3], word)
    assert not _refusing(site)
    site.kill(*_RESTARTED)
    site.start(*_RESTARTED)
    eventually(
        site.is_as_declared, f"restarted nodes join while others wait for {word}", seconds=30
    )
    if in_between:
        in_between(site)
    site.renew_passwords(*PODS[3:])
    assert not _refusing(site)
    _wait_for_word(site, PODS[3:], word)
    assert not _refusing(site)


def test_both_passwords_are_replaced_and_nobody_is_refused(site: Machines) -> None:
    site.start(*PODS)
    assert site.bootstrap().returncode == 0
    queue = SHARDS[1].master
    with _connection(site, queue) as ping:
        assert ping() == "PONG"
        with _reconnecting(site, N8N_PASSWORD) as old:
            _take_step(site, *_STEPS[0])
            with _reconnecting(site, _NEW_N8N) as new:
                _take_step(site, *_STEPS[1], in_between=_fail_over)
        for replies in (old, new):
            assert [reply for reply in replies if reply.isdigit()]
            assert not [reply for reply in replies if "NOAUTH" in reply]

        _take_step(site, *_STEPS[2])

        assert ping() == "PONG", "Redis closes no connection when a password goes"
    for name in PODS:
        for user, password in (("n8n", N8N_PASSWORD), ("cluster", CLUSTER_PASSWORD)):
            assert "NOAUTH" in site.command(name, "PING", user=user, password=password)
        assert "PONG" in site.command(name, "PING", user="n8n", password=_NEW_N8N)
    _fail_over(site)


@pytest.mark.parametrize(
    ("present", "following", "previous", "word"),
    [
        ("O", "O", "O", "settled"),
        ("O", "", "", "settled"),
        ("O", None, None, "settled"),
        ("O", "N", "O", "next"),
        ("O", "N", "", "unordered"),
        ("O", "N", "older", "unordered"),
        ("N", "N", "O", "switched"),
        ("N", None, "O", "switched"),
        ("N", "N", "N", "settled"),
    ],
)
def test_a_node_says_how_far_a_rotation_has_come_and_accepts_what_it_says(
    lonely: Machines, present: str, following: str | None, previous: str | None, word: str
) -> None:
    keys = {"password": present, "next-password": following, "previous-password": previous}
    accepted = {password for password in keys.values() if password}
    lonely.secret = {
        "cluster-password": CLUSTER_PASSWORD,
        **{key: password for key, password in keys.items() if password is not None},
    }
    lonely.renew_passwords(PODS[0])
    eventually(
        lambda: lonely.run(PODS[0], "passwords").stdout == f"n8n {word}\ncluster settled\n",
        f"the node says {word}",
        seconds=10,
    )
    let_in = {
        password
        for password in ("O", "N", "older")
        if lonely.command(PODS[0], "PING", user="n8n", password=password) == "PONG"
    }
    assert let_in == accepted


def test_a_node_whose_keeper_has_not_looked_yet_says_so(site: Machines) -> None:
    site.start(PODS[0], keeper=False)
    assert site.run(PODS[0], "passwords").stdout == "n8n settled\ncluster settled\n"
    site.secret |= {"next-password": "N", "previous-password": N8N_PASSWORD}
    site.renew_passwords(PODS[0])
    assert site.run(PODS[0], "passwords").stdout == "n8n pending\ncluster settled\n"
    site.kill(PODS[0])
    outcome = site.run(PODS[0], "passwords")
    assert (outcome.returncode, outcome.stdout) == (1, "Redis does not answer\n")


@pytest.mark.parametrize("key", ["password", "cluster-password"])
def test_a_node_does_not_start_with_an_empty_password(site: Machines, key: str) -> None:
    site.secret[key] = ""
    site.renew_passwords(PODS[0])
    outcome = site.run(PODS[0], "start")
    assert outcome.returncode == 1
    assert "write both" in outcome.stdout
