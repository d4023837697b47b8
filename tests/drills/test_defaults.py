"""Copies with Kubernetes' defaults say nothing of zones, and are otherwise the same."""

from typing import Any

from drills import defaults
from settings.sizing import REDIS_NODES


def workload(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "n8n", "uid": "1", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "affinity": {"nodeAffinity": {}},
                    "containers": [{"name": "it", "image": "it:1"}],
                    "serviceAccountName": name,
                    "tolerations": [{"key": "node.kubernetes.io/unreachable"}],
                    "topologySpreadConstraints": [{"maxSkew": 1}],
                },
            },
        },
        "status": {"replicas": 2},
    }


def test_a_copy_keeps_what_runs_and_loses_where_it_may() -> None:
    original = workload("n8n-worker", tier="worker")
    copied = defaults.plain(original)
    assert copied["spec"]["template"]["spec"] == {"containers": [{"name": "it", "image": "it:1"}]}
    assert copied["spec"]["replicas"] == 2
    assert copied["metadata"]["namespace"] == defaults.NAMESPACE
    assert "uid" not in copied["metadata"]
    assert "tolerations" in original["spec"]["template"]["spec"]


def test_redis_becomes_one_set_of_all_its_pods_with_the_labels_that_its_sets_share() -> None:
    sets = [workload(f"redis-{zone}", app="redis", zone=zone) for zone in "abc"]
    merged = defaults.one_set(sets)
    assert merged["metadata"]["name"] == "redis"
    assert merged["spec"]["replicas"] == REDIS_NODES
    assert merged["spec"]["template"]["metadata"]["labels"] == {"app": "redis"}
    assert merged["spec"]["selector"] == {"matchLabels": {"app": "redis"}}
