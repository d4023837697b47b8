"""The way out by name: which hosts n8n may call, where the cluster's network can tell names."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from components import governance, network
from components.base import Component, labels
from settings import Settings

_DNS = {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}


class NamedEgress(Component):
    """A policy of Cilium for all tiers of n8n.

    Cilium learns a host's addresses from the answers to the pods' own questions to DNS, which
    therefore go through it.
    """

    area = "cluster"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        CustomResource(
            "n8n-egress",
            api_version="cilium.io/v2",
            kind="CiliumNetworkPolicy",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name="n8n-egress",
                namespace=settings.platform.namespace,
                labels={**labels("egress"), **governance.owner(settings.governance)},
            ),
            spec=specification(settings),
            opts=self.child_options(),
        )
        self.register_outputs({})


def specification(settings: Settings) -> dict[str, Any]:
    """What n8n's pods may call: hosts by name, each on its own ports."""
    return to_hosts({"app.kubernetes.io/name": "n8n"}, network.public_destinations(settings))


def to_hosts(
    pod_labels: Mapping[str, str], destinations: Sequence[tuple[str, int]]
) -> dict[str, Any]:
    """What pods with all these labels may call, as a policy of Cilium says it.

    Args:
        pod_labels: labels of the pods.
        destinations: hosts, each with its TCP port.
    """
    hosts: dict[int, list[str]] = {}
    for host, port in destinations:
        hosts.setdefault(port, []).append(host)
    return {
        "endpointSelector": {"matchLabels": dict(pod_labels)},
        "egress": [
            {
                "toEndpoints": [{"matchLabels": _DNS}],
                "toPorts": [
                    {
                        "ports": [{"port": "53", "protocol": "ANY"}],
                        "rules": {"dns": [{"matchPattern": "*"}]},
                    }
                ],
            },
            *(
                {
                    "toFQDNs": [_name(host) for host in named],
                    "toPorts": [{"ports": [{"port": str(port), "protocol": "TCP"}]}],
                }
                for port, named in sorted(hosts.items())
            ),
        ],
    }


def _name(host: str) -> dict[str, str]:
    """A host; with `*.` any of its subdomains, of whatever depth."""
    if host.startswith("*."):
        return {"matchPattern": f"**.{host.removeprefix('*.')}"}
    return {"matchName": host}
