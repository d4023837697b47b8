"""Whether Kubernetes' network policies let a workload's pods open connections to a data store's."""

from collections.abc import Iterator

from policies.resources import selectors
from policies.resources.answers import Answer, every, known, no, share_namespace, some
from policies.resources.kubernetes import containers, namespace, of_kind, pod_labels
from policies.resources.network_policies import is_network_policy, isolates, opens_only_dns
from policies.resources.place import Absent, Place
from policies.resources.resource import Resource, Stack

_NAME = "kubernetes.io/metadata.name"
"""Label that Kubernetes gives to every namespace: its name."""


def reaches(workload: Resource, store: Resource | None, stack: Stack) -> Answer:
    """Whether a workload's pods may connect to a store's.

    Args:
        workload: whose egress is looked at.
        store: a workload in the stack; None for one outside of the cluster, of which policies
            know addresses only: then any address but that of name resolution will do.
        stack: all resources.
    """
    policies = [
        (each, isolates(each, workload, "egress")) for each in stack.where(is_network_policy)
    ]
    # Whom no policy selects may talk to everybody.
    free = no(some(isolated for _, isolated in policies))
    allowed = some(
        every([isolated, some(_allows(rule, policy, store, stack) for rule in rules(policy))])
        for policy, isolated in policies
    )
    return some([free, allowed])


def rules(policy: Resource) -> Iterator[Place]:
    """The egress rules of a network policy."""
    return policy.at("spec", "egress").each()


def _allows(rule: Place, policy: Resource, store: Resource | None, stack: Stack) -> Answer:
    peers = list(rule.at("to").each())
    if rule.unknown:
        return None
    if store is None:
        outside = not peers or some(_is_block(peer) for peer in peers)
        return every([outside, no(opens_only_dns(rule))])
    to_store = not peers or some(_is_peer(peer, policy, store, stack) for peer in peers)
    return every([to_store, _has_port(rule.at("ports"), store)])


def _is_block(peer: Place) -> Answer:
    block = peer.at("ipBlock")
    return known(block, not block.missing)


def _is_peer(peer: Place, policy: Resource, store: Resource, stack: Stack) -> Answer:
    spaces, pods = peer.at("namespaceSelector"), peer.at("podSelector")
    if peer.unknown:
        return None
    if spaces.missing and pods.missing:
        return False
    return every(
        [
            share_namespace(policy, store)
            if spaces.missing
            else selectors.matches(spaces, _namespace_labels(store, stack)),
            pods.missing or selectors.matches(pods, pod_labels(store)),
        ]
    )


def _namespace_labels(store: Resource, stack: Stack) -> Place:
    name = namespace(store)
    if isinstance(name, Absent):
        return Place("metadata.labels", Absent.UNKNOWN)
    for resource in stack.where(of_kind("Namespace")):
        labels = resource.at("metadata", "labels")
        if resource.at("metadata", "name").text == name and isinstance(labels.value, dict):
            return Place(labels.path, {**labels.value, _NAME: name})
    return Place("metadata.labels", {_NAME: name})


def _has_port(ports: Place, store: Resource) -> Answer:
    """Whether one of the ports is a port of the store; which one, is not said: any."""
    listed = list(ports.each())
    own = [port for container in containers(store) for port in container.at("ports").each()]
    if not listed or not own:
        return True
    return some(_is_port(port, each) for port in listed for each in own)


def _is_port(allowed: Place, own: Place) -> Answer:
    first, last = allowed.at("port"), allowed.at("endPort")
    number, name = own.at("containerPort"), own.at("name")
    if first.unknown or last.unknown or number.unknown or name.unknown:
        return None
    if first.number is None or number.number is None:
        return first.missing or (first.text is not None and first.text == name.text)
    return first.number <= number.number <= (last.number or first.number)
