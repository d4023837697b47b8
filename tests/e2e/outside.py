"""The world outside the cluster, in a network namespace of this machine.

A host of the tests' own carries the cloud's metadata address and a public one, and is cabled to
the nodes' bridge. Only the nodes learn routes to it, so that this machine's own way to those
addresses stays as it is and nothing that is sent there leaves the machine.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.nodes.machine.addresses import BRIDGE, PLACES, PREFIX_LENGTH
from tests.e2e.sockets import Place

METADATA = "169.254.169.254"
"""Where clouds serve the machine's credentials."""

INTERNET = "192.88.99.1"
"""A public address that nobody uses any more (RFC 7526)."""

PORTS = (80, 443)

_NAMESPACE = "n8n-outside"
_CABLE = "n8n-outside"
_ADDRESS = "10.77.0.200"

_SERVER = """
import socket, sys, threading
def serve(listener):
    while True:
        listener.accept()[0].close()
for address in sys.argv[1:]:
    host, _, port = address.rpartition(":")
    listener = socket.create_server((host, int(port)))
    threading.Thread(target=serve, args=(listener,)).start()
print("listening", flush=True)
"""


@contextmanager
def outside(nodes: Mapping[str, Place]) -> Iterator[None]:
    """The host is there, and its ports answer, while the body runs.

    Args:
        nodes: the network of each node by its name.
    """
    _remove(nodes)
    try:
        _build(nodes)
        with subprocess.Popen(
            (
                *("ip", "netns", "exec", _NAMESPACE, sys.executable, "-c", _SERVER),
                *(f"{address}:{port}" for address in (METADATA, INTERNET) for port in PORTS),
            ),
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                assert server.stdout
                assert server.stdout.readline() == "listening\n"
                yield
            finally:
                server.kill()
    finally:
        _remove(nodes)


def _build(nodes: Mapping[str, Place]) -> None:
    inside = ("ip", "-netns", _NAMESPACE)
    _call("ip", "netns", "add", _NAMESPACE)
    _call("ip", "link", "add", _CABLE, "type", "veth", "peer", "name", "eth0", "netns", _NAMESPACE)
    _call("ip", "link", "set", _CABLE, "master", BRIDGE, "up")
    _call(*inside, "link", "set", "lo", "up")
    _call(*inside, "address", "add", f"{_ADDRESS}/{PREFIX_LENGTH}", "dev", "eth0")
    _call(*inside, "link", "set", "eth0", "up")
    for address in (METADATA, INTERNET):
        _call(*inside, "address", "add", f"{address}/32", "dev", "lo")
    for place in PLACES:
        _call(*inside, "route", "add", place.pods, "via", place.address)
    for node in nodes.values():
        for address in (METADATA, INTERNET):
            _call(*node.enter, "ip", "route", "replace", f"{address}/32", "via", _ADDRESS)


def _remove(nodes: Mapping[str, Place]) -> None:
    """Remove what is there of it, after a run that was killed, too."""
    for node in nodes.values():
        for address in (METADATA, INTERNET):
            subprocess.run(
                (*node.enter, "ip", "route", "delete", f"{address}/32", "via", _ADDRESS),
                capture_output=True,
                check=False,
            )
    for command in (("ip", "link", "delete", _CABLE), ("ip", "netns", "delete", _NAMESPACE)):
        subprocess.run(command, capture_output=True, check=False)


def _call(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stderr}"
