"""Rules of the network in AWS: zones, ranges that must not overlap, enough addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from settings.aws import addresses
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

_INTRA_ADDRESSES = 64
"""Addresses of an intra subnet that are taken besides interface endpoints: EKS recommends 16 for
the control plane, a database with its replica and its successor during an upgrade takes 6, and as
many again for what is put beside them."""


@dataclass(frozen=True, kw_only=True)
class _Range:
    """A range of addresses, and the setting that says it."""

    key: str
    cidr: str


def zones_belong_to_the_region(settings: Settings) -> Iterator[Problem]:
    """Each zone is one of the environment's region, under the name that its nodes will have."""
    if settings.aws is None:
        return
    region = settings.aws.region
    known = [f"{region}{letter}" for letter in addresses.ZONE_LETTERS]
    if not set(settings.platform.zones) <= set(known):
        yield Problem(
            key="platform.zones",
            given=", ".join(settings.platform.zones),
            wanted=f"zones of aws.region, such as {', '.join(known[:3])}",
            compares=("aws.region",),
        )


def ranges_do_not_overlap(settings: Settings) -> Iterator[Problem]:
    """No address is in two of: this VPC, the peer's, Kubernetes Services, connected networks."""
    aws = settings.aws
    if aws is None:
        return
    vpc = _Range(key="aws.network.cidr", cidr=aws.network.cidr)
    service = _Range(key="aws.cluster.serviceCidr", cidr=aws.cluster.service_cidr)
    connected = [
        _Range(key="aws.cluster.privateAccessCidrs", cidr=cidr)
        for cidr in aws.cluster.private_access_cidrs
    ]
    pairs = [(service, vpc), *((each, service) for each in connected)]
    if aws.peer:
        peer = _Range(key="aws.peer.cidr", cidr=aws.peer.cidr)
        pairs += [(peer, vpc), (service, peer)]
    for one, other in pairs:
        if IPv4Network(one.cidr).overlaps(IPv4Network(other.cidr)):
            yield Problem(
                key=one.key,
                given=one.cidr,
                wanted=f"a range that shares no address with {other.key}, which is {other.cidr}",
                compares=(other.key,),
            )


def the_peer_is_elsewhere(settings: Settings) -> Iterator[Problem]:
    """What takes a region down does not take its standby down."""
    aws = settings.aws
    if aws and aws.peer and aws.peer.region == aws.region:
        yield Problem(
            key="aws.peer.region",
            given=aws.peer.region,
            wanted="another region than aws.region: both would be lost together",
            compares=("aws.region",),
        )


def subnets_have_enough_addresses(settings: Settings) -> Iterator[Problem]:
    """Nodes with their pods fit into a zone's private subnet, the rest into its intra subnet."""
    aws = settings.aws
    if aws is None or aws.network.existing:
        return  # How large the subnets of an existing VPC are is not said here.
    # All zones have subnets of the same size.
    (subnets,) = addresses.plan(aws.network.cidr, ["a"]).values()
    nodes = max(aws.cluster.nodes_per_zone, aws.cluster.standby_nodes_per_zone)
    fit = addresses.nodes_that_fit(subnets)
    if aws.cluster.existing is None and nodes > fit:
        yield Problem(
            key="aws.network.cidr",
            given=aws.network.cidr,
            wanted=f"a larger range: {nodes} nodes in a zone, of which there is room for "
            f"{max(fit, 0)}; or fewer nodes",
            compares=("aws.cluster.nodesPerZone", "aws.cluster.standbyNodesPerZone"),
        )
    others = _INTRA_ADDRESSES + len(aws.network.interface_endpoints)
    if others > addresses.usable(subnets.intra):
        yield Problem(
            key="aws.network.cidr",
            given=aws.network.cidr,
            wanted=f"a larger range: the database, the control plane and endpoints take {others} "
            f"addresses in a zone, of which there are {addresses.usable(subnets.intra)}",
            compares=("aws.network.interfaceEndpoints",),
        )


def endpoints_are_named_once(settings: Settings) -> Iterator[Problem]:
    """A second endpoint of a service would want the first one's name in the VPC."""
    if settings.aws is None:
        return
    endpoints = settings.aws.network.interface_endpoints
    for service in dict.fromkeys(endpoints):
        if endpoints.count(service) > 1:
            yield Problem(
                key="aws.network.interfaceEndpoints",
                given=f"{service}, twice",
                wanted="each service once",
            )


RULES: Rules = (
    zones_belong_to_the_region,
    ranges_do_not_overlap,
    the_peer_is_elsewhere,
    subnets_have_enough_addresses,
    endpoints_are_named_once,
)
