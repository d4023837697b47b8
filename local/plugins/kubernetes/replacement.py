"""The fields that cannot be changed in place: changing one replaces the object.

The list is the official provider's (pulumi-kubernetes 4.34, provider/pkg/provider/diff.go). A `*`
stands for any position in a list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local.plugins.kubernetes import kinds

Path = tuple[str | int, ...]

_SELECTOR = ("spec.selector",)
_CONTAINER_FIELDS = (
    "args",
    "command",
    "env",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
)
_POD_FIELDS = (
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "volumes",
)
_VOLUME_SOURCES = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
)

_IDENTITY = ("metadata.name", "metadata.namespace")
_CONFIG_MAP_CONTENTS = ("binaryData", "data")
_SECRET_CONTENTS = ("type", "stringData", "data")

_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "PersistentVolume"): tuple(f"spec.{field}" for field in _VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("", "Pod"): (
        *(f"spec.{field}" for field in _POD_FIELDS),
        *(
            f"spec.{containers}.*.{field}"
            for containers in ("containers", "initContainers")
            for field in _CONTAINER_FIELDS
        ),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}


def fields(
    obj: Mapping[str, Any], *, mutable_config_maps: bool, mutable_secrets: bool
) -> tuple[str, ...]:
    """The dotted paths of the object's fields that cannot be changed in place.

    Unless the provider is told otherwise, a ConfigMap's or Secret's contents count as such, so that
    what mounts them under an automatic name is rolled out anew.
    """
    kind = kinds.of_object(obj)
    key = (kind.group, kind.name)
    is_immutable = obj.get("immutable") is True
    if key == ("", "Secret") and (is_immutable or not mutable_secrets):
        return _IDENTITY + _SECRET_CONTENTS
    if key == ("", "ConfigMap") and (is_immutable or not mutable_config_maps):
        return _IDENTITY + _CONFIG_MAP_CONTENTS
    return _IDENTITY + _FIELDS.get(key, ())


def forces(path: Path, value: Any, immutable: Sequence[str]) -> bool:
    """Whether a change at `path` to `value` (None for a removal) touches an immutable field.

    It does below such a field, and above one when the value brings the field along.
    """
    return any(_touches(path, value, tuple(field.split("."))) for field in immutable)


def _touches(path: Path, value: Any, field: tuple[str, ...]) -> bool:
    if any(step not in ("*", part) for part, step in zip(path, field, strict=False)):
        return False
    return _reaches(value, field[len(path) :])


def _reaches(value: Any, steps: tuple[str, ...]) -> bool:
    """Whether the value has something at the end of the steps."""
    if not steps:
        return True
    step, rest = steps[0], steps[1:]
    if step == "*":
        return isinstance(value, list) and any(_reaches(item, rest) for item in value)
    return isinstance(value, Mapping) and step in value and _reaches(value[step], rest)
