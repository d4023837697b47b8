"""The same workloads as Kubernetes places and keeps them when nobody says anything about it.

Copies of the platform's Deployments in a namespace of their own, without spread, tolerations and
disruption budgets. Kubernetes' own defaults then hold: it spreads a little by itself, and leaves
a pod 300 s on a node that is gone. Redis is one StatefulSet of six without rules about zones.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.redis.topology import NAME as REDIS
from components.redis.topology import Shard
from drills.cluster import Cluster, whole
from drills.platform import NAMESPACE as PLATFORM
from drills.platform import PODS, Deployed
from settings.sizing import REDIS_NODES

NAMESPACE = "n8n-defaults"

SHARDS = tuple(
    Shard(slots=(0, 0), master=f"{REDIS}-{master}", replica=f"{REDIS}-{replica}")
    for master, replica in ((0, 4), (1, 5), (2, 3))
)
"""Which pods `redis-cli --cluster create` makes master and replica of six, which no zone guides."""

_RULES = ("affinity", "nodeSelector", "serviceAccount", "serviceAccountName", "tolerations")
_RULES += ("topologySpreadConstraints",)

Manifest = dict[str, Any]


@contextmanager
def beside(platform: Deployed) -> Iterator[None]:
    """Have them beside the platform while the body runs, main in the zone of the platform's.

    Raises:
        LocalError: they are not all ready in time.
    """
    cluster = platform.cluster
    try:
        with platform.steps.step("The same workloads with Kubernetes' defaults") as step:
            _deploy(cluster, main_in=platform.zone_of_main())
            step.done(f"beside the platform, in namespace {NAMESPACE}")
        yield
    finally:
        # Also when a drill fails: the next one makes them anew.
        cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def _deploy(cluster: Cluster, *, main_in: str) -> None:
    copies = [plain(each) for each in cluster.objects("deployments", namespace=PLATFORM)]
    sets = cluster.objects("statefulsets", namespace=PLATFORM)
    copies.append(one_set([each for each in sets if each["metadata"]["name"].startswith(REDIS)]))
    main = [each for each in copies if each["metadata"]["name"].endswith("main")]
    cluster.kubectl("create", "namespace", NAMESPACE)
    with cluster.only(main_in):
        _create(cluster, main)
        cluster.wait(lambda now: bool(now.serving(NAMESPACE, "main")), "the copy of main is ready")
    _create(cluster, [each for each in copies if each not in main])
    cluster.wait(lambda now: whole(now, NAMESPACE, PODS), "the copies are whole")


def plain(manifest: Mapping[str, Any]) -> Manifest:
    """A copy of a workload for the other namespace, less all that it says of nodes and zones."""
    spec = copy.deepcopy(dict(manifest["spec"]))
    pod = spec["template"]["spec"]
    for rule in _RULES:
        pod.pop(rule, None)
    metadata = manifest["metadata"]
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {
            "name": metadata["name"],
            "namespace": NAMESPACE,
            "labels": metadata.get("labels", {}),
        },
        "spec": spec,
    }


def one_set(sets: Sequence[Mapping[str, Any]]) -> Manifest:
    """Redis' StatefulSets, one for each zone, as one without zones."""
    merged = plain(sets[0])
    merged["metadata"]["name"] = REDIS
    labels = {
        key: value
        for key, value in merged["spec"]["template"]["metadata"]["labels"].items()
        if all(each["spec"]["template"]["metadata"]["labels"].get(key) == value for each in sets)
    }
    merged["spec"]["template"]["metadata"]["labels"] = labels
    merged["spec"]["selector"] = {"matchLabels": labels}
    merged["spec"]["replicas"] = REDIS_NODES
    return merged


def _create(cluster: Cluster, manifests: Sequence[Manifest]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(listed, file)
        file.flush()
        cluster.kubectl("create", "--filename", str(Path(file.name)))
