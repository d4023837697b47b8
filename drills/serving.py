"""What serves while something is broken: pure functions over what the API server listed.

The API server believes a dead node for a while. A drill knows which nodes it broke, so a pod counts
as serving only where it is ready, stays, and its node lives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.base import PART_OF
from components.redis.topology import NAME as REDIS
from components.redis.topology import Shard

TIERS = ("main", "webhook", "worker")
"""The tiers of n8n; Redis' nodes are told apart by their names."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What matters of a pod.

    Attributes:
        namespace: where it is.
        name: its name.
        tier: one of `TIERS`, or `redis`.
        node: where it was placed; empty as long as it is not.
        ready: whether the API server holds it for ready.
        ending: whether it was asked to end.
        unplaced: the scheduler found no node for it.
    """

    namespace: str
    name: str
    tier: str
    node: str
    ready: bool
    ending: bool
    unplaced: bool


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The pods at one moment.

    Attributes:
        seconds: since the thing was broken.
        pods: of all namespaces.
        dead: names of the nodes that are dead in truth.
    """

    seconds: float
    pods: Sequence[Pod]
    dead: frozenset[str] = frozenset()

    def serving(self, namespace: str, tier: str) -> list[Pod]:
        """The pods of a tier that serve."""
        return [
            pod
            for pod in self.pods
            if (pod.namespace, pod.tier) == (namespace, tier) and self._serves(pod)
        ]

    def believed(self, namespace: str) -> list[Pod]:
        """Pods on dead nodes that Services still send requests to."""
        return [
            pod
            for pod in self.pods
            if pod.namespace == namespace and pod.ready and not pod.ending and pod.node in self.dead
        ]

    def unplaced(self, namespace: str) -> list[Pod]:
        """Pods that wait for a node and should not.

        Redis' are left out: each waits for its own zone, where its volume is.
        """
        return [
            pod
            for pod in self.pods
            if pod.namespace == namespace and pod.unplaced and pod.tier != REDIS
        ]

    def _serves(self, pod: Pod) -> bool:
        return pod.ready and not pod.ending and pod.node not in self.dead


def read(manifest: Mapping[str, Any]) -> Pod | None:
    """The pod of a manifest; None where it is none of a tier, for example a Job's."""
    metadata, status = manifest["metadata"], manifest.get("status", {})
    labels = metadata.get("labels", {})
    owners = [owner["kind"] for owner in metadata.get("ownerReferences", [])]
    if labels.get("app.kubernetes.io/part-of") != PART_OF or "Job" in owners:
        return None
    name = labels.get("app.kubernetes.io/name")
    tier = REDIS if name == REDIS else labels.get("app.kubernetes.io/component", "")
    if tier not in (*TIERS, REDIS):
        return None
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    return Pod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        tier=tier,
        node=manifest["spec"].get("nodeName", ""),
        ready=conditions.get("Ready") == "True",
        ending="deletionTimestamp" in metadata,
        unplaced=conditions.get("PodScheduled") == "False",
    )


def strength(sample: Sample, namespace: str) -> Mapping[str, int]:
    """How many pods of each tier serve."""
    return {tier: len(sample.serving(namespace, tier)) for tier in (*TIERS, REDIS)}


def lowest(samples: Sequence[Sample], namespace: str, tier: str) -> int:
    """The fewest pods of a tier that served in any sample."""
    return min(len(sample.serving(namespace, tier)) for sample in samples)


def back_after(samples: Sequence[Sample], namespace: str, tier: str, *, pods: int) -> float | None:
    """Seconds after which a tier had this many serving pods and kept them.

    0 if it always had; None if it has not in the last sample.
    """
    return _since([len(each.serving(namespace, tier)) >= pods for each in samples], samples)


def noticed_after(samples: Sequence[Sample], namespace: str) -> float | None:
    """Seconds after which no Service sends requests to pods on dead nodes any more."""
    return _since([not each.believed(namespace) for each in samples], samples)


def most_unplaced(samples: Sequence[Sample], namespace: str) -> int:
    """The most pods that waited for a node at one time, Redis' left out."""
    return max(len(sample.unplaced(namespace)) for sample in samples)


def lost_shards(sample: Sample, namespace: str, shards: Sequence[Shard]) -> list[Shard]:
    """The shards of which neither the master nor the replica serves."""
    alive = {pod.name for pod in sample.serving(namespace, REDIS)}
    return [shard for shard in shards if not {shard.master, shard.replica} & alive]


def masters(sample: Sample, namespace: str, shards: Sequence[Shard]) -> int:
    """How many of the pods that were masters serve: the electorate of a failover."""
    alive = {pod.name for pod in sample.serving(namespace, REDIS)}
    return sum(shard.master in alive for shard in shards)


def fullest(sample: Sample, namespace: str, tier: str, zone_of: Mapping[str, str]) -> int:
    """The most pods of a tier that one zone holds: what the next lost zone would take."""
    held = Counter(zone_of[pod.node] for pod in sample.serving(namespace, tier))
    return max(held.values(), default=0)


def _since(true: Sequence[bool], samples: Sequence[Sample]) -> float | None:
    """The moment from which on all were true."""
    if not true[-1]:
        return None
    first = next((n for n in range(len(true) - 1, -1, -1) if not true[n]), -1) + 1
    return samples[first].seconds if first else 0.0
