"""The namespace: what runs in it is restricted, bounded, and may talk to nobody but DNS."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, network
from components.base import Component, labels
from settings import Settings
from settings.platform import Quota

POD_SECURITY_VERSION = "v1.34"
"""Version of the Pod Security Standards. Pinned, so that upgrading the cluster changes nothing
here; 1.34 is the oldest Kubernetes with everything the platform uses (the preStop sleep)."""


class IsolatedNamespace(Component):
    """A namespace with its Pod Security level, quota, limits and default denials.

    Attributes:
        name: the namespace's name.
    """

    area = "cluster"
    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        namespace: str,
        quota: Quota,
        settings: Settings,
        annotations: Mapping[str, str] | None = None,
        balanced_ports: int = 0,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            namespace: its name.
            quota: what all its pods may ask for together.
            settings: settings of the stack.
            annotations: what it says of itself besides.
            balanced_ports: ports of the one load balancer that may stand before it; 0: none may.
        """
        super().__init__(name, opts)
        self._governance = settings.governance
        self._annotations = {**governance.change(self._governance), **(annotations or {})}
        self._namespace_name = namespace
        self.name = self._create_namespace()
        self._create_quota(quota, balanced_ports)
        self._create_limit_range()
        self._create_denials()
        self._create_dns_permission()
        self.register_outputs({"name": self.name})

    def _create_namespace(self) -> pulumi.Output[str]:
        pod_security = {
            f"pod-security.kubernetes.io/{mode}{suffix}": value
            for mode in ("enforce", "audit", "warn")
            for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
        }
        namespace = kubernetes.core.v1.Namespace(
            "namespace",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=self._namespace_name,
                labels={
                    **labels("namespace"),
                    **pod_security,
                    **governance.owner(self._governance),
                },
                annotations=self._annotations,
            ),
            opts=self.child_options(),
        )
        self._namespace = namespace
        return namespace.metadata.name

    def _metadata(self, name: str) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name, namespace=self._namespace_name, labels=labels("namespace")
        )

    def _create_quota(self, quota: Quota, balanced_ports: int) -> None:
        kubernetes.core.v1.ResourceQuota(
            "quota",
            metadata=self._metadata("platform"),
            spec=kubernetes.core.v1.ResourceQuotaSpecArgs(
                hard={
                    "pods": str(quota.pods),
                    "requests.cpu": quota.cpu_requests,
                    "requests.memory": quota.memory_requests,
                    "limits.cpu": quota.cpu_limits,
                    "limits.memory": quota.memory_limits,
                    # The way in is the Gateway: nothing else may open a port of its own. A load
                    # balancer reaches each of its ports at a port of the nodes.
                    "services.loadbalancers": "1" if balanced_ports else "0",
                    "services.nodeports": str(balanced_ports),
                }
            ),
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _create_limit_range(self) -> None:
        kubernetes.core.v1.LimitRange(
            "limits",
            metadata=self._metadata("containers"),
            spec=kubernetes.core.v1.LimitRangeSpecArgs(
                limits=[
                    # The platform's own containers all say what they need. This is for the
                    # operator's debugging pod, which the quota would refuse without limits.
                    kubernetes.core.v1.LimitRangeItemArgs(
                        type="Container",
                        default={"cpu": "100m", "memory": "64Mi"},
                        default_request={"cpu": "20m", "memory": "32Mi"},
                    )
                ]
            ),
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _create_denials(self) -> None:
        kubernetes.networking.v1.NetworkPolicy(
            "deny-all",
            metadata=self._metadata("deny-all"),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(),
                policy_types=["Ingress", "Egress"],
            ),
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _create_dns_permission(self) -> None:
        dns = kubernetes.networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=network.namespace("kube-system").namespace_selector,
            pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
        )
        kubernetes.networking.v1.NetworkPolicy(
            "allow-dns",
            metadata=self._metadata("allow-dns"),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(),
                policy_types=["Egress"],
                egress=[
                    kubernetes.networking.v1.NetworkPolicyEgressRuleArgs(
                        to=[dns],
                        ports=[
                            kubernetes.networking.v1.NetworkPolicyPortArgs(
                                protocol=protocol, port=53
                            )
                            for protocol in ("UDP", "TCP")
                        ],
                    )
                ],
            ),
            opts=self.child_options(depends_on=[self._namespace]),
        )
