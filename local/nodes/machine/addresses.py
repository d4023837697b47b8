"""The addresses of the nodes on this machine, all of them private to it."""

from __future__ import annotations

from dataclasses import dataclass

from local.nodes import ZONES

BRIDGE = "n8n-local"
"""Network interface that joins the nodes and this machine."""

HOST = "10.77.0.1"
"""This machine on the bridge."""

NODE_NETWORK = "10.77.0.0/24"
POD_NETWORK = "10.88.0.0/16"
DNS = "10.96.0.10"
"""The cluster's DNS service; fixed, because kubelets must know it before it exists."""

PREFIX_LENGTH = 24


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one node is.

    Attributes:
        name: name of the node, which is also its zone's: there is one node a zone.
        address: the node on the bridge.
        pods: network of its pods.
    """

    name: str
    address: str
    pods: str

    @property
    def interface(self) -> str:
        """This machine's end of the node's cable."""
        return f"n8n-{self.name}"


PLACES = tuple(
    Place(name=zone, address=f"10.77.0.{10 + number}", pods=f"10.88.{number}.0/24")
    for number, zone in enumerate(ZONES, 1)
)
"""The nodes: one in each zone."""
