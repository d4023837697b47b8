"""The whole way of a call on this machine: router, Portkey's gateway, and stub providers.

Router and gateway are the real ones, as processes of their own. The providers are stubs, because
real ones cost money and answer differently each time; they speak OpenAI's and Anthropic's formats.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from ai_gateway.document import Document
from ai_gateway.stubs import Stubs
from local.images import npm
from local.images.layers import key
from local.toolchain import cache

REPOSITORY = Path(__file__).parents[1]
LOOPBACK = REPOSITORY / "ai_gateway" / "image" / "loopback.cjs"

_PACKAGES = REPOSITORY / "local" / "images" / "files" / "ai-gateway"
_PROGRAM = "node_modules/@portkey-ai/gateway/build/start-server.js"
_HOST = "127.0.0.1"
_START_SECONDS = 30
_STOP_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process that listens.

    Attributes:
        url: of its listener.
        metrics_url: of the listener for metrics; the gateway has none.
        process: the process.
        log: the file with all that it said.
    """

    url: str
    metrics_url: str = ""
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """All that it said so far."""
        return self.log.read_text(errors="replace")

    def metrics(self) -> str:
        """The metrics that it has now, in Prometheus' text format."""
        with request(self.metrics_url, "/metrics") as answer:
            return answer.read().decode()


def free_port() -> int:
    """A port of the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return probe.getsockname()[1]


def packages(report: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with Portkey's gateway, from the cache or else installed with npm.

    Raises:
        LocalError: npm failed.
    """
    folder = cache.root() / f"ai-gateway-{key(npm.inputs(_PACKAGES))}"
    with cache.filling(folder) as partial:
        if partial is not None:
            npm.install(_PACKAGES, partial, report)
    return folder


@contextmanager
def gateway(*, trusted_hosts: str = _HOST) -> Iterator[Running]:
    """Portkey's gateway, started as its container starts it."""
    port = free_port()
    command = (
        *(npm.NODE, "--require", LOOPBACK, packages() / _PROGRAM),
        *("--headless", f"--port={port}"),
    )
    environment = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": trusted_hosts}
    with _process(command, environment) as (process, log):
        running = Running(url=f"http://{_HOST}:{port}", process=process, log=log)
        _until_answers("/", running)
        yield running


@contextmanager
def router(
    document: Document,
    keys: Path,
    *,
    timeout_seconds: float = 30,
    grace_seconds: float = 10,
) -> Iterator[Running]:
    """The router of a document.

    Args:
        document: as the program would mount it.
        keys: folder of the providers' keys.
        timeout_seconds: see its argument.
        grace_seconds: see its argument.
    """
    port, metrics_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "routing.json"
        file.write_text(document.to_json())
        command = (
            *(sys.executable, "-m", "ai_gateway.router", "--document", file, "--keys", keys),
            *("--listen", f"{_HOST}:{port}", "--metrics", f"{_HOST}:{metrics_port}"),
            *("--timeout-seconds", str(timeout_seconds), "--grace-seconds", str(grace_seconds)),
        )
        with _process(command, {"PYTHONPATH": str(REPOSITORY)}) as (process, log):
            running = Running(
                url=f"http://{_HOST}:{port}",
                metrics_url=f"http://{_HOST}:{metrics_port}",
                process=process,
                log=log,
            )
            _until_answers("/v1/models", running)
            yield running


def towards(document: Document, *, upstream: str, stubs: Stubs) -> Document:
    """The document with the gateway at `upstream`, and the stubs in the place of providers."""
    return replace(
        document,
        upstream=upstream,
        tiers={name: _towards(tier, stubs) for name, tier in document.tiers.items()},
    )


def _towards(config: Mapping[str, Any], stubs: Stubs) -> dict[str, Any]:
    changed = dict(config)
    if "provider" in config:
        changed["custom_host"] = stubs.host(config["provider"])
    if "targets" in config:
        changed["targets"] = [_towards(target, stubs) for target in config["targets"]]
    return changed


@contextmanager
def _process(
    command: tuple[str | Path, ...], environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = _start(command, environment, log)
        try:
            yield process, Path(log.name)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(
    command: tuple[str | Path, ...], environment: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # It ends with this process, however that ends.
        ("setpriv", "--pdeathsig", "KILL", *command),
        env={"PATH": os.environ["PATH"], **environment},
        cwd=tempfile.gettempdir(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def _until_answers(path: str, running: Running) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            with request(running.url, path):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{running.url} does not answer. It said:\n{running.said()[-2000:]}")


@contextmanager
def request(
    url: str,
    path: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET, or to a POST where there is a body, whatever its status."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port or 0, timeout=timeout
    )
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        yield connection.getresponse()
    finally:
        connection.close()


def call(url: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and answer of a call to a router."""
    with request(url, "/v1/chat/completions", json.dumps(body).encode()) as answer:
        return answer.status, json.load(answer)
