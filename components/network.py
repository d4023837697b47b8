"""The words of a NetworkPolicy: who may talk to whom, on top of a namespace that allows nothing."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pulumi_kubernetes as kubernetes

from integrations.model import Consumer
from settings import Settings

_NOT_PUBLIC = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
"""IPv4 ranges that are not the public internet (RFC 6890): private, shared, loopback, multicast,
reserved, and link-local with the cloud's metadata service at 169.254.169.254."""

_PRIVATE_RANGES = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
"""Where a managed database can be: private (RFC 1918) and shared (RFC 6598) addresses."""


def tcp(*ports: int) -> list[kubernetes.networking.v1.NetworkPolicyPortArgs]:
    """TCP ports, as a rule names them."""
    return [
        kubernetes.networking.v1.NetworkPolicyPortArgs(protocol="TCP", port=port) for port in ports
    ]


def pods(pod_labels: Mapping[str, str]) -> kubernetes.networking.v1.NetworkPolicyPeerArgs:
    """Pods of the platform's own namespace that carry all these labels."""
    return kubernetes.networking.v1.NetworkPolicyPeerArgs(
        pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=dict(pod_labels))
    )


def namespace(name: str) -> kubernetes.networking.v1.NetworkPolicyPeerArgs:
    """Every pod of another namespace."""
    return kubernetes.networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=kubernetes.meta.v1.LabelSelectorArgs(
            match_labels={"kubernetes.io/metadata.name": name}
        )
    )


def anywhere_but_metadata() -> kubernetes.networking.v1.NetworkPolicyPeerArgs:
    """Every address but link-local ones, where clouds tell a machine its credentials."""
    return kubernetes.networking.v1.NetworkPolicyPeerArgs(
        ip_block=kubernetes.networking.v1.IPBlockArgs(cidr="0.0.0.0/0", except_=["169.254.0.0/16"])
    )


def internet() -> kubernetes.networking.v1.NetworkPolicyPeerArgs:
    """Every public address."""
    return kubernetes.networking.v1.NetworkPolicyPeerArgs(
        ip_block=kubernetes.networking.v1.IPBlockArgs(cidr="0.0.0.0/0", except_=_NOT_PUBLIC)
    )


def ingress(
    peers: list[kubernetes.networking.v1.NetworkPolicyPeerArgs], *ports: int
) -> kubernetes.networking.v1.NetworkPolicyIngressRuleArgs:
    """These peers may connect to these TCP ports of the selected pods."""
    return kubernetes.networking.v1.NetworkPolicyIngressRuleArgs(from_=peers, ports=tcp(*ports))


def egress(
    peers: list[kubernetes.networking.v1.NetworkPolicyPeerArgs], *ports: int
) -> kubernetes.networking.v1.NetworkPolicyEgressRuleArgs:
    """The selected pods may connect to these TCP ports of these peers."""
    return kubernetes.networking.v1.NetworkPolicyEgressRuleArgs(to=peers, ports=tcp(*ports))


def egress_to_database(
    pod_labels: Mapping[str, str] | None, port: int
) -> kubernetes.networking.v1.NetworkPolicyEgressRuleArgs:
    """The selected pods may connect to PostgreSQL.

    Args:
        pod_labels: labels of its pods; None if it is outside the cluster.
        port: its TCP port.
    """
    if pod_labels is not None:
        return egress([pods(pod_labels)], port)
    # Network policies know no names, and a managed database changes its address when it fails
    # over: so its port, anywhere in the private network. The certificate decides who it is.
    peers = [
        kubernetes.networking.v1.NetworkPolicyPeerArgs(
            ip_block=kubernetes.networking.v1.IPBlockArgs(cidr=cidr)
        )
        for cidr in _PRIVATE_RANGES
    ]
    return egress(peers, port)


def public_destinations(settings: Settings) -> list[tuple[str, int]]:
    """Hosts outside that the platform's pods call, each with its TCP port, in order.

    They are the chosen integrations' and those of the settings. Hosts that differ for each customer
    of a service are in the settings, or not at all.
    """
    called = settings.integrations.selection.destinations(
        Consumer.MAIN, Consumer.WEBHOOK, Consumer.WORKER, Consumer.GATEWAY
    )
    platform = settings.platform
    bases = [urlsplit(each.url) for each in settings.ai.base_urls]
    return sorted(
        {(each.host, each.port) for each in called if each.host}
        | {(base.hostname or "", base.port or 443) for base in bases if base.scheme == "https"}
        | {(host, port) for host in platform.public_hosts for port in platform.public_ports}
    )


def egress_to_the_internet(
    settings: Settings,
) -> list[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs]:
    """What workflows may call: the public internet, and private addresses that settings name.

    Where hosts are let out to by name, these are the private addresses alone.
    """
    rules = []
    if settings.platform.egress == "addresses":
        ports = {port for _, port in public_destinations(settings)}
        rules.append(egress([internet()], *sorted({*settings.platform.public_ports, *ports})))
    rules.extend(
        egress(
            [
                kubernetes.networking.v1.NetworkPolicyPeerArgs(
                    ip_block=kubernetes.networking.v1.IPBlockArgs(cidr=destination.cidr)
                )
            ],
            destination.port,
        )
        for destination in settings.platform.private_destinations
    )
    return rules
