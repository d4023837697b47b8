"""Another machine on this one's network, played by a network namespace."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from local import commands
from local.nodes.machine.addresses import NODE_NETWORK, POD_NETWORK
from local.toolchain import debian

_CABLE = "n8n-neighbour"
HERE = "198.18.77.1"
"""This machine's address on the cable between them, of the range for tests (RFC 2544)."""

_THERE = "198.18.77.2"
_PREFIX_LENGTH = 30


@contextmanager
def neighbour() -> Iterator[int]:
    """The process of a machine that asks this one for the way to its nodes and pods."""
    environment = debian.fetch("iproute2", report=print).environment()
    with subprocess.Popen(
        ("unshare", "--net", "sh", "-c", "echo ready; read never"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as machine:
        try:
            assert machine.stdout is not None
            assert machine.stdout.readline(), "the neighbour does not start"
            cable = ("type", "veth", "peer", "name", "eth0", "netns", str(machine.pid))
            inside = ("nsenter", "--target", str(machine.pid), "--net", "ip")
            for step in (
                ("ip", "link", "add", _CABLE, *cable),
                ("ip", "address", "add", f"{HERE}/{_PREFIX_LENGTH}", "dev", _CABLE),
                ("ip", "link", "set", _CABLE, "up"),
                (*inside, "address", "add", f"{_THERE}/{_PREFIX_LENGTH}", "dev", "eth0"),
                (*inside, "link", "set", "eth0", "up"),
                (*inside, "route", "add", NODE_NETWORK, "via", HERE),
                (*inside, "route", "add", POD_NETWORK, "via", HERE),
            ):
                commands.output(step, environment=environment)
            yield machine.pid
        finally:
            # Its namespace goes with it, and with that the cable.
            machine.terminate()
