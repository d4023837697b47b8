"""When an object counts as ready: one pure function per kind, on the live object.

The conditions and messages are the official provider's (pulumi-kubernetes 4.34,
provider/pkg/await).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from local.plugins.kubernetes import kinds, normalizing, pods

Object = Mapping[str, Any]

_NO_PODS = (
    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' "
    "may not match labels on any Pods"
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How far an object is."""

    ready: bool
    progress: str
    """What is being waited for, or that the waiting is over; shown as the resource's status."""
    problems: tuple[str, ...] = ()
    """What is missing; shown when the waiting ends without success."""
    hopeless: bool = False
    """Whether waiting longer cannot help."""


@dataclass(frozen=True, kw_only=True)
class Related:
    """Other objects that say something about the one in question."""

    pods: Sequence[Object] = ()
    endpoint_slices: Sequence[Object] = ()
    storage_classes: Sequence[Object] = ()

    @property
    def pod_problems(self) -> tuple[str, ...]:
        """What keeps the pods from being ready."""
        return tuple(problem for pod in self.pods for problem in pods.problems(pod))


class Needs(Enum):
    """What a rule wants to see besides the object itself."""

    NOTHING = auto()
    PODS = auto()
    ENDPOINT_SLICES = auto()
    STORAGE_CLASSES = auto()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a kind is ready."""

    judge: Callable[[Object, Related], Verdict]
    needs: Needs = Needs.NOTHING
    timeout: float
    """Seconds to wait when neither the resource option nor the annotation says how long."""
    on_refresh: bool = True
    """Whether a refresh marks an object that is not ready as failed."""


def rule_for(obj: Object) -> Rule | None:
    """The rule of the object's kind, or None if an object of this kind is ready once it exists."""
    kind = kinds.of_object(obj)
    return _RULES.get((kind.group, kind.name))


def deployment(obj: Object, related: Related) -> Verdict:
    """The current ReplicaSet has all its pods available."""
    spec, status = _spec(obj), _status(obj)
    wanted = spec.get("replicas", 1)
    # Until the controller has seen the change, its numbers are about the pods of before.
    updated = status.get("updatedReplicas", 0) if _is_observed(obj) else 0
    available = min(status.get("availableReplicas", 0), updated)
    conditions = _conditions(obj)
    progressing = conditions.get("Progressing", {})
    # Without a limit (progressDeadlineSeconds 2147483647) there is no such condition.
    is_rolled_out = progressing.get("reason", "NewReplicaSetAvailable") == "NewReplicaSetAvailable"
    is_available = conditions.get("Available", {}).get("status") == "True"
    if (
        _is_observed(obj)
        and is_available
        and is_rolled_out
        and updated >= wanted
        and available >= wanted
    ):
        return Verdict(ready=True, progress="Deployment initialization complete")
    problems = [
        f"[{condition['reason']}] {condition.get('message', '')}"
        for name in ("Progressing", "Available")
        if (condition := conditions.get(name, {})).get("status") == "False"
        and condition.get("reason")
    ]
    problems.append(
        "Minimum number of Pods to consider the application live was not attained"
        if is_available
        else "Minimum number of live Pods was not attained"
    )
    return Verdict(
        ready=False,
        progress="Waiting for app ReplicaSet to be available "
        f"({available}/{wanted} Pods available)",
        problems=(*problems, *related.pod_problems),
    )


