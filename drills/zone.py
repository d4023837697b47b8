"""Zones are lost: one, beside the same workloads with Kubernetes' defaults; then two at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from components.redis.topology import Shard
from drills import defaults, serving
from drills.cluster import Cluster, whole
from drills.figures import Figure, Report
from drills.nodes import START_SECONDS
from drills.platform import NAMESPACE, PODS, SHARDS, Deployed
from drills.serving import TIERS, Sample
from local.nodes import ZONES

FAILOVER_SECONDS = 600
"""The platform's promise: failover in ten minutes."""

_DEFAULTS_SECONDS = 600
_SURVIVORS = 200
"""Seconds for which two lost zones are watched: what comes back has come back by then."""

_SIMULATED = (
    "Nodes are simulated: pods run no programs, and become ready "
    f"{START_SECONDS['n8n']} s (n8n; 24 s on real nodes) or {START_SECONDS['redis']} s (Redis) "
    "after they are placed. Scheduler, controllers, taints and evictions are Kubernetes' own."
)
_NO_LOAD = "Nothing calls the platform here: `make e2e` loses a zone under load (test_6_zone)."


def one(platform: Deployed) -> Report:
    """Lose the zone that main is in, until the copies with defaults are back as well.

    The copies are there already, their main in the same zone.
    """
    cluster, steps = platform.cluster, platform.steps
    zone = platform.zone_of_main()
    with steps.step(f"{zone} is lost") as step:
        samples = lose(cluster, zone, report=lambda now: step.detail(_said(now)))
        step.done(_said(samples[-1]))
    with steps.step(f"{zone} comes back") as step:
        since = cluster.give_back()
        returned = cluster.watch(
            lambda now: whole(now, NAMESPACE, PODS),
            since=since,
            seconds=FAILOVER_SECONDS,
            report=lambda now: step.detail(_said(now)),
        )
        step.done(_said(returned[-1]))
    return Report(
        drill="zone",
        title=f"One of three zones is lost ({zone}, in which main ran)",
        figures=[*figures_of_loss(samples), *_returned(returned, cluster)],
        remarks=[_SIMULATED, _NO_LOAD, *_remarks(samples)],
    )


def lose(
    cluster: Cluster,
    zone: str,
    *,
    report: Callable[[Sample], None],
    seconds: float = _DEFAULTS_SECONDS,
) -> list[Sample]:
    """Lose a zone; what happened until both lots of workloads were back, or the time was over."""
    return cluster.watch(
        lambda now: _tiers_whole(now, NAMESPACE) and _tiers_whole(now, defaults.NAMESPACE),
        since=cluster.lose(zone),
        seconds=seconds,
        report=report,
    )


def two(platform: Deployed) -> Report:
    """Lose all zones but one, and state what survives."""
    cluster, steps = platform.cluster, platform.steps
    # The drill before ends while pods that it moved still start, main perhaps among them.
    cluster.wait(lambda now: whole(now, NAMESPACE, PODS), "the platform is whole")
    lost = [platform.zone_of_main()]
    lost.append(next(zone for zone in ZONES if zone not in lost))
    (left,) = (zone for zone in ZONES if zone not in lost)
    with steps.step(f"{' and '.join(lost)} are lost") as step:
        since = cluster.lose(*lost)
        samples = cluster.watch(
            lambda now: _tiers_whole(now, NAMESPACE),
            since=since,
            seconds=_SURVIVORS,
            report=lambda now: step.detail(_said(now)),
        )
        step.done(_said(samples[-1]))
    with steps.step(f"{' and '.join(lost)} come back"):
        cluster.give_back()
        cluster.wait(lambda now: whole(now, NAMESPACE, PODS), "the platform is whole")
    first = samples[0]
    gone = serving.lost_shards(first, NAMESPACE, SHARDS)
    slots = sum(shard.slots[1] - shard.slots[0] + 1 for shard in gone)
    figures = [
        *(
            Figure(
                what=f"{tier}: all {PODS[tier]} serve in {left} after",
                measured=serving.back_after(samples, NAMESPACE, tier, pods=PODS[tier]),
                unit="s",
            )
            for tier in TIERS
        ),
        Figure(
            what="Redis: masters that live, of 3",
            measured=serving.masters(first, NAMESPACE, SHARDS),
            unit="",
            note="no majority: nothing is elected, and the queue stands still",
        ),
        Figure(what="Redis: slots that no living pod holds", measured=slots, unit=""),
        Figure(
            what="pods that wait for a node, Redis' left out",
            measured=serving.most_unplaced(samples, NAMESPACE),
            unit="",
            at_most=0,
        ),
    ]
    return Report(
        drill="two-zones",
        title=f"Two of three zones are lost ({' and '.join(lost)}): what survives",
        figures=figures,
        remarks=[
            f"Pods of n8n come back in {left}, but the queue does not: webhooks cannot be accepted "
            "and workers get no jobs until a second zone is back, or the platform fails over to "
            "its standby region. That is why there is no target here.",
        ],
    )


