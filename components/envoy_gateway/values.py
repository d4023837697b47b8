"""The values of the chart gateway-helm, and the quota that controller and Envoys need together."""

from typing import Any

from components import governance
from components.envoy_gateway.scheduling import spread, tolerations
from settings import Settings
from settings.platform import Quota

RELEASE = "envoy-gateway"
"""Name of the release; of the controller's Service, whatever the release is called, as well."""

CONTROLLER = {"control-plane": "envoy-gateway"}
"""Label that the chart gives the controller's pods."""

_REPLICAS = 2
"""Both tell Envoys where the endpoints are; without any, Envoys would go on sending requests to the
pods of a lost zone until one is there again."""

QUOTA = Quota(
    # Two controllers and three Envoys, and as many again while they are replaced: an Envoy that
    # drains stands beside the new one. The Job of their certificates, and one to look around with.
    pods=12,
    cpu_requests="1200m",
    memory_requests="3Gi",
    cpu_limits="12",
    memory_limits="7Gi",
)


def values(settings: Settings) -> dict[str, Any]:
    """The chart's values, as far as they differ from its own."""
    return {
        "commonLabels": governance.owner(settings.governance),
        "global": {"images": {"envoyGateway": {"image": settings.routing.controller_image}}},
        # The chart installs this policy if the cluster has none that is Helm's: by Pulumi it would
        # be made by one deployment, deleted by the next, and made again.
        "crds": {"enabled": True, "gatewayAPI": {"safeUpgradePolicy": {"enabled": False}}},
        "deployment": {
            "replicas": _REPLICAS,
            "envoyGateway": {
                "resources": {
                    "requests": {"cpu": "100m", "memory": "256Mi"},
                    "limits": {"cpu": "1", "memory": "512Mi"},
                }
            },
            "pod": {
                "topologySpreadConstraints": spread(CONTROLLER),
                "tolerations": tolerations(),
            },
        },
        "podDisruptionBudget": {"minAvailable": _REPLICAS - 1},
        # Tells each Envoy its zone, for routing within zones, which nothing here uses. Its webhook
        # gets its certificate from that Job, too.
        "topologyInjector": {"enabled": False},
        "config": {
            "envoyGateway": {
                "provider": {
                    "type": "Kubernetes",
                    # Roles in these, instead of a right to read every Secret of the cluster.
                    "kubernetes": {
                        "watch": {
                            "type": "Namespaces",
                            "namespaces": [
                                settings.platform.namespace,
                                settings.routing.gateway_namespace,
                            ],
                        }
                    },
                }
            }
        },
    }
