"""What the Envoys are like that Envoy Gateway makes for the platform's Gateway, and what leads
there: a Service with a load balancer.

A request meets a load balancer of the cloud, a node that has an Envoy, and that Envoy; no other
node is between (`externalTrafficPolicy: Local`), so Envoy sees the caller's address.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from components.aws.tags import tags
from components.envoy_gateway.scheduling import spread, tolerations
from settings import Settings

ENVOYS = {
    "app.kubernetes.io/name": "envoy",
    "app.kubernetes.io/component": "proxy",
    "app.kubernetes.io/managed-by": "envoy-gateway",
}
"""Labels that Envoy Gateway gives its Envoys."""

LATENCY_BUCKETS = (
    *(0.5, 1, 5, 10, 25, 50, 100, 150, 250, 500, 1000, 2500, 5000, 10000),
    *(30000, 60000, 300000, 600000, 1800000, 3600000),
)
"""Of Envoy's histogram of answers, in milliseconds: Envoy's own, and one that ends at what is
promised of webhooks, 150 ms. The embedded environment's Envoys have the same."""

_REPLICAS = 3
"""One in each zone, and no autoscaler: behind them are at most a few webhook pods and a single main
pod, each a Node.js program of one thread, which any one of them outruns."""

_CHECK_SECONDS = 10
"""Between two questions of AWS' load balancer whether a node has an Envoy that does not end. Two
answers of a kind count (buildNLBHealthCheckConfiguration of kubernetes/cloud-provider-aws)."""

_NOTICED_SECONDS = 3 * _CHECK_SECONDS
"""After which a load balancer sends nothing new to a node whose Envoy ends."""

_PRIVILEGED_SHIFT = 10_000
"""What Envoy Gateway adds to a listener's port below 1024, to have the port that Envoy listens on
without privileges (wellKnownPortShift of its sources)."""

_AWS = "service.beta.kubernetes.io/aws-load-balancer"


def listener_ports(settings: Settings) -> list[int]:
    """Ports of the Gateway's listeners, which are the load balancer's, in order."""
    addresses = [urlsplit(each) for each in (settings.n8n.webhook_url, settings.n8n.editor_url)]
    secure = any(each.scheme == "https" for each in addresses)
    ports = {each.port or (443 if each.scheme == "https" else 80) for each in addresses}
    # Where plain http is led to https.
    return sorted(ports | ({80} if secure else set()))


def envoy_ports(settings: Settings) -> list[int]:
    """Ports on which an Envoy takes what comes to the listeners, in the same order."""
    return [port + _PRIVILEGED_SHIFT if port < 1024 else port for port in listener_ports(settings)]


def envoy_proxy(settings: Settings) -> dict[str, Any]:
    """The `spec` of the EnvoyProxy."""
    return {
        "bootstrap": {"type": "Merge", "value": _bootstrap()},
        "shutdown": _shutdown(settings),
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": _deployment(),
                "envoyPDB": {"maxUnavailable": 1},
                "envoyService": {
                    "type": "LoadBalancer",
                    "externalTrafficPolicy": "Local",
                    "annotations": _load_balancer(settings),
                },
            },
        },
    }


def _bootstrap() -> str:
    # JSON, which is YAML.
    return json.dumps(
        {
            "stats_config": {
                "histogram_bucket_settings": [
                    {"match": {"suffix": "upstream_rq_time"}, "buckets": LATENCY_BUCKETS}
                ]
            }
        }
    )


def _shutdown(settings: Settings) -> Mapping[str, str]:
    """How an Envoy ends.

    It tells callers at once to open no further request on their connections, and goes on taking
    new ones until the load balancer has noticed. Requests under way then have as long as a webhook
    pod that ends would give them; n8n cannot promise them more.
    """
    drain = _NOTICED_SECONDS + settings.webhook.grace_period_seconds
    return {
        "healthCheckFailureDelay": f"{_NOTICED_SECONDS}s",
        "minDrainDuration": f"{_NOTICED_SECONDS + _CHECK_SECONDS}s",
        "drainTimeout": f"{drain}s",
    }


def _deployment() -> dict[str, Any]:
    return {
        "replicas": _REPLICAS,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "pod": {
            "topologySpreadConstraints": spread(ENVOYS),
            "tolerations": tolerations(),
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}}],
        },
        # What else Pod Security asks of the container Envoy Gateway always sets.
        "container": {
            "resources": {
                "requests": {"cpu": "100m", "memory": "256Mi"},
                "limits": {"cpu": "1", "memory": "512Mi"},
            },
            "securityContext": {"readOnlyRootFilesystem": True},
        },
        "patch": {
            "type": "StrategicMerge",
            "value": {
                "spec": {
                    "template": {
                        "spec": {
                            "enableServiceLinks": False,
                            "containers": [_patched_envoy(), _patched_shutdown_manager()],
                        }
                    }
                }
            },
        },
    }


def _patched_envoy() -> dict[str, Any]:
    # By default one answer that takes more than a second takes an Envoy out of service.
    return {
        "name": "envoy",
        "readinessProbe": {"timeoutSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {"timeoutSeconds": 5},
    }


def _patched_shutdown_manager() -> dict[str, Any]:
    return {
        "name": "shutdown-manager",
        "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}},
        # Where its two halves meet: the hook that drains, and the one that waits.
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def _load_balancer(settings: Settings) -> dict[str, str]:
    """Annotations for the controller that EKS has built in; nothing outside AWS."""
    if settings.aws is None:
        return {}
    return {
        f"{_AWS}-type": "nlb",
        # A zone whose Envoy is being replaced is served by those of the others.
        f"{_AWS}-cross-zone-load-balancing-enabled": "true",
        f"{_AWS}-additional-resource-tags": ",".join(
            f"{key}={value}" for key, value in tags(settings).items()
        ),
    }