def _tiers_whole(sample: Sample, namespace: str) -> bool:
    return whole(sample, namespace, {tier: PODS[tier] for tier in TIERS})


def figures_of_loss(samples: Sequence[Sample]) -> list[Figure]:
    """What both lots of workloads did while the zone was lost."""
    figures = [
        Figure(
            what="Services send nothing to dead pods after",
            measured=serving.noticed_after(samples, NAMESPACE),
            unit="s",
            compared=_or_never(serving.noticed_after(samples, defaults.NAMESPACE)),
            note="Kubernetes' own time to notice silence; until then callers have to try again",
        )
    ]
    for tier in TIERS:
        pods = PODS[tier]
        back = {
            namespace: serving.back_after(samples, namespace, tier, pods=pods)
            for namespace in (NAMESPACE, defaults.NAMESPACE)
        }
        figures.append(
            Figure(
                what=f"{tier}: all {pods} serve again after",
                measured=back[NAMESPACE],
                unit="s",
                at_most=FAILOVER_SECONDS,
                compared=_or_never(back[defaults.NAMESPACE]),
            )
        )
        figures.append(
            Figure(
                what=f"{tier}: fewest that served, of {pods}",
                measured=serving.lowest(samples, NAMESPACE, tier),
                unit="",
                # A third at most, as zones go: a single pod has no such promise.
                at_least=pods - math.ceil(pods / len(ZONES)) if pods > 1 else None,
                compared=serving.lowest(samples, defaults.NAMESPACE, tier),
            )
        )
    return [*figures, *_redis(samples[0]), *_unplaced(samples)]


def _redis(first: Sample) -> list[Figure]:
    def lost(namespace: str, shards: Sequence[Shard]) -> int:
        return len(serving.lost_shards(first, namespace, shards))

    return [
        Figure(
            what="Redis: shards with neither master nor replica alive",
            measured=lost(NAMESPACE, SHARDS),
            unit="",
            at_most=0,
            compared=lost(defaults.NAMESPACE, defaults.SHARDS),
        ),
        Figure(
            what="Redis: masters that live, of 3",
            measured=serving.masters(first, NAMESPACE, SHARDS),
            unit="",
            at_least=2,
            compared=serving.masters(first, defaults.NAMESPACE, defaults.SHARDS),
            note="the majority that elects; an election took 7 to 9 s in `make e2e`",
        ),
    ]


def _unplaced(samples: Sequence[Sample]) -> list[Figure]:
    return [
        Figure(
            what="pods that wait for a node, Redis' left out",
            measured=serving.most_unplaced(samples, NAMESPACE),
            unit="",
            at_most=0,
            compared=serving.most_unplaced(samples, defaults.NAMESPACE),
            note="Redis' pods of the lost zone wait for it: their volumes are there",
        )
    ]


def _returned(samples: Sequence[Sample], cluster: Cluster) -> list[Figure]:
    back = [serving.back_after(samples, NAMESPACE, tier, pods=pods) for tier, pods in PODS.items()]
    return [
        Figure(
            what="the zone is back: all six of Redis and every tier after",
            measured=None if None in back else max(each or 0 for each in back),
            unit="s",
            at_most=FAILOVER_SECONDS,
        ),
        *(
            Figure(
                what=f"then, {tier}: most in one zone, of {PODS[tier]}",
                measured=serving.fullest(samples[-1], NAMESPACE, tier, cluster.zone_of),
                unit="",
                note="nothing moves running pods back: a rollout spreads them again",
            )
            for tier in TIERS
            if PODS[tier] > 1
        ),
    ]


def _remarks(samples: Sequence[Sample]) -> list[str]:
    noticed = serving.noticed_after(samples, NAMESPACE)
    if noticed is None:
        return []
    return [
        f"Of the time until a tier is back, {noticed:.0f} s pass until Kubernetes notices that the "
        "nodes are silent, 30 s until their pods are given up (300 s by default), "
        f"{START_SECONDS['n8n']} s until new ones have started. Kubernetes gives up nodes of one "
        "zone one by one, every 10 s: a zone with ten nodes takes 90 s longer than one with a "
        "single node."
    ]


def _or_never(seconds: float | None) -> float | str:
    return f"not in {_DEFAULTS_SECONDS} s" if seconds is None else seconds


def _said(sample: Sample) -> str:
    found: Mapping[str, int] = serving.strength(sample, NAMESPACE)
    return ", ".join(f"{tier} {pods}/{PODS[tier]}" for tier, pods in found.items())
