"""What a NetworkPolicy of Kubernetes allows. Those of network plugins have another meaning."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Literal

from policies.resources import selectors
from policies.resources.answers import Answer, every, in_namespace, known, no, some
from policies.resources.kubernetes import namespace, pod_labels
from policies.resources.place import Absent, Place
from policies.resources.resource import Resource, of_type

Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, Direction] = ("ingress", "egress")

_PEERS = {"ingress": "from", "egress": "to"}
_DNS = 53

is_network_policy = of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
"""Whether a resource is a NetworkPolicy of Kubernetes; a patch says only what it changes."""


def isolates(policy: Resource, workload: Resource, direction: Direction) -> Answer:
    """Whether a policy selects a workload's pods, so that they may talk to nobody it doesn't name.

    A policy selects pods of its own namespace only.
    """
    selector = policy.at("spec", "podSelector")

    # One after the other: of the many pairs of a large stack, few come to the last.
    def answers() -> Iterator[Answer]:
        yield in_namespace(policy, namespace(workload))
        yield selector.missing or selectors.matches(selector, pod_labels(workload))
        yield _covers(policy, direction)

    return every(answers())


def denies_by_default(policy: Resource, name: str | Absent, direction: Direction) -> Answer:
    """Whether a policy forbids all pods of a namespace everything that others don't allow."""
    selector = policy.at("spec", "podSelector")
    rules = policy.at("spec", direction)
    return every(
        [
            in_namespace(policy, name),
            _covers(policy, direction),
            selector.missing or selectors.matches_everything(selector),
            known(rules, rules.missing or not rules.value),
        ]
    )


def _covers(policy: Resource, direction: Direction) -> Answer:
    types = policy.at("spec", "policyTypes")
    listed = list(types.each())
    if not listed:
        # Kubernetes' default: ingress always, egress where there are rules for it.
        rules = policy.at("spec", "egress")
        return direction == "ingress" or known(rules, bool(rules.value) and not rules.missing)
    return some(known(each, each.text == direction.capitalize()) for each in listed)


def blocks(rule: Place, direction: Direction) -> Iterator[tuple[Place, Place]]:
    """Addresses of a rule: the property to change, and the ipBlock there.

    A rule that names no peers is for everybody: then the ipBlock is missing.
    """
    peers = rule.at(_PEERS[direction])
    listed = list(peers.each())
    if not listed:
        yield peers, Place(peers.path, Absent.MISSING)
    for peer in listed:
        block = peer.at("ipBlock")
        if not block.missing:
            yield block, block


def contains(block: Place, address: IPv4Address | IPv6Address) -> Answer:
    """Whether an ipBlock has an address in it, exceptions considered; a missing one has all."""
    if block.missing:
        return True
    excepted = some(_is_in(address, each) for each in block.at("except").each())
    return every([_is_in(address, block.at("cidr")), no(excepted)])


def network(cidr: Place) -> IPv4Network | IPv6Network | None:
    """The network that a property names; None if it is unknown or none."""
    try:
        return ip_network(cidr.text or "", strict=False)
    except ValueError:
        return None


def _is_in(address: IPv4Address | IPv6Address, cidr: Place) -> Answer:
    found = network(cidr)
    return known(cidr, found is not None and address in found)


def opens_only_dns(rule: Place) -> Answer:
    """Whether a rule is for name resolution only: port 53."""
    ports = list(rule.at("ports").each())
    if not ports:
        return False
    return every(
        known(port.at("port"), port.at("port").number == _DNS and port.at("endPort").missing)
        for port in ports
    )
