"""Processes in pods can do the least that they need."""

from collections.abc import Mapping
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import pod_hardening
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.pods import APP, POD, deployment, of_pods, secured
from tests.policies.wording import pending, violated


def test_privilege_escalation_must_be_refused_by_every_container() -> None:
    condition = pod_hardening.no_privilege_escalation
    refused = {"securityContext": {"allowPrivilegeEscalation": False}}

    assert said(condition, deployment(refused)) == []
    # In full, as people read it; the other tests build the sentence with wording.py.
    assert said(condition, deployment(refused, initContainers=[{"name": "setup"}])) == [
        "[SOC2 CC6.8] kubernetes:apps/v1:Deployment 'example': found "
        "spec.template.spec.initContainers[setup].securityContext.allowPrivilegeEscalation "
        "not set; requires false. Fix: "
        "spec.template.spec.initContainers[setup].securityContext.allowPrivilegeEscalation. "
        "Exception: policies/exceptions.yaml, condition no-privilege-escalation, "
        "with owner and expiry."
    ]
    assert said(
        condition, deployment({"securityContext": {"allowPrivilegeEscalation": UNKNOWN}})
    ) == [
        "[SOC2 CC6.8] kubernetes:apps/v1:Deployment 'example': undecided until up, as "
        "spec.template.spec.containers[app].securityContext.allowPrivilegeEscalation is not "
        "known at preview; will require false."
    ]


@pytest.mark.parametrize(
    ("condition", "setting", "good", "bad", "requires"),
    [
        (pod_hardening.no_privilege_escalation, "allowPrivilegeEscalation", False, True, "false"),
        (
            pod_hardening.root_file_system_is_read_only,
            "readOnlyRootFilesystem",
            True,
            False,
            "true",
        ),
    ],
)
def test_what_only_a_container_can_set_is_asked_of_each_container(
    condition: Condition, setting: str, good: bool, bad: bool, requires: str
) -> None:
    path = f"{APP}.securityContext.{setting}"
    wrong, missing = deployment(secured(**{setting: bad})), deployment()
    unknown = deployment(secured(**{setting: UNKNOWN}))

    assert said(condition, deployment(secured(**{setting: good}))) == []
    assert said(condition, wrong) == [
        violated(condition, wrong, found=f"{path} {str(bad).lower()}", requires=requires, fix=path)
    ]
    assert said(condition, missing) == [
        violated(condition, missing, found=f"{path} not set", requires=requires, fix=path)
    ]
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=path, requires=requires)
    ]


@pytest.mark.parametrize(
    ("condition", "good", "bad", "leaf", "state", "requires"),
    [
        (
            pod_hardening.runs_as_non_root,
            {"runAsNonRoot": True},
            {"runAsNonRoot": False},
            "runAsNonRoot",
            "false",
            "true",
        ),
        (
            pod_hardening.runs_as_non_root,
            {"runAsNonRoot": True, "runAsUser": 1000.0},
            {"runAsNonRoot": True, "runAsUser": 0.0},
            "runAsUser",
            "0",
            "a user id other than 0",
        ),
        (
            pod_hardening.seccomp_profile_is_set,
            {"seccompProfile": {"type": "Localhost"}},
            {"seccompProfile": {"type": "Unconfined"}},
            "seccompProfile.type",
            "set otherwise",
            "RuntimeDefault or Localhost",
        ),
    ],
)
def test_containers_inherit_what_they_do_not_set_from_their_pod(
    condition: Condition,
    good: Mapping[str, Any],
    bad: Mapping[str, Any],
    leaf: str,
    state: str,
    requires: str,
) -> None:
    two = [{"name": "app"}, {"name": "other"}]
    inherited = deployment(initContainers=two, securityContext=bad)
    own = deployment(secured(**bad), securityContext=good)

    assert said(condition, deployment(securityContext=good)) == []
    assert said(condition, deployment(secured(**good), securityContext=bad)) == []
    # Three containers inherit it; it is wrong once.
    for judged, path in (
        (inherited, f"{POD}.securityContext.{leaf}"),
        (own, f"{APP}.securityContext.{leaf}"),
    ):
        assert said(condition, judged) == [
            violated(condition, judged, found=f"{path} {state}", requires=requires, fix=path)
        ]


