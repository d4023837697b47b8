"""The world outside the cluster, played by a network namespace on this machine.

What pods send to its addresses stays here, whatever network policies let through.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from local import commands
from local.environment import REPOSITORY
from local.nodes.machine.addresses import BRIDGE, PLACES, PREFIX_LENGTH
from local.toolchain import debian

METADATA = "169.254.169.254"
"""Where clouds tell a machine its credentials."""

PUBLIC = "192.88.99.1"
"""An address of the public internet that nobody uses any more (RFC 7526)."""

PUBLIC_TOO = "192.88.99.2"
"""Another one of them."""

PRIVATE = "10.99.77.1"
"""A private address outside the cluster: another system of the same company."""

PORTS = (80, 443)

_ADDRESSES = (METADATA, PUBLIC, PUBLIC_TOO, PRIVATE)
_GATEWAY = "10.77.0.200"
"""Where this world is on the nodes' bridge."""

_HARDWARE = "02:00:00:00:77:c8"
"""Its Ethernet address there: the same each time, as this machine goes on sending to one that it
knows for some eight seconds before it asks for another."""

_CABLE = "n8n-outside"
_TABLE = "7700"
"""Number of the routing table, and preference of the rule that makes this machine look there."""


@contextmanager
def outside(program: str = __name__) -> Iterator[subprocess.Popen[bytes]]:
    """Have these addresses answer to the cluster, at `PORTS` or where a program listens.

    This machine's own way to them stays what it is: only what comes from the nodes' bridge is sent
    here. The kernel takes the namespace away with its one process, which ends with this one.

    Args:
        program: module that is run there. It says a line when it listens, and ends with its input.
    """
    environment = debian.fetch("iproute2", report=print).environment()
    _remove(environment)
    with subprocess.Popen(
        ("unshare", "--net", sys.executable, "-m", program),
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline(), "the world outside does not start"
            _connect(server.pid, environment)
            yield server
        finally:
            server.terminate()
            server.wait()
            # Last: until there is nobody left who could send anything, the routes lead here.
            _remove(environment)


def _connect(process: int, environment: Mapping[str, str]) -> None:
    cable = ("type", "veth", "peer", "name", "eth0", "address", _HARDWARE)
    steps: list[Sequence[str]] = [
        ("ip", "link", "add", _CABLE, *cable, "netns", str(process)),
        ("ip", "link", "set", _CABLE, "master", BRIDGE, "up"),
    ]
    inside = [
        ("address", "add", f"{_GATEWAY}/{PREFIX_LENGTH}", "dev", "eth0"),
        *(("address", "add", f"{address}/32", "dev", "eth0") for address in _ADDRESSES),
        ("link", "set", "eth0", "up"),
        *(("route", "add", place.pods, "via", place.address) for place in PLACES),
    ]
    steps += [("nsenter", "--target", str(process), "--net", "ip", *each) for each in inside]
    steps += [
        ("ip", "route", "add", address, "via", _GATEWAY, "dev", BRIDGE, "table", _TABLE)
        for address in _ADDRESSES
    ]
    steps.append(("ip", "rule", "add", "iif", BRIDGE, "lookup", _TABLE, "pref", _TABLE))
    for step in steps:
        commands.output(step, environment=environment)


def _remove(environment: Mapping[str, str]) -> None:
    """Remove what is there, also of a run that was killed."""
    for command in (
        ("ip", "link", "delete", _CABLE),
        ("ip", "rule", "delete", "pref", _TABLE),
        ("ip", "route", "flush", "table", _TABLE),
    ):
        subprocess.run(command, env=environment, capture_output=True, check=False)


def _serve() -> None:
    # The kernel answers for as long as the sockets are open and their queues are not full.
    sockets = [socket.create_server(("", port), backlog=1024) for port in PORTS]
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    sys.stdin.read()
    for each in sockets:
        each.close()


if __name__ == "__main__":
    _serve()
