"""Where conditions find pods and containers in resources of Kubernetes."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from typing import Any, cast

from policies.resources.place import Absent, Place
from policies.resources.resource import Resource, of_type

_TEMPLATE_PATHS = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
}
"""Where each kind that makes pods keeps their specification."""

_BUNDLES = ("kubernetes:helm.sh/", "kubernetes:yaml", "kubernetes:kustomize")
_BUILT_IN = ("kubernetes:core/v1:", "kubernetes:apps/v1:", "kubernetes:batch/v1:")

is_config_map = of_type("kubernetes:core/v1:ConfigMap")
"""Whether a resource is a ConfigMap; a patch says only what it changes."""

is_namespace = of_type("kubernetes:core/v1:Namespace")
"""Whether a resource is a namespace; a patch says only what it changes."""


def is_object(resource: Resource) -> bool:
    """Whether it is an object of Kubernetes' API, and no chart or file that objects come from."""
    return resource.type.startswith("kubernetes:") and not resource.type.startswith(_BUNDLES)


def has_pods(resource: Resource) -> bool:
    """Whether the resource is a pod, or makes pods."""
    return resource.type.startswith(_BUILT_IN) and resource.kind in _TEMPLATE_PATHS


def pod_spec(resource: Resource) -> Place:
    """The specification of a resource's pods; see `has_pods`."""
    return resource.at(*_TEMPLATE_PATHS[resource.kind])


def mutable_pod_spec(
    resource: Resource, properties: MutableMapping[str, Any]
) -> MutableMapping[str, Any] | None:
    """The same in properties that a remediation may change; None if it is not there or unknown."""
    spec: Any = properties
    for key in _TEMPLATE_PATHS[resource.kind]:
        spec = spec.get(key)
        # Pulumi's own mappings can be changed and yet are no `MutableMapping`.
        if not isinstance(spec, Mapping):
            return None
    return cast(MutableMapping[str, Any], spec)


def set_if_missing(properties: MutableMapping[str, Any], value: Any, *keys: str) -> None:
    """Set the property under these keys where nothing is set.

    What somebody has set, or is not known yet, stays. Nothing is copied: a copy of what holds a
    secret would make it public.
    """
    *parents, last = keys
    inner = properties
    for key in parents:
        if inner.get(key) is None:
            inner[key] = {}
        below = inner[key]
        if not isinstance(below, Mapping):
            return
        inner = cast(MutableMapping[str, Any], below)
    if inner.get(last) is None:
        inner[last] = value


def pod_labels(resource: Resource) -> Place:
    """The labels of a resource's pods; see `has_pods`."""
    *parents, _ = _TEMPLATE_PATHS[resource.kind]
    return resource.at(*parents, "metadata", "labels")


def pod_annotations(resource: Resource) -> Place:
    """The annotations of a resource's pods; see `has_pods`."""
    *parents, _ = _TEMPLATE_PATHS[resource.kind]
    return resource.at(*parents, "metadata", "annotations")


def containers(resource: Resource) -> Iterator[Place]:
    """All containers of a resource's pods: init, sidecar and ephemeral ones too."""
    spec = pod_spec(resource)
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        listed = spec.at(kind)
        if not spec.unknown or kind == "containers":
            yield from listed.each()


def handlers(container: Place) -> Iterator[Place]:
    """The probes and lifecycle hooks of a container."""
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.at(probe)
    for hook in ("postStart", "preStop"):
        yield container.at("lifecycle", hook)


def namespace(resource: Resource) -> str | Absent:
    """The namespace that a resource is in; `default` where neither it nor its provider says."""
    for place in (
        resource.at("metadata", "namespace"),
        resource.provider.at("namespace"),
    ):
        if place.unknown:
            return Absent.UNKNOWN
        if place.text:
            return place.text
    return "default"


@cache
def of_kind(*kinds: str) -> Callable[[Resource], bool]:
    """Whether a resource is of one of these kinds of Kubernetes, whatever its group and version."""
    return lambda resource: resource.type.startswith("kubernetes:") and resource.kind in kinds
