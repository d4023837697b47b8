"""The one process that lets this machine into the cluster's network, and the other way round.

Real nodes have addresses of their own on a bridge. The front door forwards TCP connections from
an address where programs expect a service to the places that serve it, as a cloud's load balancer
does: it checks those places, and leaves out the ones that do not answer.
"""

from __future__ import annotations

import errno
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local import processes
from local.errors import LocalError
from local.progress import Step
from local.toolchain import envoy

Address = tuple[str, int]
"""An IPv4 address and a TCP port."""

# A place counts as lost after two checks in a row, so that a busy machine's late answer is not
# taken for one; until then, a connection that it does not accept in time goes to another one.
_CHECK_EVERY_SECONDS = 1
_CHECK_SECONDS = 2
_CHECKS_UNTIL_LOST = 2
_CONNECT_SECONDS = 1
_CONNECT_ATTEMPTS = 4

_START_SECONDS = 30
_POLL_SECONDS = 0.05
_LOG_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Connections to one address, and where they go."""

    name: str
    """What it is for: a word for the log, and for the error when its port is taken."""
    listen: Address
    """Where connections are taken; an address of this machine."""
    targets: Sequence[Address]
    """Where they go, in turn. Of several, those that do not answer are left out, and connections
    that they had are closed so that clients make new ones. A single one is not checked."""


class FrontDoor:
    """The front door whose files are in `directory`; a later run finds it there again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._configuration = self._directory / "front-door.yaml"
        self._log = self._directory / "front-door.log"

    def start(self, forwards: Sequence[Forward], step: Step) -> None:
        """Have it running with these forwards; one with others is replaced.

        Open connections survive if the forwards are the same as before, and are closed otherwise.

        Raises:
            LocalError: a port is taken, its address is not this machine's, or Envoy does not start.
        """
        wanted = yaml.safe_dump(_configuration(forwards), sort_keys=False)
        # Without its configuration it is one of a checkout that was deleted and made again.
        known = self._configuration.read_text() if self._configuration.is_file() else ""
        if self.running() and known == wanted:
            step.done("is running")
            return
        self.stop()
        for forward in forwards:
            _require_free(forward)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._configuration.write_text(wanted)
        step.detail("waiting for Envoy")
        self._launch(forwards)
        step.done(", ".join(f"{each.name} at {_text(each.listen)}" for each in forwards))

    def stop(self) -> None:
        """End it, if it runs.

        Raises:
            LocalError: it does not end.
        """
        for process in processes.stop(self._processes()):
            raise LocalError(f"The front door (process {process.pid}) would not end.")

    def running(self) -> bool:
        """Whether it runs."""
        return bool(self._processes())

    def _processes(self) -> list[processes.Process]:
        return processes.using(self._directory, [envoy.program().name])

    def _launch(self, forwards: Sequence[Forward]) -> None:
        command = (
            *(envoy.program(), "--config-path", self._configuration),
            # It has one small job, and no other Envoy to take over from.
            *("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
        )
        with self._log.open("w") as log:
            # In a session of its own, where Ctrl-C and a closed terminal do not reach it.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not all(_listens(forward.listen) for forward in forwards):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                lines = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
                raise LocalError("\n".join(["The front door does not start. Envoy says:", *lines]))
            time.sleep(_POLL_SECONDS)


def _require_free(forward: Forward) -> None:
    with socket.socket() as probe:
        # As a server: a port whose last connections are being closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(forward.listen)
        except OSError as error:
            host, port = forward.listen
            if error.errno == errno.EADDRINUSE:
                raise LocalError(
                    f"Another program listens on port {port} of {host}, which is needed for "
                    f"{forward.name}: end it (`ss -ltnp sport = :{port}` names it), then try again."
                ) from error
            raise LocalError(
                f"Nothing can listen on port {port} of {host} for {forward.name}: {error.strerror}."
            ) from error


def _listens(address: Address) -> bool:
    """Whether a server listens there, seen without a connection, which would reach a target."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return True
    return False


def _configuration(forwards: Sequence[Forward]) -> dict[str, Any]:
    """Envoy's configuration; without an admin interface."""
    return {
        "static_resources": {
            "listeners": [_listener(forward) for forward in forwards],
            "clusters": [_cluster(forward) for forward in forwards],
        }
    }


def _listener(forward: Forward) -> dict[str, Any]:
    proxy = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": forward.name,
        "cluster": forward.name,
        "max_connect_attempts": _CONNECT_ATTEMPTS,
        # Watches of an API server and an editor's push connection may say nothing for hours.
        "idle_timeout": "0s",
    }
    return {
        "name": forward.name,
        "address": _socket_address(forward.listen),
        # Linux would let a second program of the same user share the port.
        "enable_reuse_port": False,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}
        ],
    }


def _cluster(forward: Forward) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _socket_address(target)}} for target in forward.targets]
    cluster: dict[str, Any] = {
        "name": forward.name,
        "type": "STATIC",
        "connect_timeout": f"{_CONNECT_SECONDS}s",
        "load_assignment": {
            "cluster_name": forward.name,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
    }
    if len(forward.targets) > 1:
        cluster |= {
            "health_checks": [
                {
                    "tcp_health_check": {},
                    "timeout": f"{_CHECK_SECONDS}s",
                    "interval": f"{_CHECK_EVERY_SECONDS}s",
                    # Envoy's own default is a minute between checks until there is a connection.
                    "no_traffic_interval": f"{_CHECK_EVERY_SECONDS}s",
                    "unhealthy_threshold": _CHECKS_UNTIL_LOST,
                    "healthy_threshold": 1,
                }
            ],
            "close_connections_on_host_health_failure": True,
            # Otherwise, with half of the places lost, Envoy would try all of them again.
            "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        }
    return cluster


def _socket_address(address: Address) -> dict[str, Any]:
    host, port = address
    return {"socket_address": {"address": host, "port_value": port}}


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