@pytest.mark.parametrize(
    ("condition", "leaf", "requires"),
    [
        (pod_hardening.runs_as_non_root, "runAsNonRoot", "true"),
        (
            pod_hardening.seccomp_profile_is_set,
            "seccompProfile.type",
            "RuntimeDefault or Localhost",
        ),
    ],
)
def test_the_pod_is_where_a_setting_is_missing_that_no_container_has(
    condition: Condition, leaf: str, requires: str
) -> None:
    path = f"{POD}.securityContext.{leaf}"
    unknown = deployment(securityContext={leaf.partition(".")[0]: UNKNOWN})

    assert said(condition, deployment()) == [
        violated(condition, deployment(), found=f"{path} not set", requires=requires, fix=path)
    ]
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=path, requires=requires)
    ]


def test_all_capabilities_must_be_dropped_and_only_low_ports_given_back() -> None:
    condition = pod_hardening.capabilities_are_dropped
    path = f"{APP}.securityContext.capabilities"

    def of(**capabilities: Any) -> Resource:
        return deployment(secured(capabilities=capabilities))

    assert said(condition, of(drop=["ALL"])) == []
    assert said(condition, of(drop=[UNKNOWN, "ALL"], add=["NET_BIND_SERVICE"])) == []
    for kept in (deployment(), of(drop=["CHOWN"]), of(drop="ALL")):
        assert said(condition, kept) == [
            violated(
                condition,
                kept,
                found=f"{path}.drop without ALL",
                requires="ALL",
                fix=f"{path}.drop",
            )
        ]
    added = of(drop=["ALL"], add=["NET_BIND_SERVICE", "SYS_ADMIN"])
    requires = "no added capability but NET_BIND_SERVICE"
    assert said(condition, added) == [
        violated(
            condition,
            added,
            found="another capability added",
            requires=requires,
            fix=f"{path}.add[1]",
        )
    ]
    unknown = of(drop=["CHOWN", UNKNOWN], add=[UNKNOWN])
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=f"{path}.drop", requires="ALL"),
        pending(condition, unknown, unknown=f"{path}.add[0]", requires=requires),
    ]


def test_every_kind_of_container_and_of_workload_is_judged() -> None:
    condition = pod_hardening.no_privilege_escalation
    containers = {
        kind: [{"name": "one"}] for kind in ("initContainers", "containers", "ephemeralContainers")
    }
    template = {"spec": {"template": {"spec": containers}}}
    workloads = [
        resource("kubernetes:core/v1:Pod", {"spec": containers}),
        resource("kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": template}}),
        *(
            of_pods(f"kubernetes:{kind}", **containers)
            for kind in ("apps/v1:StatefulSet", "apps/v1:DaemonSet", "batch/v1:Job")
        ),
    ]

    for workload in workloads:
        assert len(said(condition, workload)) == 3


def test_an_unknown_pod_is_undecided_in_every_condition() -> None:
    unknown = resource("kubernetes:apps/v1:Deployment", {"spec": UNKNOWN})

    for condition in vars(pod_hardening).values():
        if isinstance(condition, Condition):
            messages = said(condition, unknown)
            assert messages
            assert all("undecided until up" in message for message in messages)


def test_windows_pods_are_spared_what_exists_for_linux_only() -> None:
    pod = deployment(os={"name": "windows"})

    assert judgement(pod_hardening.capabilities_are_dropped, pod) is None
    assert judgement(pod_hardening.runs_as_non_root, pod) is not None


def test_a_patch_need_not_say_what_it_leaves_alone() -> None:
    patch = of_pods("kubernetes:apps/v1:DeploymentPatch", containers=[{"name": "app"}])

    assert judgement(pod_hardening.runs_as_non_root, patch) is None
