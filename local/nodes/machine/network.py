"""This machine's side of the nodes' network: a bridge, routes to the pods, and who may pass.

Other machines reach neither nodes nor pods: nothing listens on this machine's own addresses, and
new connections are forwarded from the bridge to the world, never the other way round.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from local import commands
from local.nodes.machine.addresses import (
    BRIDGE,
    HOST,
    NODE_NETWORK,
    PLACES,
    POD_NETWORK,
    PREFIX_LENGTH,
    Place,
)

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_CHAIN = "N8N-LOCAL"

_RULES = (
    # What is forwarded to the control plane listens on the bridge: for this machine and its nodes.
    ("filter", "INPUT", ("-i", "lo", "-j", "RETURN")),
    ("filter", "INPUT", ("-i", BRIDGE, "-j", "RETURN")),
    ("filter", "INPUT", ("-d", NODE_NETWORK, "-j", "DROP")),
    ("filter", "FORWARD", ("-i", BRIDGE, "-j", "ACCEPT")),
    (
        "filter",
        "FORWARD",
        ("-o", BRIDGE, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
    ),
    ("filter", "FORWARD", ("-o", BRIDGE, "-j", "DROP")),
    # What leaves for the world does so under this machine's address.
    ("nat", "POSTROUTING", ("-s", NODE_NETWORK, "!", "-o", BRIDGE, "-j", "MASQUERADE")),
    ("nat", "POSTROUTING", ("-s", POD_NETWORK, "!", "-o", BRIDGE, "-j", "MASQUERADE")),
)
_HOOKS = tuple(dict.fromkeys((table, hook) for table, hook, _ in _RULES))


class Network:
    """The bridge `n8n-local` and what belongs to it.

    Args:
        folder: keeps what was changed on this machine until it is changed back.
        environment: with which `ip` and `iptables` are found.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._earlier_forwarding = folder / "ip_forward"
        self._environment = environment

    def start(self) -> None:
        """Have the bridge and the rules; a second call changes nothing.

        Raises:
            LocalError: this machine does not allow it.
        """
        if not Path(f"/sys/class/net/{BRIDGE}").exists():
            self._call("ip", "link", "add", BRIDGE, "type", "bridge")
        self._call("ip", "address", "replace", f"{HOST}/{PREFIX_LENGTH}", "dev", BRIDGE)
        self._call("ip", "link", "set", BRIDGE, "up")
        for place in PLACES:
            self._call("ip", "route", "replace", place.pods, "via", place.address, "dev", BRIDGE)
        if not self._earlier_forwarding.is_file():
            self._earlier_forwarding.write_text(_FORWARDING.read_text())
        _FORWARDING.write_text("1")
        self._remove_rules()
        for table, hook in _HOOKS:
            self._iptables(table, "-N", f"{_CHAIN}-{hook}")
            self._iptables(table, "-I", hook, "-j", f"{_CHAIN}-{hook}")
        for table, hook, rule in _RULES:
            self._iptables(table, "-A", f"{_CHAIN}-{hook}", *rule)

    def connect(self, place: Place, process: int) -> None:
        """Lay the node's cable: from the bridge to `eth0` in the namespace of a process."""
        subprocess.run(
            ("ip", "link", "delete", place.interface),
            env=self._environment,
            capture_output=True,
            check=False,
        )
        end = ("peer", "name", "eth0", "netns", str(process))
        self._call("ip", "link", "add", place.interface, "type", "veth", *end)
        self._call("ip", "link", "set", place.interface, "master", BRIDGE, "up")

    def stop(self) -> None:
        """Remove all of it; the cables went with their nodes."""
        self._remove_rules()
        subprocess.run(
            ("ip", "link", "delete", BRIDGE),
            env=self._environment,
            capture_output=True,
            check=False,
        )
        if self._earlier_forwarding.is_file():
            _FORWARDING.write_text(self._earlier_forwarding.read_text())
            self._earlier_forwarding.unlink()

    def _remove_rules(self) -> None:
        """Remove the rules, of which an interrupted start may have left a part."""
        for table, hook in _HOOKS:
            chain = f"{_CHAIN}-{hook}"
            for arguments in (("-D", hook, "-j", chain), ("-F", chain), ("-X", chain)):
                subprocess.run(
                    ("iptables", "--wait", "-t", table, *arguments),
                    env=self._environment,
                    capture_output=True,
                    check=False,
                )

    def _iptables(self, table: str, *arguments: str) -> None:
        self._call("iptables", "--wait", "-t", table, *arguments)

    def _call(self, *command: str) -> None:
        commands.output(
            command,
            environment=self._environment,
            advice="If this machine does not let nodes have namespaces and bridges, use "
            "`make up NODES=simulated`.",
        )
