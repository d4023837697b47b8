"""Envoy Gateway from its chart, with the definitions of the Gateway API, and its GatewayClass."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

import versions
from components import network
from components.base import Component, labels
from components.envoy_gateway.certificates import Certificates
from components.envoy_gateway.data_plane import ENVOYS, envoy_ports, envoy_proxy, listener_ports
from components.envoy_gateway.values import CONTROLLER, QUOTA, RELEASE, values
from components.monitoring import access
from components.n8n.environment import PORT as N8N_PORT
from components.namespace import IsolatedNamespace
from settings import Settings

_CHART = "oci://docker.io/envoyproxy/gateway-helm"
_CONTROLLER_NAME = "gateway.envoyproxy.io/gatewayclass-controller"

_XDS_PORTS = (18000, 18002)
"""Where Envoys ask the controller for their configuration, and for modules to load."""


_API_SERVER_PORTS = (443, 6443)
"""The API server behind its Service; and where managed and own clusters serve it."""


class EnvoyGateway(Component):
    """Controller, Envoys and their load balancer in a namespace, and the class that leads there.

    Envoys and load balancer come with the Gateway of this class.
    """

    area = "network"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._namespace_name = settings.routing.gateway_namespace
        self._namespace = IsolatedNamespace(
            "namespace",
            namespace=self._namespace_name,
            quota=QUOTA,
            settings=settings,
            balanced_ports=len(listener_ports(settings)),
            opts=self.child_options(),
        )
        policies = self._create_network_policies()
        certificates = Certificates(
            "certificates",
            settings=settings,
            opts=self.child_options(depends_on=[self._namespace]),
        )
        chart = self._create_chart([*policies, certificates])
        self._create_class(chart)
        self.register_outputs({})

    def _create_network_policies(self) -> list[pulumi.Resource]:
        """The controller to the API server; Envoys to it and to n8n; everybody to Envoys."""
        scraped = access.scrapes(self._settings, access.GATEWAY_PORT)
        peers = kubernetes.networking.v1.NetworkPolicyPeerArgs
        controller, envoys = (
            peers(pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=each))
            for each in (CONTROLLER, ENVOYS)
        )
        everybody = kubernetes.networking.v1.NetworkPolicyIngressRuleArgs(
            ports=network.tcp(*envoy_ports(self._settings))
        )
        return [
            self._create_network_policy(
                "envoy-gateway",
                CONTROLLER,
                ingress=[network.ingress([envoys], *_XDS_PORTS), *scraped],
                # Where the API server is, no policy can say: it is no pod, and its address is the
                # cluster's own.
                egress=[network.egress([network.anywhere_but_metadata()], *_API_SERVER_PORTS)],
            ),
            self._create_network_policy(
                "envoys",
                ENVOYS,
                ingress=[everybody, *scraped],
                egress=[
                    network.egress([controller], *_XDS_PORTS),
                    network.egress(
                        [network.namespace(self._settings.platform.namespace)], N8N_PORT
                    ),
                ],
            ),
        ]

    def _create_network_policy(
        self,
        name: str,
        pods: dict[str, str],
        *,
        ingress: list[kubernetes.networking.v1.NetworkPolicyIngressRuleArgs],
        egress: list[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs],
    ) -> pulumi.Resource:
        return kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata=self._metadata(name),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=pods),
                policy_types=["Ingress", "Egress"],
                ingress=ingress,
                egress=egress,
            ),
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _create_chart(self, after: list[pulumi.Resource]) -> pulumi.Resource:
        return kubernetes.helm.v4.Chart(
            RELEASE,
            chart=_CHART,
            version=versions.ENVOY_GATEWAY_CHART,
            namespace=self._namespace_name,
            values=values(self._settings),
            opts=self.child_options(depends_on=[self._namespace, *after]),
        )

    def _create_class(self, chart: pulumi.Resource) -> None:
        name = self._settings.routing.gateway_class
        proxy = CustomResource(
            "envoy-proxy",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="EnvoyProxy",
            metadata=self._metadata(name),
            spec=envoy_proxy(self._settings),
            # Its kind comes with the chart.
            opts=self.child_options(depends_on=[chart]),
        )
        CustomResource(
            "class",
            api_version="gateway.networking.k8s.io/v1",
            kind="GatewayClass",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=name, labels=self._labels()),
            spec={
                "controllerName": _CONTROLLER_NAME,
                "parametersRef": {
                    "group": "gateway.envoyproxy.io",
                    "kind": "EnvoyProxy",
                    "name": name,
                    "namespace": self._namespace_name,
                },
            },
            opts=self.child_options(depends_on=[chart, proxy]),
        )

    def _metadata(self, name: str) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name, namespace=self._namespace_name, labels=self._labels()
        )

    def _labels(self) -> dict[str, str]:
        return labels("gateway", instance="envoy-gateway")
