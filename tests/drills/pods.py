"""Pods as drills see them, for tests."""

from collections.abc import Iterable

from drills.platform import NAMESPACE, PODS, SHARDS
from drills.serving import Pod, Sample
from local.nodes import ZONES

DEAD = frozenset({"zone-a-1", "zone-a-2"})


def pod(tier: str, node: str, *, name: str = "", ready: bool = True, ending: bool = False) -> Pod:
    """A pod of the platform; without a node, one that none was found for."""
    return Pod(
        namespace=NAMESPACE,
        name=name or f"{tier}-on-{node}",
        tier=tier,
        node=node,
        ready=ready and bool(node),
        ending=ending,
        unplaced=not node,
    )


def sample(seconds: float, pods: Iterable[Pod], *, dead: frozenset[str] = frozenset()) -> Sample:
    return Sample(seconds=seconds, pods=list(pods), dead=dead)


def spread() -> list[Pod]:
    """The whole platform, every tier evenly over the zones; main is in the first."""
    tiers = [
        pod(tier, f"{ZONES[number % len(ZONES)]}-1")
        for tier in ("main", "webhook", "worker")
        for number in range(PODS[tier])
    ]
    redis = [
        pod("redis", f"{zone}-{number + 1}", name=name)
        for place, zone in enumerate(ZONES)
        for number, name in enumerate((SHARDS[place].master, SHARDS[place - 1].replica))
    ]
    return tiers + redis
