"""Pods share nothing with their node but its kernel."""

from collections.abc import Mapping
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import pod_isolation as isolation
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.pods import APP, DEPLOYMENT, POD, deployment, of_pods, secured
from tests.policies.wording import pending, violated

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/app"
_TYPE = "a type that Pod Security allows"
_SYSCTL = "a kernel parameter of the pod's own that Pod Security allows"


def with_apparmor_annotation(value: Any) -> Resource:
    template = {"metadata": {"annotations": {_ANNOTATION: value, "other": "unconfined"}}}
    return resource(DEPLOYMENT, {"spec": {"template": template}})


def port(number: Any) -> Mapping[str, Any]:
    return {"ports": [{"name": "http", "hostPort": number}]}


@pytest.mark.parametrize(
    ("condition", "secure"),
    [
        (isolation.no_privileged_containers, deployment(secured(privileged=False))),
        (isolation.no_host_namespaces, deployment(hostNetwork=False, hostPID=None)),
        (
            isolation.no_host_path_volumes,
            deployment(volumes=[{"name": "tmp", "emptyDir": {}}, {"name": "no", "hostPath": None}]),
        ),
        (isolation.no_host_ports, deployment(port(0.0))),
        (
            isolation.kernel_protections_are_kept,
            deployment(
                secured(
                    procMount="Default",
                    appArmorProfile={"type": "RuntimeDefault"},
                    seLinuxOptions={"type": "container_t", "level": "s0:c1"},
                ),
                securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]},
            ),
        ),
        (isolation.kernel_protections_are_kept, with_apparmor_annotation("localhost/mine")),
        (isolation.probes_stay_in_the_pod, deployment({"livenessProbe": {"httpGet": {}}})),
    ],
)
def test_what_is_not_set_is_secure_and_so_is_what_pod_security_allows(
    condition: Condition, secure: Resource
) -> None:
    assert said(condition, deployment()) == []
    assert said(condition, secure) == []


@pytest.mark.parametrize(
    ("condition", "shared", "fix", "found", "requires"),
    [
        (
            isolation.no_privileged_containers,
            deployment(secured(privileged=True)),
            f"{APP}.securityContext.privileged",
            f"{APP}.securityContext.privileged true",
            "false",
        ),
        (
            isolation.no_privileged_containers,
            deployment(securityContext={"windowsOptions": {"hostProcess": True}}),
            f"{POD}.securityContext.windowsOptions.hostProcess",
            f"{POD}.securityContext.windowsOptions.hostProcess true",
            "false",
        ),
        *(
            (
                isolation.no_host_namespaces,
                deployment(**{setting: True}),
                f"{POD}.{setting}",
                f"{POD}.{setting} true",
                "false",
            )
            for setting in ("hostNetwork", "hostPID", "hostIPC")
        ),
        (
            isolation.no_host_path_volumes,
            deployment(volumes=[{"name": "root", "hostPath": {"path": "/"}}]),
            f"{POD}.volumes[root].hostPath",
            f"{POD}.volumes[root].hostPath set",
            _TYPE,
        ),
        (
            isolation.no_host_path_volumes,
            deployment(volumes=[{"name": "share", "nfs": {"server": "10.0.0.1"}}]),
            f"{POD}.volumes[share].nfs",
            f"{POD}.volumes[share].nfs set",
            _TYPE,
        ),
        (
            isolation.no_host_ports,
            deployment(port(8080.0)),
            f"{APP}.ports[http].hostPort",
            f"{APP}.ports[http].hostPort 8080",
            "not set",
        ),
        (
            isolation.kernel_protections_are_kept,
            deployment(secured(procMount="Unmasked")),
            f"{APP}.securityContext.procMount",
            f"{APP}.securityContext.procMount set otherwise",
            "Default",
        ),
        (
            isolation.kernel_protections_are_kept,
            deployment(securityContext={"appArmorProfile": {"type": "Unconfined"}}),
            f"{POD}.securityContext.appArmorProfile.type",
            f"{POD}.securityContext.appArmorProfile.type set otherwise",
            "RuntimeDefault or Localhost",
        ),
        (
            isolation.kernel_protections_are_kept,
            with_apparmor_annotation("unconfined"),
            f"spec.template.metadata.annotations.{_ANNOTATION}",
            f"spec.template.metadata.annotations.{_ANNOTATION} set otherwise",
            "runtime/default or a local profile",
        ),
        (
            isolation.kernel_protections_are_kept,
            deployment(secured(seLinuxOptions={"type": "spc_t"})),
            f"{APP}.securityContext.seLinuxOptions.type",
            f"{APP}.securityContext.seLinuxOptions.type set otherwise",
            "a type for containers, or none",
        ),
        (
            isolation.kernel_protections_are_kept,
            deployment(secured(seLinuxOptions={"role": "sysadm_r"})),
            f"{APP}.securityContext.seLinuxOptions.role",
            f"{APP}.securityContext.seLinuxOptions.role set otherwise",
            "not set",
        ),
        (
            isolation.kernel_protections_are_kept,
            deployment(securityContext={"sysctls": [{"name": "kernel.msgmax"}]}),
            f"{POD}.securityContext.sysctls[kernel.msgmax].name",
            f"{POD}.securityContext.sysctls[kernel.msgmax] for another kernel parameter",
            _SYSCTL,
        ),
        (
            isolation.probes_stay_in_the_pod,
            deployment({"lifecycle": {"preStop": {"tcpSocket": {"host": "169.254.169.254"}}}}),
            f"{APP}.lifecycle.preStop.tcpSocket.host",
            f"{APP}.lifecycle.preStop.tcpSocket.host set otherwise",
            "not set",
        ),
    ],
)
def test_what_is_shared_with_the_node_is_found(
    condition: Condition, shared: Resource, fix: str, found: str, requires: str
) -> None:
    assert said(condition, shared) == [
        violated(condition, shared, found=found, requires=requires, fix=fix)
    ]


@pytest.mark.parametrize(
    ("condition", "unknown", "path", "requires"),
    [
        (
            isolation.no_privileged_containers,
            deployment(secured(privileged=UNKNOWN)),
            f"{APP}.securityContext.privileged",
            "false",
        ),
        (isolation.no_host_namespaces, deployment(hostPID=UNKNOWN), f"{POD}.hostPID", "false"),
        (
            isolation.no_host_path_volumes,
            deployment(volumes=[UNKNOWN]),
            f"{POD}.volumes[0].*",
            _TYPE,
        ),
        (
            isolation.no_host_ports,
            deployment(port(UNKNOWN)),
            f"{APP}.ports[http].hostPort",
            "not set",
        ),
        (
            isolation.kernel_protections_are_kept,
            deployment(securityContext={"sysctls": [UNKNOWN]}),
            f"{POD}.securityContext.sysctls[0].name",
            _SYSCTL,
        ),
        (
            isolation.probes_stay_in_the_pod,
            deployment({"startupProbe": {"httpGet": {"host": UNKNOWN}}}),
            f"{APP}.startupProbe.httpGet.host",
            "not set",
        ),
    ],
)
def test_what_may_be_shared_with_the_node_is_undecided(
    condition: Condition, unknown: Resource, path: str, requires: str
) -> None:
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=path, requires=requires)
    ]


def test_a_patch_is_judged_by_what_it_sets() -> None:
    patch = of_pods("kubernetes:apps/v1:DaemonSetPatch", hostPID=True)

    assert len(said(isolation.no_host_namespaces, patch)) == 1
