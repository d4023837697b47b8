"""The exporter beside a node: the real one, with its real flags, asks real Redis over TLS.

It is Debian's, older than what is deployed: 1.45. It finds the node's name in a hosts file of its
own, as in a pod.
"""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ai_gateway.trial import free_port
from alerts import stores
from components.redis.exporter import arguments
from dashboards.redis import BOARD
from local.toolchain import debian
from local.toolchain.debian import Debian
from tests.redis.binaries import Redis
from tests.redis.machines import DOMAIN, N8N_PASSWORD, PODS, SHARDS, Machines, Pod, machines
from tests.waiting import eventually

_WITH_HOSTS = 'mount --bind "$HOSTS_TABLE" /etc/hosts && exec "$@"'

_METRIC = re.compile(r"\bredis_\w+")

Scrape = Callable[[], Mapping[str, float]]
"""What it says now: each sample's value by its name with its labels, as it is written."""


@pytest.fixture(scope="session")
def exporter() -> Debian:
    """Debian's redis_exporter."""
    return debian.fetch("prometheus-redis-exporter", report=lambda _: None)


def _command(packages: Debian, pod: Pod, port: int, *, tls: bool = True) -> list[str]:
    flags = arguments(tls=tls, domain=DOMAIN, directories=pod.directories)
    return [
        *("unshare", "--user", "--map-root-user", "--mount"),
        *("sh", "-c", _WITH_HOSTS, "sh", str(packages.program("prometheus-redis-exporter"))),
        *(flag.replace("$(POD_NAME)", pod.name) for flag in flags),
        # Of two, the last one counts.
        f"--web.listen-address=127.0.0.1:{port}",
    ]


@contextmanager
def _beside(site: Machines, name: str, packages: Debian, *, tls: bool = True) -> Iterator[Scrape]:
    """Run the exporter of a pod that is there."""
    pod, port = site.pods[name], free_port()
    process = subprocess.Popen(
        _command(packages, pod, port, tls=tls),
        env={**site.environment(pod), **packages.environment()},
        stdin=subprocess.DEVNULL,
    )

    def scrape() -> Mapping[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            lines: list[str] = answer.read().decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def answers() -> bool:
        assert process.poll() is None, "it has ended"
        try:
            return bool(scrape())
        except urllib.error.URLError:
            return False

    try:
        eventually(answers, "the exporter answers", seconds=20)
        yield scrape
    finally:
        process.terminate()
        process.wait(20)


def _asked() -> set[str]:
    """The metrics that alerts and the dashboard ask for."""
    asked = [each.expr for each in stores.ALERTS]
    asked += [query.expr for row in BOARD.rows for panel in row.panels for query in panel.queries]
    return {metric for expr in asked for metric in _METRIC.findall(expr)}


def _password(site: Machines, name: str) -> str:
    folder = Path(site.pods[name].directories.exporter)
    [password] = set(json.loads((folder / "passwords.json").read_text()).values())
    return password


def _as_exporter(site: Machines, words: Sequence[str], *, password: str | None = None) -> str:
    """The reply of the first node to its own exporter's user."""
    password = password or _password(site, PODS[0])
    return site.command(PODS[0], *words, user="exporter", password=password)


def test_a_node_s_exporter_delivers_what_alerts_and_the_dashboard_ask_for(
    steady_cluster: Machines, exporter: Debian
) -> None:
    with _beside(steady_cluster, SHARDS[0].master, exporter) as scrape:
        said = scrape()
    assert _asked()
    assert _asked() <= {sample.partition("{")[0] for sample in said}
    assert said["redis_up"] == 1
    assert said["redis_cluster_slots_ok"] == 16384
    assert said["redis_connected_slaves"] == 1
    [instance] = [sample for sample in said if sample.startswith("redis_instance_info{")]
    assert 'role="master"' in instance
    assert N8N_PASSWORD not in str(said)


def test_a_node_refuses_the_password_of_another_node_s_exporter(steady_cluster: Machines) -> None:
    assert "# Server" in _as_exporter(steady_cluster, ("INFO",))
    other = _password(steady_cluster, PODS[1])
    assert "NOAUTH" in _as_exporter(steady_cluster, ("INFO",), password=other)


@pytest.mark.parametrize(
    "words",
    [
        ("GET", "{bull}:jobs:wait"),
        ("LLEN", "{bull}:jobs:wait"),
        ("SCAN", "0"),
        ("FLUSHALL",),
        ("CONFIG", "SET", "appendonly", "no"),
        ("CONFIG", "GET", "masterauth"),
        ("SLOWLOG", "GET", "1"),
        ("SLOWLOG", "RESET"),
        ("LATENCY", "RESET"),
        ("CLIENT", "LIST"),
        ("CLUSTER", "NODES"),
        ("CLUSTER", "FAILOVER"),
        ("ACL", "LIST"),
        ("MONITOR",),
    ],
    ids=" ".join,
)
def test_its_user_can_neither_see_nor_change_anything_else(
    steady_cluster: Machines, words: tuple[str, ...]
) -> None:
    assert "NOPERM" in _as_exporter(steady_cluster, words)


def test_only_the_pod_s_own_user_reads_its_password(steady_cluster: Machines) -> None:
    for file in Path(steady_cluster.pods[PODS[0]].directories.exporter).iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_it_logs_in_without_tls_too(redis: Redis, exporter: Debian, tmp_path: Path) -> None:
    with machines(redis, tmp_path, tls=False) as site:
        site.start(PODS[0])
        with _beside(site, PODS[0], exporter, tls=False) as scrape:
            assert scrape()["redis_up"] == 1


def test_it_logs_in_while_passwords_are_rotated_and_when_redis_starts_again(
    site: Machines, exporter: Debian
) -> None:
    name = PODS[0]
    site.start(name)
    with _beside(site, name, exporter) as scrape:
        assert scrape()["redis_up"] == 1

        site.secret |= {"next-password": "N", "previous-password": N8N_PASSWORD}
        site.renew_passwords(name)
        eventually(
            lambda: site.run(name, "passwords").stdout == "n8n next\ncluster settled\n",
            "the keeper has told Redis",
            seconds=15,
        )
        assert scrape()["redis_up"] == 1

        site.kill(name)
        assert scrape()["redis_up"] == 0
        site.start(name)
        assert scrape()["redis_up"] == 1


def test_an_exporter_that_is_there_before_its_password_ends_and_so_is_started_again(
    site: Machines, exporter: Debian
) -> None:
    site.start(PODS[0])
    pod = site.pods[PODS[0]]
    (Path(pod.directories.exporter) / "passwords.json").unlink()
    ended = subprocess.run(
        _command(exporter, pod, free_port()),
        env={**site.environment(pod), **exporter.environment()},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode != 0
    assert "passwords.json" in ended.stderr
