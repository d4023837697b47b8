"""Kubernetes' Pod Security Standard `restricted`, checked without Kubernetes.

Written from the standard's own table, and so a second opinion on what components say.
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator, Mapping
from typing import Any

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def containers_of(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All containers of a pod, sidecars included."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def violations(pod: Mapping[str, Any]) -> list[str]:
    """What Pod Security would refuse about a pod's specification."""
    return [*_of_the_pod(pod), *(text for each in containers_of(pod) for text in _of(each, pod))]


def _of_the_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{field} is set"
    for volume in pod.get("volumes", []):
        for kind in volume.keys() - {"name"} - _VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    if pod.get("securityContext", {}).get("sysctls"):
        yield "sysctls are set"


def _of(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    name = container["name"]
    own = container.get("securityContext", {})
    effective = {**pod.get("securityContext", {}), **own}
    if own.get("privileged"):
        yield f"{name} is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name} may gain privileges"
    if effective.get("runAsNonRoot") is not True:
        yield f"{name} may run as root"
    if effective.get("runAsUser") == 0:
        yield f"{name} runs as root"
    if effective.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name} has no seccomp profile"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield f"{name} keeps capabilities"
    for added in set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name} adds the capability {added}"
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"{name} takes port {port['hostPort']} of the node"
