"""The platform's monitoring as it is declared for a stack, for the tests of this folder."""

from collections.abc import Mapping
from typing import Any

import settings
from components.monitoring.platform import PlatformMonitoring
from components.monitoring.stack import KubePrometheusStack
from tests.unit.mocks import Recorded, record

ROUTER = {
    "ai": {"gateway": "sidecar", "routerImage": "ghcr.io/example/ai-router:1.0.0"},
    "integrations": {"add": ["anthropic", "openai"]},
}
ESC = {
    "secrets": {"source": "esc"},
    "esc": {
        "organization": "scoobyjava-org",
        "project": "n8n-platform",
        "environment": "sophia-ai-staging",
    },
}
RECEIVERS = {
    "slack": {"channel": "#alerts", "executiveChannel": "#executives"},
    "pagerDuty": {},
    "email": {
        "to": "team@example.com",
        "sender": "alerts@example.com",
        "user": "alerts",
        "smarthost": "smtp.example.com:587",
    },
    "heartbeat": {},
}


def stack_with(
    *, monitoring: Mapping[str, Any] | None = None, **areas: Mapping[str, Any]
) -> settings.Settings:
    return settings.parse({"monitoring": {"stack": "install", **(monitoring or {})}, **areas})


def watched(**areas: Any) -> Recorded:
    stack = stack_with(**areas)
    return record(lambda: PlatformMonitoring("monitoring", settings=stack))


def installed(**areas: Any) -> Recorded:
    stack = stack_with(**areas)
    return record(lambda: KubePrometheusStack("stack", settings=stack))


def jobs(resources: Recorded) -> dict[str, tuple[str, str]]:
    """The name of each job, with the component and the port that it scrapes."""
    found = {}
    for monitor in resources.of("PodMonitor"):
        spec = monitor.inputs["spec"]
        [endpoint] = spec["podMetricsEndpoints"]
        [job] = [each for each in endpoint["relabelings"] if each["targetLabel"] == "job"]
        chosen = spec["selector"]["matchLabels"]
        known = ("component", "name")
        component = next(
            (chosen[label] for each in known if (label := f"app.kubernetes.io/{each}") in chosen),
            chosen.get("gateway.envoyproxy.io/owning-gateway-name"),
        )
        found[job["replacement"]] = (component, endpoint["port"])
    return found
