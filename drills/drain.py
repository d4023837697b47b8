"""Every node is drained in turn, through the eviction API, as for an upgrade of the nodes."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from drills import defaults, serving
from drills.cluster import Cluster, whole
from drills.figures import Figure, Report
from drills.nodes import START_SECONDS
from drills.platform import NAMESPACE, PODS, Deployed
from drills.serving import TIERS, Sample
from local.errors import LocalError

_BOUND_SECONDS = 120
"""Pods end at once here and start in less than half a minute, and a node holds two or three of one
tier at most: a drain that takes longer is one that a budget blocks."""

_BUDGET = "disruption budget"
"""What `kubectl drain` says of a pod that it may not evict: the API server's own words."""


@dataclass(frozen=True, kw_only=True)
class Drained:
    """One node's drain.

    Attributes:
        node: which.
        pods: how many pods of the platform it held.
        seconds: until it held none; None if a budget blocked.
        samples: from its begin to its end.
    """

    node: str
    pods: int
    seconds: float | None
    samples: list[Sample]


def run(platform: Deployed) -> Report:
    """Drain and uncordon one node after the other; copies with defaults are drained with it."""
    cluster = platform.cluster
    drained = []
    for node in cluster.nodes():
        with platform.steps.step(f"Drain of {node}") as step:
            cluster.wait(_all_whole, "both lots of workloads are whole")
            drained.append(_drain(cluster, node))
            step.done(f"{drained[-1].pods} pods")
    samples = [sample for each in drained for sample in each.samples]
    return Report(
        drill="drain",
        title="Every node is drained in turn",
        figures=[
            *(
                Figure(
                    what=f"{each.node}: empty after",
                    measured=each.seconds,
                    unit="s",
                    at_most=_BOUND_SECONDS,
                    note=f"{each.pods} pods",
                )
                for each in drained
            ),
            *(
                Figure(
                    what=f"{tier}: fewest that served, of {PODS[tier]}",
                    measured=serving.lowest(samples, NAMESPACE, tier),
                    unit="",
                    # Budgets let one pod go at a time; main is the only one that it has.
                    at_least=PODS[tier] - 1 if PODS[tier] > 1 else None,
                    compared=serving.lowest(samples, defaults.NAMESPACE, tier),
                )
                for tier in (*TIERS, "redis")
            ),
        ],
        remarks=[
            f"Pods become ready {START_SECONDS['n8n']} s (n8n) or {START_SECONDS['redis']} s "
            "(Redis) after they are placed, and end at once: a real worker may take its grace "
            "period of 330 s to finish what it executes."
        ],
    )


def _all_whole(sample: Sample) -> bool:
    return all(whole(sample, each, PODS) for each in (NAMESPACE, defaults.NAMESPACE))


def _drain(cluster: Cluster, node: str) -> Drained:
    since = time.monotonic()
    held = [
        pod
        for pod in cluster.sample(since=since).pods
        if (pod.namespace, pod.node) == (NAMESPACE, node)
    ]
    samples: list[Sample] = []
    ended = threading.Event()

    def look() -> None:
        samples.extend(
            cluster.watch(
                lambda _: ended.is_set(), since=since, seconds=10 * _BOUND_SECONDS, report=_nothing
            )
        )

    watching = threading.Thread(target=look)
    watching.start()
    seconds: float | None = None
    try:
        cluster.kubectl(
            *("drain", node, "--ignore-daemonsets", "--delete-emptydir-data"),
            f"--timeout={_BOUND_SECONDS}s",
        )
        seconds = time.monotonic() - since
    except LocalError as error:
        # The figure says so: it has no time. Anything else is not what is measured.
        if _BUDGET not in str(error):
            raise
    finally:
        ended.set()
        watching.join()
        cluster.kubectl("uncordon", node)
    return Drained(node=node, pods=len(held), seconds=seconds, samples=samples)


def _nothing(_: Sample) -> None:
    """Nobody is told."""
