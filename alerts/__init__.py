"""Service level objectives, recording rules and alerts, as groups of a PrometheusRule.

Each alert has a page in `docs/runbooks/`.
"""

from alerts import ai, cluster, n8n, stores
from alerts import jobs as clocked
from alerts.objectives import SLOS
from alerts.rule import Alert, Rule

JOBS = ("n8n-main", "n8n-webhook", "n8n-worker")
"""The jobs that every stack has."""


def groups(*, namespace: str, runbooks: str, jobs: tuple[str, ...] = JOBS) -> list[Rule]:
    """All rules, as `spec.groups` of a PrometheusRule.

    Args:
        namespace: of the platform; rules of one stack leave another's series alone.
        runbooks: address of the folder of runbooks, such as that of `docs/runbooks` on a web site.
        jobs: values of the label `job` that Prometheus should have targets of, besides those of the
            cluster.
    """
    root = runbooks.rstrip("/")

    def alerting(name: str, alerts: list[Alert]) -> Rule:
        rules = [alert.rule(namespace=namespace, runbooks=root) for alert in alerts]
        return {"name": f"n8n-platform.{name}", "rules": rules}

    return [
        {
            "name": "n8n-platform.slo",
            "interval": "30s",
            "rules": [rule for slo in SLOS for rule in slo.recorded_often(namespace)],
        },
        {
            "name": "n8n-platform.slo-long",
            "interval": "2m",
            "rules": [rule for slo in SLOS for rule in slo.recorded_seldom(namespace)],
        },
        alerting("slo-alerts", [alert for slo in SLOS for alert in slo.alerts()]),
        alerting("n8n", list(n8n.ALERTS)),
        alerting("stores", list(stores.ALERTS)),
        alerting("ai", list(ai.ALERTS)),
        alerting("jobs", list(clocked.ALERTS)),
        alerting("cluster", [*cluster.ALERTS, cluster.metrics_missing(jobs)]),
    ]
