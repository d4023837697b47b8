"""The drill on a control plane: a platform that does not spread over zones is found out.

The pods are placed, believed, tainted and evicted by Kubernetes itself; no program runs in them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.pods import ZONE
from drills import zone
from drills.cluster import Cluster, whole
from drills.platform import NAMESPACE, PODS
from drills.serving import TIERS
from local.environment import Environment

LOST = "zone-a"
# Kubernetes notices after 50 s, the second node is given up 10 s later, and pods 30 s after that.
SECONDS = 150


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    environment = Environment(tmp_path / "environment")
    try:
        environment.start()
        yield Cluster(environment)
    finally:
        environment.stop()


def in_one_zone(tier: str) -> dict[str, Any]:
    """A tier as the platform has it, but for its spread: all of it in the zone that is lost."""
    labels = {
        "app.kubernetes.io/name": "n8n",
        "app.kubernetes.io/component": tier,
        "app.kubernetes.io/part-of": "n8n-platform",
    }
    gone = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"n8n-{tier}", "namespace": NAMESPACE},
        "spec": {
            "replicas": PODS[tier],
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{"name": "n8n", "image": "n8n:1"}],
                    "nodeSelector": {ZONE: LOST},
                    "tolerations": [
                        {"key": f"node.kubernetes.io/{each}", **gone}
                        for each in ("not-ready", "unreachable")
                    ],
                },
            },
        },
    }


def test_a_platform_in_one_zone_misses_the_targets_of_its_loss(
    cluster: Cluster, tmp_path: Path
) -> None:
    manifests = tmp_path / "tiers.json"
    tiers = [in_one_zone(tier) for tier in TIERS]
    manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": tiers}))
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("create", "--filename", str(manifests))
    wanted = {tier: PODS[tier] for tier in TIERS}
    cluster.wait(lambda now: whole(now, NAMESPACE, wanted), "every tier is whole")

    samples = zone.lose(cluster, LOST, seconds=SECONDS, report=lambda _: None)
    figures = {figure.what: figure for figure in zone.figures_of_loss(samples)}
    for tier, pods in (("webhook", 3), ("worker", 6)):
        assert figures[f"{tier}: fewest that served, of {pods}"].met is False
        assert figures[f"{tier}: all {pods} serve again after"].met is False
    assert figures["pods that wait for a node, Redis' left out"].measured == 10
    noticed = figures["Services send nothing to dead pods after"].measured
    assert noticed is not None
    assert noticed > 0

    cluster.give_back()
    cluster.wait(lambda now: whole(now, NAMESPACE, wanted), "what waited is placed again")
