"""What Prometheus scrapes: a PodMonitor for each of the platform's programs and the operator of its
secrets.

Pods, not Services: workers have none, and a rule means this pod. `job` names the program, as the
rules and dashboards ask for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.base import selector
from components.redis import topology
from components.secrets.operator import NAMESPACE as EXTERNAL_SECRETS
from settings import Settings

_UNBOUNDED = ("form_path", "path", "webhook_path", "workflow_id", "workflow_name")
"""Labels that n8n gives some metrics with other settings than these, or without the hook that its
webhook pods have: a value for each workflow, or for each path that somebody asks for.

A series with one of them is dropped whole. Without the label alone, Prometheus would keep one of
those that are then equal, and its value would be wrong; it sums up nothing while it scrapes. Nor is
there a `sampleLimit`: at one too many it drops the scrape, so that callers could blind it.
"""


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One program that delivers metrics.

    Attributes:
        job: its name, which is the label `job` of its metrics.
        port: name of the container's port.
        pods: labels of its pods.
        at_least: fewest pods that should answer; None for those that are not the platform's own,
            and for tiers that have no pods while the platform waits.
        without: labels that a series must not have; it is dropped.
        namespace: where they are, if not in the platform's own namespace.
    """

    job: str
    port: str
    pods: Mapping[str, str]
    at_least: int | None = None
    without: tuple[str, ...] = ()
    namespace: str | None = None

    def spec(self) -> dict[str, Any]:
        """The `spec` of its PodMonitor."""
        elsewhere = {"namespaceSelector": {"matchNames": [self.namespace]}}
        return {
            **(elsewhere if self.namespace else {}),
            "selector": {"matchLabels": dict(self.pods)},
            "podMetricsEndpoints": [
                {
                    "port": self.port,
                    "path": "/metrics",
                    # A pod that is ending or has ended answers no more, which is no fault.
                    "filterRunning": True,
                    # What a program elsewhere says of a namespace is about that one, not its own.
                    **({"honorLabels": True} if self.namespace else {}),
                    "relabelings": [
                        {"action": "replace", "targetLabel": "job", "replacement": self.job}
                    ],
                    "metricRelabelings": [
                        {"action": "drop", "sourceLabels": [label], "regex": ".+"}
                        for label in self.without
                    ],
                }
            ],
        }


def scrapes(settings: Settings) -> Iterator[Scrape]:
    """The programs that the platform runs with these settings."""
    smallest = {
        "main": 1,
        "webhook": settings.webhook.min_replicas,
        "worker": settings.worker.min_replicas,
    }
    for tier, pods in smallest.items():
        yield Scrape(
            job=f"n8n-{tier}",
            port="http",
            pods=selector(tier),
            at_least=pods if settings.works else None,
            without=_UNBOUNDED,
        )
    if settings.ai.gateway != "none":
        yield Scrape(
            job="ai-router",
            port="ai-metrics",
            pods=selector("worker"),
            at_least=smallest["worker"] if settings.works else None,
        )
    yield Scrape(
        job="redis",
        port="metrics",
        # Those of all zones.
        pods=selector("node", instance=topology.NAME),
        at_least=topology.PODS_PER_ZONE * len(settings.platform.zones),
    )
    if settings.database.mode == "in-cluster":
        yield Scrape(
            job="postgres",
            port="metrics",
            pods=selector("database", instance="postgres"),
            at_least=1,
        )
    if settings.secrets.source == "esc":
        yield Scrape(
            job="external-secrets",
            port="metrics",
            pods={"app.kubernetes.io/name": "external-secrets"},
            namespace=EXTERNAL_SECRETS,
        )
