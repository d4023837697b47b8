"""Pods share nothing with their node but its kernel, as Pod Security's levels ask.

These settings are secure where nothing is set, so patches are judged too.
"""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.kubernetes import containers, handlers, has_pods, pod_annotations, pod_spec
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource

_BASELINE = "https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline"
_RESTRICTED = "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"

_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_APPARMOR = ("RuntimeDefault", "Localhost")
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


@condition(
    applies=has_pods,
    severity=Severity.CRITICAL,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Remove privileged (on Windows windowsOptions.hostProcess) from the securityContext.",
    url=_BASELINE,
)
def no_privileged_containers(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No container has the powers of its node's administrator."""
    for context in _security_contexts(resource):
        yield from _unset_or(context.at("privileged"), False)
        yield from _unset_or(context.at("windowsOptions", "hostProcess"), False)


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Remove hostNetwork, hostPID and hostIPC from the specification of the pod.",
    url=_BASELINE,
)
def no_host_namespaces(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Pods see no network, process or memory of their node."""
    for setting in ("hostNetwork", "hostPID", "hostIPC"):
        yield from _unset_or(pod_spec(resource).at(setting), False)


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Mount a PersistentVolumeClaim, an emptyDir, or another type that Pod Security allows, "
    "instead of a directory of the node.",
    url=_RESTRICTED,
)
def no_host_path_volumes(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Pods mount no directory of their node, and only volume types that Pod Security allows."""
    for volume in pod_spec(resource).at("volumes").each():
        for kind, source in volume.entries():
            if kind != "name" and kind not in _VOLUMES and not source.missing:
                yield from source.must(
                    lambda _: False, "a type that Pod Security allows", found=f"{source.path} set"
                )


@condition(
    applies=has_pods,
    severity=Severity.MEDIUM,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Remove hostPort; a Service makes the port reachable.",
    url=_BASELINE,
)
def no_host_ports(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Pods listen on no port of their node."""
    for container in containers(resource):
        for port in container.at("ports").each():
            host_port = port.at("hostPort")
            yield from host_port.must(lambda place: place.missing or place.number == 0, "not set")


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Remove the setting: the container runtime's default is what is required.",
    url=_BASELINE,
)
def kernel_protections_are_kept(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Pods keep /proc masked, AppArmor and SELinux on, and the node's kernel parameters alone."""
    for container in containers(resource):
        yield from _unset_or(container.at("securityContext", "procMount"), "Default")
    for context in _security_contexts(resource):
        yield from _unset_or(context.at("appArmorProfile", "type"), *_APPARMOR)
        options = context.at("seLinuxOptions")
        yield from _unset_or(
            options.at("type"), *_SELINUX_TYPES, requires="a type for containers, or none"
        )
        for option in ("user", "role"):
            yield from _unset_or(options.at(option), "", requires="not set")
    for annotation, profile in pod_annotations(resource).entries():
        if annotation.startswith(_APPARMOR_ANNOTATION):
            yield from profile.must(
                lambda place: (place.text or "").startswith(("runtime/default", "localhost/")),
                "runtime/default or a local profile",
            )
    for sysctl in pod_spec(resource).at("securityContext", "sysctls").each():
        yield from sysctl.at("name").must(
            lambda place: place.text in _SAFE_SYSCTLS,
            "a kernel parameter of the pod's own that Pod Security allows",
            found=f"{sysctl.path} for another kernel parameter",
        )


@condition(
    applies=has_pods,
    severity=Severity.LOW,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Remove host: the kubelet then asks the pod itself.",
    url=_BASELINE,
)
def probes_stay_in_the_pod(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No probe or lifecycle hook has the node send requests to another host."""
    for container in containers(resource):
        for handler in handlers(container):
            for action in ("httpGet", "tcpSocket"):
                yield from _unset_or(handler.at(action, "host"), "", requires="not set")


def _security_contexts(resource: Resource) -> Iterator[Place]:
    yield pod_spec(resource).at("securityContext")
    for container in containers(resource):
        yield container.at("securityContext")


def _unset_or(place: Place, *allowed: str | bool | int, requires: str = "") -> Iterator[Verdict]:
    """For a setting whose default is secure."""
    if not place.missing:
        yield from place.must_be(*allowed, requires=requires)
