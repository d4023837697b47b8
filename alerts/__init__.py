"""Service level objectives, recording rules and alerts, as groups of a PrometheusRule.

Each alert has a page in `docs/runbooks/`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from alerts import ai, audit, availability, cluster, jobs, n8n, probes, rotation, stores
from alerts.objectives import slos
from alerts.rule import Alert, Rule
from alerts.slo import OFTEN_SECONDS

TIERS: Mapping[str, int] = MappingProxyType({"n8n-main": 1, "n8n-webhook": 1, "n8n-worker": 1})
"""The jobs that every stack has."""
NO_KEYS: Mapping[str, int] = MappingProxyType({})
"""Of a stack whose keys are not kept in Pulumi ESC."""


def declared(expected: Mapping[str, int], due: Mapping[str, int]) -> dict[str, list[Alert]]:
    """All alerts by the name of their group; `expected` and `due` as for `groups`."""
    return {
        "slo-alerts": [alert for slo in slos(expected) for alert in slo.alerts()],
        "availability": [*availability.alerts(expected)],
        "n8n": [*n8n.ALERTS],
        "stores": [*stores.ALERTS],
        "probes": [*probes.ALERTS],
        "ai": [*ai.ALERTS],
        "jobs": [*jobs.ALERTS],
        "audit": [*audit.ALERTS],
        "cluster": [*cluster.ALERTS, availability.metrics_missing(expected)],
        "rotation": [*rotation.alerts(due)],
    }


def groups(
    *,
    namespace: str,
    runbooks: str,
    expected: Mapping[str, int] = TIERS,
    due: Mapping[str, int] = NO_KEYS,
) -> list[Rule]:
    """All rules, as `spec.groups` of a PrometheusRule.

    Args:
        namespace: of the platform; rules of one stack leave another's series alone.
        runbooks: address of the folder of runbooks, such as that of `docs/runbooks` on a web site.
        expected: by value of the label `job`, the fewest pods that should answer Prometheus. With
            the gateway's, webhooks are measured there.
        due: by key, seconds since 1970 from which on it is due to be replaced; 0 where its age is
            not known.
    """
    root = runbooks.rstrip("/")
    promised = slos(expected)
    found = [
        {
            "name": "n8n-platform.slo",
            "interval": f"{OFTEN_SECONDS}s",
            "rules": [rule for slo in promised for rule in slo.recorded_often(namespace)],
        },
        {
            "name": "n8n-platform.slo-long",
            "interval": "2m",
            "rules": [rule for slo in promised for rule in slo.recorded_seldom(namespace)],
        },
        {
            "name": "n8n-platform.keys",
            "interval": rotation.INTERVAL,
            "rules": rotation.recorded(due, namespace),
        },
        *(
            {
                "name": f"n8n-platform.{name}",
                "rules": [each.rule(namespace=namespace, runbooks=root) for each in alerts],
            }
            for name, alerts in declared(expected, due).items()
        ),
    ]
    return [group for group in found if group["rules"]]