def stateful_set(obj: Object, related: Related) -> Verdict:
    """All replicas are ready and of the current revision."""
    spec, status = _spec(obj), _status(obj)
    wanted = spec.get("replicas", 1)
    ready = status.get("readyReplicas", 0)
    current, update = status.get("currentRevision", ""), status.get("updateRevision", "")
    on_delete = (spec.get("updateStrategy") or {}).get("type") == "OnDelete"
    generation = (obj.get("metadata") or {}).get("generation", 1)
    replicas_ready = _is_observed(obj) and status.get("replicas", 0) == ready == wanted
    if generation > 1 and on_delete:
        revision_ready = True
    else:
        revision_ready = bool(current) and current == update
        replicas_ready = replicas_ready and status.get("currentReplicas", 0) == wanted
    if revision_ready and replicas_ready:
        return Verdict(ready=True, progress="StatefulSet initialization complete")
    shown = ready if revision_ready else min(ready, status.get("updatedReplicas", 0))
    if generation <= 1:
        progress = f"[1/2] Waiting for StatefulSet to create Pods ({shown}/{wanted} Pods ready)"
    elif not replicas_ready:
        progress = f"[1/3] Waiting for StatefulSet update to roll out ({shown}/{wanted} Pods ready)"
    else:
        progress = "[2/3] Waiting for StatefulSet to update .status.currentRevision"
    problems = [f"{shown} out of {wanted} replicas succeeded readiness checks"]
    if not revision_ready:
        problems.append(
            f'StatefulSet controller failed to advance from revision "{current}" '
            f'to revision "{update}"'
        )
    return Verdict(ready=False, progress=progress, problems=(*problems, *related.pod_problems))


def daemon_set(obj: Object, related: Related) -> Verdict:
    """Every node that should run a pod has an available one of the current revision."""
    status = _status(obj)
    wanted = status.get("desiredNumberScheduled", 0)
    available = min(status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0))
    if _is_observed(obj) and available >= wanted:
        return Verdict(ready=True, progress="DaemonSet initialization complete")
    return Verdict(
        ready=False,
        progress=f"Waiting for DaemonSet to be available ({available}/{wanted} Pods available)",
        problems=(
            f"{available} out of {wanted} replicas succeeded readiness checks",
            *related.pod_problems,
        ),
    )


def job(obj: Object, related: Related) -> Verdict:
    """The job has completed; a failed one will not."""
    status, conditions = _status(obj), _conditions(obj)
    if conditions.get("Complete", {}).get("status") == "True":
        return Verdict(ready=True, progress="Job initialization complete")
    failed = conditions.get("Failed", {})
    counts = " | ".join(
        f"{name}: {status.get(name.lower(), 0)}" for name in ("Active", "Succeeded", "Failed")
    )
    name = (obj.get("metadata") or {}).get("name")
    if failed.get("status") == "True":
        problem = f"[{failed.get('reason')}] {failed.get('message', '')}"
        return Verdict(
            ready=False,
            progress=problem,
            problems=(problem, *related.pod_problems),
            hopeless=True,
        )
    progress = (
        f'Waiting for Job "{name}" to succeed ({counts})'
        if status.get("startTime")
        else f'Waiting for Job "{name}" to start'
    )
    return Verdict(ready=False, progress=progress, problems=(progress, *related.pod_problems))


def pod(obj: Object, _: Related) -> Verdict:
    """The pod is ready, or has succeeded."""
    if pods.is_ready(obj):
        return Verdict(ready=True, progress="Pod initialization complete")
    name = (obj.get("metadata") or {}).get("name")
    conditions = _conditions(obj)
    stage = next(
        (
            words
            for condition, words in (("PodScheduled", "scheduled"), ("Initialized", "initialized"))
            if conditions.get(condition, {}).get("status") != "True"
        ),
        "ready",
    )
    progress = f'Waiting for Pod "{name}" to be {stage}'
    problems = tuple(pods.problems(obj)) or (progress,)
    return Verdict(ready=False, progress=progress, problems=problems)


