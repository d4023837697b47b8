"""Where pods run, as `components.pods` says it, in the plain words of a chart and an EnvoyProxy."""

from collections.abc import Mapping
from typing import Any

from components.pods import HOST, UNREACHABLE_SECONDS, ZONE


def spread(pod_labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Pods evenly over zones and nodes, as long as there are enough of them."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(pod_labels)},
            "matchLabelKeys": ["pod-template-hash"],
            "nodeTaintsPolicy": "Honor",
        }
        for key in (ZONE, HOST)
    ]


def tolerations() -> list[dict[str, Any]]:
    """Leave a node that is gone soon, so that a lost zone is made up for elsewhere."""
    return [
        {
            "key": f"node.kubernetes.io/{condition}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": UNREACHABLE_SECONDS,
        }
        for condition in ("not-ready", "unreachable")
    ]
