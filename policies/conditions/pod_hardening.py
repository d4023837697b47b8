"""Processes in pods can do the least that they need, as Pod Security's `restricted` asks.

What must be set is asked of whoever declares the whole pod; a patch leaves out what it leaves
alone. Pods that say they are for Windows (`os.name`) are exempt where the setting exists for Linux
only.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import decide, if_known, known, some
from policies.resources.kubernetes import containers, mutable_pod_spec, pod_spec, set_if_missing
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import runs_pods

_RESTRICTED = "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"
_READ_ONLY = "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"
_SECCOMP = ("RuntimeDefault", "Localhost")
_HARMLESS_CAPABILITY = "NET_BIND_SERVICE"


def _runs_linux_pods(resource: Resource) -> bool:
    """Whether it has pods for Linux, or that may be for it."""
    return runs_pods(resource) and _system(resource).text != "windows"


def _system(resource: Resource) -> Place:
    return pod_spec(resource).at("os", "name")


@condition(
    applies=_runs_linux_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Set allowPrivilegeEscalation to false in the securityContext of the container.",
    url=_RESTRICTED,
)
def no_privilege_escalation(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No process may gain more privileges than its container was given."""
    for container in containers(resource):
        escalation = container.at("securityContext", "allowPrivilegeEscalation")
        yield from if_known(_system(resource), escalation.must_be(False))


@condition(
    applies=runs_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Set runAsNonRoot to true for the pod or each container, with an image that allows it, "
    "and no runAsUser of 0.",
    url=_RESTRICTED,
)
def runs_as_non_root(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No container runs as root."""
    for place in _effective(resource, "runAsNonRoot"):
        yield from place.must_be(True)
    for user in _effective(resource, "runAsUser"):
        if not user.missing:
            yield from user.must(lambda place: (place.number or 0) > 0, "a user id other than 0")


@condition(
    applies=_runs_linux_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Set capabilities.drop to [ALL] in the securityContext of the container, and add none "
    f"but {_HARMLESS_CAPABILITY}.",
    url=_RESTRICTED,
)
def capabilities_are_dropped(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Containers have none of root's capabilities, but for listening on low ports."""
    for container in containers(resource):
        capabilities = container.at("securityContext", "capabilities")
        dropped = capabilities.at("drop")
        drops_all = decide(
            some(known(each, each.text == "ALL") for each in dropped.each()),
            dropped.path,
            found=f"{dropped.path} without ALL",
            requires="ALL",
        )
        yield from if_known(_system(resource), drops_all)
        for added in capabilities.at("add").each():
            harmless = added.must(
                lambda place: place.text == _HARMLESS_CAPABILITY,
                f"no added capability but {_HARMLESS_CAPABILITY}",
                found="another capability added",
            )
            yield from if_known(_system(resource), harmless)


@condition(
    applies=_runs_linux_pods,
    severity=Severity.MEDIUM,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Set seccompProfile.type to RuntimeDefault in the securityContext of the pod.",
    url=_RESTRICTED,
    remediate=lambda resource, properties: _set_seccomp(resource, properties),
)
def seccomp_profile_is_set(resource: Resource, _: Context) -> Iterator[Verdict]:
    """System calls are filtered by the container runtime's profile, or a stricter one."""
    for place in _effective(resource, "seccompProfile", "type"):
        yield from if_known(_system(resource), place.must_be(*_SECCOMP))


@condition(
    applies=_runs_linux_pods,
    severity=Severity.MEDIUM,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Set readOnlyRootFilesystem to true in the securityContext of the container, and mount "
    "an emptyDir where it must write.",
    url=_READ_ONLY,
)
def root_file_system_is_read_only(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No container can change the programs that its image brought."""
    for container in containers(resource):
        read_only = container.at("securityContext", "readOnlyRootFilesystem")
        yield from if_known(_system(resource), read_only.must_be(True))


def _effective(resource: Resource, *keys: str) -> Iterator[Place]:
    """A security setting as it holds: each container's own, and the pod's if one inherits it."""
    inherited = False
    for container in containers(resource):
        own = container.at("securityContext", *keys)
        if own.missing:
            inherited = True
        else:
            yield own
    if inherited:
        yield pod_spec(resource).at("securityContext", *keys)


def _set_seccomp(resource: Resource, properties: MutableMapping[str, Any]) -> None:
    spec = mutable_pod_spec(resource, properties)
    if spec is not None:
        set_if_missing(spec, "RuntimeDefault", "securityContext", "seccompProfile", "type")
