"""What Prometheus scrapes: a PodMonitor for each of the platform's programs.

Pods, not Services: workers have none, and a rule means this pod. `job` names the program, as the
rules and dashboards ask for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.base import selector
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One program that delivers metrics.

    Attributes:
        job: its name, which is the label `job` of its metrics.
        port: name of the container's port.
        pods: labels of its pods.
    """

    job: str
    port: str
    pods: Mapping[str, str]

    def spec(self) -> dict[str, Any]:
        """The `spec` of its PodMonitor."""
        return {
            "selector": {"matchLabels": dict(self.pods)},
            "podMetricsEndpoints": [
                {
                    "port": self.port,
                    "path": "/metrics",
                    # A pod that is ending or has ended answers no more, which is no fault.
                    "filterRunning": True,
                    "relabelings": [
                        {"action": "replace", "targetLabel": "job", "replacement": self.job}
                    ],
                }
            ],
        }


def scrapes(settings: Settings) -> Iterator[Scrape]:
    """The programs that the platform runs with these settings."""
    for tier in ("main", "webhook", "worker"):
        yield Scrape(job=f"n8n-{tier}", port="http", pods=selector(tier))
    if settings.ai.gateway != "none":
        yield Scrape(job="ai-router", port="ai-metrics", pods=selector("worker"))
    if settings.database.mode == "in-cluster":
        yield Scrape(job="postgres", port="metrics", pods=selector("database", instance="postgres"))
