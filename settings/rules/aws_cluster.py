"""Rules of the EKS cluster: who gets in, and nodes that outlive the loss of a zone."""

import math
from collections.abc import Iterator
from decimal import Decimal

from settings import sizing
from settings.aws.nodes import Room, room
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

_OPERATORS_CPU = Decimal(2)
_OPERATORS_MEMORY = Decimal(4 * 2**30)
_OPERATORS_PODS = 24
"""What a cluster's own parts ask for together. By their charts' defaults: CoreDNS two of 100m and
70Mi, metrics-server two of 100m and 200Mi, the CSI driver's controller two of 60m and 240Mi, KEDA
three of 100m and 100Mi, External Secrets three pods without. As this platform installs it, Envoy
Gateway two of 100m and 256Mi, with three Envoys of 110m and 288Mi. Together 1.4 cores and 2.6 GiB
in 17 pods; the rest is for the organisation's."""

MONITORING_CPU = Decimal(3)
MONITORING_MEMORY = Decimal(10 * 2**30)
MONITORING_PODS = 16
"""What kube-prometheus-stack's namespace may ask for, where the platform brings it; its node
exporters are among each node's daemons."""


def the_deployer_gets_in(settings: Settings) -> Iterator[Problem]:
    """Somebody may administer a new cluster: EKS lets in nobody who is not named."""
    aws = settings.aws
    if aws is None or aws.cluster.existing:
        return
    roles = [each.role for each in aws.cluster.access]
    if not any(each.level == "admin" for each in aws.cluster.access):
        yield Problem(
            key="aws.cluster.access",
            given=", ".join(roles) or "empty",
            wanted="the IAM role that deploys, with level admin: nobody else can add one",
        )
    for role in dict.fromkeys(roles):
        if roles.count(role) > 1:
            yield Problem(
                key="aws.cluster.access", given=f"{role}, twice", wanted="each role with one level"
            )


def a_node_release_is_of_the_version(settings: Settings) -> Iterator[Problem]:
    """Nodes are not newer than their control plane, nor left behind when it is upgraded."""
    aws = settings.aws
    if aws is None or not aws.cluster.node_release:
        return
    if not aws.cluster.node_release.startswith(f"{aws.cluster.version}."):
        yield Problem(
            key="aws.cluster.nodeRelease",
            given=aws.cluster.node_release,
            wanted=f"a release of {aws.cluster.version}, which is aws.cluster.version",
            compares=("aws.cluster.version",),
        )


def nodes_hold_the_platform(settings: Settings) -> Iterator[Problem]:
    """Two zones' nodes hold every tier at its maximum, and all three a rollout of that."""
    aws = settings.aws
    if aws is None or aws.cluster.existing:
        return
    compares = (
        "aws.cluster.nodeType",
        *("main", "webhook", "worker", "redis.resources", "database", "ai", "monitoring"),
    )
    needed = nodes_needed_per_zone(settings, aws.cluster.node_type)
    if needed is None:
        yield Problem(
            key="aws.cluster.nodeType",
            given=aws.cluster.node_type,
            wanted="a larger one: the largest pod of the platform does not fit",
            compares=compares,
        )
    elif aws.cluster.nodes_per_zone < needed:
        yield Problem(
            key="aws.cluster.nodesPerZone",
            given=str(aws.cluster.nodes_per_zone),
            wanted=f"at least {needed} of {aws.cluster.node_type}: the nodes of two zones hold "
            "every tier at maxReplicas when the third is lost, and those of all three a rollout; "
            "or a larger aws.cluster.nodeType, or fewer replicas",
            compares=compares,
        )


def nodes_needed_per_zone(settings: Settings, node_type: str) -> int | None:
    """The fewest nodes of a type in each of three zones with which the platform fits.

    A pod cannot be split: in the worst case every node is left with a remainder into which the
    largest pod just does not fit, so that much of each is not counted. Where one node's CPU and
    another's memory run out, more may be lost; the platform's pods all want more of one of them.

    Returns:
        None if the largest pod does not fit on such a node.
    """
    node, largest = room(node_type), sizing.largest_pod(settings)
    packed = Room(
        cpu=node.cpu - largest.cpu_requests,
        memory=node.memory - largest.memory_requests,
        pods=node.pods,
    )
    if packed.cpu <= 0 or packed.memory <= 0:
        return None
    steady = _nodes(settings, sizing.steady_need(settings), packed)
    rollout = _nodes(settings, sizing.peak_need(settings), packed)
    return max(math.ceil(steady / 2), math.ceil(rollout / 3))


def _nodes(settings: Settings, need: sizing.Need, node: Room) -> int:
    """Nodes that hold a need and, beside it, operators."""
    watched = settings.monitoring.stack == "install"
    return max(
        math.ceil((need.cpu_requests + _OPERATORS_CPU + watched * MONITORING_CPU) / node.cpu),
        math.ceil(
            (need.memory_requests + _OPERATORS_MEMORY + watched * MONITORING_MEMORY) / node.memory
        ),
        math.ceil((need.pods + _OPERATORS_PODS + watched * MONITORING_PODS) / node.pods),
    )


RULES: Rules = (
    the_deployer_gets_in,
    a_node_release_is_of_the_version,
    nodes_hold_the_platform,
)
