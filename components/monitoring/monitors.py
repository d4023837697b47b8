"""What Prometheus scrapes: a PodMonitor for each of the platform's programs, the operator of its
secrets and the gateway in front of it.

Pods, not Services: workers have none, and a rule means this pod. `job` names the program, as the
rules and dashboards ask for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from components.base import selector
from components.redis import topology
from components.routing import GATEWAY
from components.secrets.operator import NAMESPACE as EXTERNAL_SECRETS
from settings import Settings

_UNBOUNDED = ("form_path", "path", "webhook_path", "workflow_id", "workflow_name")
"""Labels that n8n gives some metrics with other settings than these, or without the hook that its
webhook pods have: a value for each workflow, or for each path that somebody asks for.

A series with one of them is dropped whole. Without the label alone, Prometheus would keep one of
those that are then equal, and its value would be wrong; it sums up nothing while it scrapes. Nor is
there a `sampleLimit`: at one too many it drops the scrape, so that callers could blind it.
"""

_COUNTED_BY_GATEWAY = (
    "envoy_cluster_upstream_rq(_time_(bucket|count|sum))?|envoy_http_rq_direct_response"
)
"""Of the thousands of series of an Envoy those that rules and dashboards read: answers and their
duration by route, and what it answered itself by port. `envoy_cluster_upstream_rq` counts the final
answer of a request once, however often it was tried, with what no pod could be reached for; a
caller who goes away before is not counted."""


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One program that delivers metrics.

    Attributes:
        job: its name, which is the label `job` of its metrics.
        port: name of the container's port.
        path: where it delivers them.
        pods: labels of its pods.
        at_least: fewest pods that should answer; None for those of which no rule waits for one, and
            for tiers that have no pods while the platform waits.
        without: labels that a series must not have; it is dropped.
        only: by label, what its whole value must match, as a regular expression; a series with
            another value of one is dropped. A label that a series lacks is empty.
        namespace: where they are, if not in the platform's own namespace.
        about: namespace that their series are about; with `namespace`, None is for a program whose
            series say so themselves.
    """

    job: str
    port: str
    path: str = "/metrics"
    pods: Mapping[str, str]
    at_least: int | None = None
    without: tuple[str, ...] = ()
    only: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    namespace: str | None = None
    about: str | None = None

    def spec(self) -> dict[str, Any]:
        """The `spec` of its PodMonitor."""
        elsewhere = {"namespaceSelector": {"matchNames": [self.namespace]}}
        return {
            **(elsewhere if self.namespace else {}),
            "selector": {"matchLabels": dict(self.pods)},
            "podMetricsEndpoints": [
                {
                    "port": self.port,
                    "path": self.path,
                    # A pod that is ending or has ended answers no more, which is no fault.
                    "filterRunning": True,
                    # What a program elsewhere says of a namespace is about that one, not its own.
                    **({"honorLabels": True} if self.namespace and not self.about else {}),
                    "relabelings": [
                        {"action": "replace", "targetLabel": label, "replacement": value}
                        for label, value in (("job", self.job), ("namespace", self.about))
                        if value
                    ],
                    "metricRelabelings": [
                        *(
                            {"action": "drop", "sourceLabels": [label], "regex": ".+"}
                            for label in self.without
                        ),
                        *(
                            {"action": "keep", "sourceLabels": [label], "regex": expression}
                            for label, expression in self.only.items()
                        ),
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
    if settings.routing.by_envoy_gateway:
        platform = settings.platform.namespace
        owner = "gateway.envoyproxy.io/owning-gateway-"
        yield Scrape(
            job="gateway",
            port="metrics",
            path="/stats/prometheus",
            # Envoys of this Gateway alone.
            pods={f"{owner}name": GATEWAY, f"{owner}namespace": platform},
            at_least=1,
            only={
                "__name__": _COUNTED_BY_GATEWAY,
                # As Envoy Gateway names what a rule of a route leads to, and its listeners.
                "envoy_cluster_name": f"(httproute/{platform}/.+)?",
                "envoy_http_conn_manager_prefix": "(https?-[0-9]+)?",
            },
            namespace=settings.routing.gateway_namespace,
            about=platform,
        )
