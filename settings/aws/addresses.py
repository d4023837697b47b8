"""The plan of a VPC's addresses: which subnets each zone has, and how many addresses nodes take.

Used twice, so that they cannot disagree: by the rules, which refuse what does not fit, and by the
network, which is made of exactly this.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

ZONE_LETTERS = "abcdefgh"
"""The last letter of a zone's name in AWS: each has its place in the plan. No region has more than
six."""

MAX_PODS = 110
"""Pods of a node: EKS' own limit for machines with fewer than 30 cores, Kubernetes' for any."""

_PREFIX_LENGTH = 28
"""Of what the VPC CNI takes at a time with prefix delegation: 16 addresses in a row."""

WARM_PREFIXES = 1
"""Prefixes that it keeps in reserve on each node."""

_INTERFACES = 4
"""Network interfaces that it adds to a node at most here, each with an address of its own. Two hold
a node's prefixes on the smallest machine: one of four cores takes 14 for each."""

_RESERVED = 5
"""Addresses of every subnet that AWS keeps for itself."""

_SURGE_NODES = 2
"""Nodes that EKS adds in a zone while it replaces those of a node group."""


@dataclass(frozen=True, kw_only=True)
class ZoneSubnets:
    """The subnets of one zone.

    Attributes:
        private: of the nodes and their pods; the internet is reached through NAT.
        prefixes: half of that, kept for prefixes of pods: an address given to anything else in the
            middle of one would make it unusable.
        intra: of the database, the control plane and interface endpoints; no way out.
        public: of the NAT gateway and load balancers.
    """

    private: IPv4Network
    prefixes: IPv4Network
    intra: IPv4Network
    public: IPv4Network


def plan(cidr: str, zones: Iterable[str]) -> dict[str, ZoneSubnets]:
    """The subnets of a VPC, by zone.

    Each zone has the eighth of the VPC that belongs to its letter, so that its subnets depend on
    nothing but its own name: half of that is private, a quarter intra, an eighth public, and an
    eighth is left for what nobody has thought of.

    Args:
        cidr: the VPC's range.
        zones: names of zones, ending in one of `ZONE_LETTERS`.
    """
    eighths = list(IPv4Network(cidr).subnets(prefixlen_diff=3))
    return {zone: _subnets(eighths[ZONE_LETTERS.index(zone[-1])]) for zone in zones}


def _subnets(part: IPv4Network) -> ZoneSubnets:
    private, rest = part.subnets(prefixlen_diff=1)
    intra, last = rest.subnets(prefixlen_diff=1)
    public, _ = last.subnets(prefixlen_diff=1)
    _, prefixes = private.subnets(prefixlen_diff=1)
    return ZoneSubnets(private=private, prefixes=prefixes, intra=intra, public=public)


def usable(subnet: IPv4Network) -> int:
    """Addresses of a subnet that can be given to machines."""
    return subnet.num_addresses - _RESERVED


def nodes_that_fit(subnets: ZoneSubnets) -> int:
    """Nodes that a zone has addresses for, each with `MAX_PODS`, while EKS replaces them too."""
    of_node = math.ceil(MAX_PODS / 2 ** (32 - _PREFIX_LENGTH)) + WARM_PREFIXES
    prefixes = 2 ** (_PREFIX_LENGTH - subnets.prefixes.prefixlen)
    others = usable(subnets.private) - subnets.prefixes.num_addresses
    return min(prefixes // of_node, others // _INTERFACES) - _SURGE_NODES
