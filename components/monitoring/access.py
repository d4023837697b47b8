"""Who may read metrics: Prometheus's pods, in the namespace of the settings, and nobody else."""

import pulumi_kubernetes as kubernetes

from components import network
from components.base import selector
from settings import Settings

AI_ROUTER_PORT = 9464
BLACKBOX_PORT = 9115
POSTGRES_PORT = 9187
REDIS_PORT = 9121
EXTERNAL_SECRETS_PORT = 8080
GATEWAY_PORT = 19001
"""Where Envoy Gateway has each Envoy show its metrics (EnvoyStatsPort of its sources)."""

PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
"""Label that the operator gives Prometheus's pods."""

BLACKBOX_EXPORTER = "blackbox-exporter"
"""Name of what asks from outside, and of its pods' instance."""

PROBES = selector("probes", instance=BLACKBOX_EXPORTER)
"""Labels of its pods, for which what it asks has to be open."""


def scrapes(
    settings: Settings, *ports: int
) -> list[kubernetes.networking.v1.NetworkPolicyIngressRuleArgs]:
    """Prometheus may connect to these TCP ports; nothing where the platform is not watched."""
    if not settings.monitoring.enabled:
        return []
    prometheus = kubernetes.networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=network.namespace(settings.monitoring.namespace).namespace_selector,
        pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=PROMETHEUS),
    )
    return [network.ingress([prometheus], *ports)]
