"""Workloads of a stack: what runs their pods, and how many there are at least."""

from collections.abc import Iterator

from policies.resources.answers import Answer, every, is_called, known, share_namespace
from policies.resources.kubernetes import has_pods, of_kind
from policies.resources.place import Place
from policies.resources.resource import Resource, Stack, of_type

SINGLE_REPLICA = "n8n-platform/single-replica"
"""Annotation of a Deployment or StatefulSet that may have one pod only; its value says why."""

is_workload = of_type("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
"""Whether a resource keeps a number of pods running. A DaemonSet's number is that of the nodes; a
patch says only what it changes."""

is_autoscaler = of_type(
    "kubernetes:autoscaling/v*:HorizontalPodAutoscaler", "kubernetes:keda.sh/v*:ScaledObject"
)
"""Whether a resource changes a workload's number of pods: Kubernetes' own kind, or KEDA's."""

_MINIMUM_DEFAULTS = {
    "HorizontalPodAutoscaler": ("minReplicas", 1),
    "ScaledObject": ("minReplicaCount", 0),
}
_MAXIMUM = {"HorizontalPodAutoscaler": "maxReplicas", "ScaledObject": "maxReplicaCount"}


def runs_pods(resource: Resource) -> bool:
    """Whether a resource declares pods that will run: no template on its own, and no patch."""
    return (
        has_pods(resource)
        and not of_kind("PodTemplate")(resource)
        and not resource.type.endswith("Patch")
    )


def is_declared_single(workload: Resource) -> Answer:
    """Whether a workload says why it may have one pod only."""
    reason = workload.at("metadata", "annotations", SINGLE_REPLICA)
    return known(reason, bool(reason.text and reason.text.strip()))


def minimum(autoscaler: Resource) -> tuple[Place, int]:
    """Where an autoscaler says how many pods there are at least, and what holds if it doesn't."""
    key, default = _MINIMUM_DEFAULTS[autoscaler.kind]
    return autoscaler.at("spec", key), default


def maximum(autoscaler: Resource) -> Place:
    """Where an autoscaler says how many pods there are at most."""
    return autoscaler.at("spec", _MAXIMUM[autoscaler.kind])


def autoscalers(workload: Resource, stack: Stack) -> Iterator[tuple[Resource, Answer]]:
    """Autoscalers that decide a workload's number of pods, or may: those are not known yet."""
    for autoscaler in stack.where(is_autoscaler):
        answer = _scales(autoscaler, workload)
        if answer is not False:
            yield autoscaler, answer


def fewest_pods(workload: Resource, stack: Stack) -> float | None:
    """How many pods a workload has at least; None if that is not known."""
    place, default = workload.at("spec", "replicas"), 1
    for autoscaler, answer in autoscalers(workload, stack):
        if answer is None:
            return None
        place, default = minimum(autoscaler)
    if place.unknown:
        return None
    return default if place.number is None else place.number


def _scales(autoscaler: Resource, workload: Resource) -> Answer:
    target = autoscaler.at("spec", "scaleTargetRef")
    kind = target.at("kind")
    # KEDA's default; Kubernetes has none.
    same_kind = known(kind, (kind.text or "Deployment") == workload.kind)
    return every(
        [share_namespace(autoscaler, workload), same_kind, is_called(workload, target.at("name"))]
    )
