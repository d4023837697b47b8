"""The real exporters, beside servers that live as long as a recording.

Redis and PostgreSQL are Debian's, without TLS and passwords, on loopback: metrics' names and labels
do not depend on those. What the blackbox exporter asks is a server of the tests with TLS, whose
certificate lasts as long as those that Pulumi makes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ai_gateway.trial import free_port
from local.progress import Steps
from local.toolchain import debian, pins, resolve
from local.toolchain.debian import Debian
from tests.monitoring import binaries, blackbox, tls
from tests.monitoring.tls import Authority

WAITING = "{bull}:jobs:wait"
"""The list of n8n's jobs that no worker has yet."""

_POSTGRES = "usr/lib/postgresql/15/bin"
_SECONDS = 30
_CERTIFICATE = timedelta(days=365)

_OTHER_SETTING = re.compile(r"\bpg_settings_(?!max_connections\b)")
"""The exporter has a metric for each of some 300 settings: one of them matters to an alert."""

Report = Callable[[str], None]


def redis(report: Report) -> tuple[str, str]:
    """The exporter's name and version, and what it says of a master with a replica.

    The two are a whole cluster with ten jobs waiting.
    """
    packages = debian.fetch("prometheus-redis-exporter", "redis-server", report=report)
    exporter = packages.program("prometheus-redis-exporter")
    report("a Redis Cluster of two nodes, and redis_exporter")
    with ExitStack() as running:
        folder = running.enter_context(_folder())
        (master, bus), (replica, _) = (
            running.enter_context(_redis(packages, folder)) for _ in range(2)
        )
        said = _redis_cli(packages)
        said(master, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        said(replica, "CLUSTER", "MEET", "127.0.0.1", str(master), str(bus))
        _until(lambda: "cluster_known_nodes:2" in said(replica, "CLUSTER", "INFO"))
        _until(lambda: "cluster_state:ok" in said(replica, "CLUSTER", "INFO"))
        said(replica, "CLUSTER", "REPLICATE", said(master, "CLUSTER", "MYID"))
        _until(lambda: "state=online" in said(master, "INFO", "replication"))
        said(master, "RPUSH", WAITING, *map(str, range(10)))
        port = free_port()
        command = (
            *(exporter, "--is-cluster", f"--redis.addr=redis://127.0.0.1:{master}"),
            *(f"--web.listen-address=127.0.0.1:{port}", f"--check-single-keys={WAITING}"),
        )
        text = running.enter_context(_exporter(command, packages.environment(), port))
        found = re.search(r'redis_exporter_build_info\{.*version="([^"]+)"', text)
        text = text.replace(f":{master}", ":6379").replace(f":{replica}", ":6379")
        text = text.replace(f'"{replica}"', '"6379"').replace(f'"{master}"', '"6379"')
        # The kernel of the machine that records.
        text = re.sub(r'\bos="[^"]*"', 'os="Linux"', text)
        return f"redis_exporter {found[1] if found else 'unknown'}", text


def postgres(report: Report) -> tuple[str, str]:
    """The exporter's name and version, and what it says of a server with a database `n8n`."""
    packages = debian.fetch("postgresql-15", report=report)
    exporter = _postgres_exporter()
    report("a PostgreSQL, and postgres_exporter")
    with ExitStack() as running:
        folder = running.enter_context(_folder())
        port, server = free_port(), running.enter_context(_postgres(packages, folder))
        command = (exporter, f"--web.listen-address=127.0.0.1:{port}")
        name = f"postgresql://postgres@127.0.0.1:{server}/n8n?sslmode=disable"
        text = running.enter_context(_exporter(command, {"DATA_SOURCE_NAME": name}, port))
        said = subprocess.run((exporter, "--version"), capture_output=True, text=True, check=True)
        version = (said.stdout or said.stderr).split()[2].rstrip(",")
        kept = [line for line in text.splitlines() if not _OTHER_SETTING.search(line)]
        return f"postgres_exporter {version}", "\n".join(kept).replace(f":{server}", ":5432")


def probe(module: str, report: Report) -> tuple[str, str]:
    """The blackbox exporter's name and version, and what it says of a target that is well."""
    report("a server with TLS, and blackbox_exporter")
    with ExitStack() as running:
        folder, authority = running.enter_context(_folder()), Authority()
        exporter = running.enter_context(blackbox.running(folder, authority))
        certificate = folder / "server.pem"
        authority.issue(certificate, ends=datetime.now(UTC) + _CERTIFICATE)
        address = running.enter_context(tls.server(certificate, blackbox.N8N.get(module)))
        path = blackbox.PATHS.get(module)
        text = exporter.probe(module, f"https://{address}{path}" if path else address)
    said = subprocess.run(
        (binaries.blackbox_exporter(), "--version"), capture_output=True, text=True, check=True
    )
    version = (said.stdout or said.stderr).split()[2].rstrip(",")
    return f"blackbox_exporter {version}, module {module}", text


def _postgres_exporter() -> Path:
    tool = pins.POSTGRES_EXPORTER_TOOL
    programs = resolve.locate(tool) or resolve.install([tool], Steps())[tool.name]
    return programs["postgres-exporter"]


@contextmanager
def _redis(packages: Debian, folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of a node and of its cluster bus."""
    port, bus = free_port(), free_port()
    data = folder / str(port)
    data.mkdir()
    command = (
        *(packages.program("redis-server"), "--port", str(port), "--bind", "127.0.0.1"),
        *("--cluster-enabled", "yes", "--cluster-port", str(bus), "--dir", data),
        *("--appendonly", "yes", "--save", "", "--maxmemory", "64mb"),
    )
    with _process(command, packages.environment()):
        _until(lambda: _redis_cli(packages)(port, "PING") == "PONG")
        yield port, bus


def _redis_cli(packages: Debian) -> Callable[..., str]:
    def said(port: int, *words: str) -> str:
        return subprocess.run(
            (packages.program("redis-cli"), "-p", str(port), *words),
            env=packages.environment(),
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()

    return said


@contextmanager
def _postgres(packages: Debian, folder: Path) -> Iterator[int]:
    # PostgreSQL refuses to run as root. In a user namespace it is somebody else who owns the same
    # files.
    rights = ("unshare", "--user") if os.geteuid() == 0 else ()
    programs, environment = packages.root / _POSTGRES, packages.environment()
    data, port = folder / "data", free_port()
    server = ("-D", data, "-k", folder, "-h", "127.0.0.1", "-p", str(port))
    initialise = (programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust")
    subprocess.run(
        (*rights, *initialise), env=environment, cwd=folder, capture_output=True, check=True
    )
    asked = (programs / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres")

    def created() -> bool:
        command = (*asked, "-c", "CREATE DATABASE n8n")
        said = subprocess.run(command, env=environment, capture_output=True, check=False)
        return said.returncode == 0

    with _process((*rights, programs / "postgres", *server), environment):
        _until(created)
        yield port


@contextmanager
def _exporter(
    command: Sequence[str | Path], environment: Mapping[str, str], port: int
) -> Iterator[str]:
    with _process(command, environment):
        texts: list[str] = []

        def answered() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as said:
                    texts.append(said.read().decode())
            except urllib.error.URLError:
                return False
            return True

        _until(answered)
        # The first answer has no sample of what the exporter counts about itself.
        _until(answered)
        yield texts[-1]


@contextmanager
def _process(command: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        # It ends with this process, however that ends.
        ("setpriv", "--pdeathsig", "KILL", *command),
        env={"PATH": os.environ["PATH"], **environment},
        cwd=tempfile.gettempdir(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(_SECONDS)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"a server of the recording is not ready after {_SECONDS} s")
        time.sleep(0.1)
