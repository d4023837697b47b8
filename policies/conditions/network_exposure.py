"""Nobody outside reaches a data store, and no pod the cloud's metadata service."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources import network_policies, selectors
from policies.resources.answers import Answer, decide, every, known, no, some
from policies.resources.kubernetes import pod_labels
from policies.resources.network_policies import is_network_policy
from policies.resources.opened_ports import opens
from policies.resources.place import Absent, Place, Verdict
from policies.resources.ports import DATA_STORES
from policies.resources.resource import Resource, of_type
from policies.resources.workloads import runs_pods

_METADATA = tuple(map(ip_address, ("169.254.169.254", "fd00:ec2::254")))
"""Where a node's credentials can be had: the IPv4 address of AWS, Azure and Google, and AWS's IPv6
address."""

_WIDEST = 8
"""Bits of a prefix below which a network is no organisation's own: the largest have a /8."""


@condition(
    applies=is_network_policy,
    severity=Severity.HIGH,
    soc2=("CC6.6",),
    gdpr=("32",),
    steps="Add the address of the metadata service to `except` of the ipBlock, or name the peers.",
    url="https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
)
def no_egress_to_metadata_service(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No network policy lets pods reach the metadata service, which hands out credentials."""
    for rule in resource.at("spec", "egress").each():
        # Clouds resolve names under the same address; port 53 gives no credentials.
        harmless = network_policies.opens_only_dns(rule)
        for place, block in network_policies.blocks(rule, "egress"):
            for address in _METADATA:
                if block.missing and address is not _METADATA[0]:
                    continue  # everywhere is everywhere: said once
                yield from decide(
                    some([harmless, no(network_policies.contains(block, address))]),
                    place.path if block.missing else f"{block.path}.except",
                    found=f"{place.path} not set, which is every address"
                    if block.missing
                    else f"{block.path} with {address} in it",
                    requires=f"no way to {address}",
                )


@condition(
    applies=is_network_policy,
    scope="stack",
    severity=Severity.CRITICAL,
    soc2=("CC6.6",),
    gdpr=("32",),
    steps="Name the pods that may connect in `from` of the rule.",
    url="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
)
def no_data_port_open_to_all(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No network policy lets everybody connect to the port of a data store."""
    pods = [
        (workload, network_policies.isolates(resource, workload, "ingress"))
        for workload in context.stack.where(runs_pods)
    ]
    for rule in resource.at("spec", "ingress").each():
        opens = some(_has_data_port(port, "port", pods) for port in _ports(rule))
        for place, block in network_policies.blocks(rule, "ingress"):
            yield from decide(
                no(every([opens, _is_everybody(block)])),
                place.path if block.missing else f"{block.path}.cidr",
                found=f"{rule.path}, which opens a data store's port to every address",
                requires="peers that are named in its `from`",
            )


@condition(
    applies=of_type("kubernetes:core/v1:Service"),
    scope="stack",
    severity=Severity.CRITICAL,
    soc2=("CC6.6",),
    gdpr=("32",),
    steps="Make the Service's type ClusterIP, and let those outside in through an API.",
    url="https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
)
def no_data_service_outside_the_cluster(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No Service publishes the port of a data store outside the cluster."""
    selector = resource.at("spec", "selector")
    pods = [
        (workload, selectors.matches_map(selector, pod_labels(workload)))
        for workload in context.stack.where(runs_pods)
    ]
    type_ = resource.at("spec", "type")
    inside = known(type_, type_.text not in ("LoadBalancer", "NodePort"))
    serves_data = some(
        some(_has_data_port(port, key, pods) for key in ("port", "targetPort"))
        for port in resource.at("spec", "ports").each()
    )
    yield from decide(
        some([inside, no(serves_data)]),
        type_.path,
        found=f"{type_.path} of a Service on a data store's port open to outside the cluster",
        requires="ClusterIP",
    )


def _ports(rule: Place) -> Iterator[Place]:
    """The ports of a rule; without any it is for all of them, as one port without a number is."""
    listed = list(rule.at("ports").each())
    yield from listed or [Place(rule.at("ports").path, Absent.MISSING)]


def _has_data_port(entry: Place, key: str, pods: Sequence[tuple[Resource, Answer]]) -> Answer:
    """Whether a port of a rule or Service is a data store's, by number or by name in its pods.

    Args:
        entry: the port.
        key: what names it.
        pods: workloads, and whether they are meant.
    """
    port = entry.at(key)
    if port.missing and key != "port":
        # The target of a Service is then its port.
        return False
    return opens(port, DATA_STORES, pods, last=entry.at("endPort"))


def _is_everybody(block: Place) -> Answer:
    if block.missing:
        return True
    cidr = block.at("cidr")
    network = network_policies.network(cidr)
    return known(cidr, network is not None and network.prefixlen < _WIDEST)