def service(obj: Object, related: Related) -> Verdict:
    """The service reaches pods, and a load balancer has an address.

    Headless services, external names and services without a selector have no pods to wait for.
    """
    spec = _spec(obj)
    kind = spec.get("type", "ClusterIP")
    has_pods = (
        kind == "ExternalName"
        or spec.get("clusterIP") == "None"
        or not spec.get("selector")
        or any(found.get("endpoints") for found in related.endpoint_slices)
    )
    addresses = (_status(obj).get("loadBalancer") or {}).get("ingress")
    has_address = kind != "LoadBalancer" or bool(addresses)
    if has_pods and has_address:
        return Verdict(ready=True, progress="Service initialization complete")
    problems = [] if has_pods else [_NO_PODS]
    if not has_address:
        problems.append(
            "Service was not allocated an IP address; does your cloud provider support this?"
        )
    return Verdict(
        ready=False,
        progress="[2/3] Attempting to allocate IP address to Service"
        if has_pods
        else "[1/3] Finding Pods to direct traffic to",
        problems=tuple(problems),
    )


def claim(obj: Object, related: Related) -> Verdict:
    """The claim is bound, or its storage class binds only when a pod uses it."""
    phase = _status(obj).get("phase")
    if phase == "Bound":
        return Verdict(ready=True, progress="PVC has been bound")
    if _storage_class(obj, related).get("volumeBindingMode") == "WaitForFirstConsumer":
        return Verdict(ready=True, progress="PVC will be bound when a Pod uses it")
    progress = f"Waiting for PVC to be bound (status.phase currently at: {phase})"
    return Verdict(ready=False, progress=progress, problems=(progress,))


def volume(obj: Object, _: Related) -> Verdict:
    """The volume is available or bound."""
    phase = _status(obj).get("phase")
    progress = f"Waiting for PersistentVolume (status.phase currently at: {phase})"
    return Verdict(ready=phase in ("Available", "Bound"), progress=progress, problems=(progress,))


def resource_quota(obj: Object, _: Related) -> Verdict:
    """The quota controller counts against the limits as they are now."""
    wanted = _spec(obj).get("hard") or {}
    counted = _status(obj).get("hard") or {}
    ready = wanted.keys() == counted.keys() and all(
        normalizing.same(counted[name], wanted[name], ("spec", "hard", name), typed=True)
        for name in wanted
    )
    progress = "Waiting for ResourceQuota to be counted"
    return Verdict(ready=ready, progress=progress, problems=(progress,))


def _storage_class(obj: Object, related: Related) -> Object:
    name = _spec(obj).get("storageClassName")
    default = "storageclass.kubernetes.io/is-default-class"
    for candidate in related.storage_classes:
        metadata = candidate.get("metadata") or {}
        if name == metadata.get("name"):
            return candidate
        if name is None and (metadata.get("annotations") or {}).get(default) == "true":
            return candidate
    return {}


def _is_observed(obj: Object) -> bool:
    """Whether the status is about the object as it is now, and not as it was before."""
    generation = (obj.get("metadata") or {}).get("generation", 0)
    return _status(obj).get("observedGeneration", 0) >= generation


def _conditions(obj: Object) -> dict[str, Object]:
    return {c.get("type", ""): c for c in _status(obj).get("conditions") or []}


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _status(obj: Object) -> Object:
    return obj.get("status") or {}


_RULES = {
    ("", "PersistentVolume"): Rule(judge=volume, timeout=300, on_refresh=False),
    ("", "PersistentVolumeClaim"): Rule(
        judge=claim, needs=Needs.STORAGE_CLASSES, timeout=300, on_refresh=False
    ),
    ("", "Pod"): Rule(judge=pod, timeout=300),
    ("", "ResourceQuota"): Rule(judge=resource_quota, timeout=60, on_refresh=False),
    ("", "Service"): Rule(judge=service, needs=Needs.ENDPOINT_SLICES, timeout=600),
    ("apps", "DaemonSet"): Rule(judge=daemon_set, needs=Needs.PODS, timeout=600),
    ("apps", "Deployment"): Rule(judge=deployment, needs=Needs.PODS, timeout=600),
    ("apps", "StatefulSet"): Rule(judge=stateful_set, needs=Needs.PODS, timeout=600),
    ("batch", "Job"): Rule(judge=job, needs=Needs.PODS, timeout=600),
}
