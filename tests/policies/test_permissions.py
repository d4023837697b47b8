"""Roles of Kubernetes give no more rights than somebody needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import permissions
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated

_RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
_VERBS = "none of escalate, bind, impersonate"
_RESOURCES = "none of pods/exec, pods/attach, pods/ephemeralcontainers, nodes/proxy"
_NAMES = "names of Secrets"
_SUBJECTS = "named users, groups or service accounts"
_ROLE_CONDITIONS = [
    permissions.no_wildcard_permissions,
    permissions.no_privilege_granting_verbs,
    permissions.no_running_commands_in_pods,
    permissions.secrets_are_read_by_name,
]


def role(rule: Any, kind: str = "Role") -> Resource:
    return resource(f"{_RBAC}:{kind}", {"rules": [rule]})


def rule(resources: Any, verbs: Any, groups: Any = ("",), **others: Any) -> Mapping[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs, **others}


def binding(name: Any, subjects: Any = (), kind: str = "ClusterRoleBinding") -> Resource:
    return resource(f"{_RBAC}:{kind}", {"roleRef": {"name": name}, "subjects": subjects})


@pytest.mark.parametrize(
    "narrow",
    [
        rule(["pods", "configmaps"], ["get", "list", "watch"]),
        rule(["deployments/scale"], ["patch"], ["apps"]),
        rule(["secrets"], ["get"], resourceNames=["redis-auth"]),
        rule(["secrets"], ["create", "update"]),
        rule(["secrets"], ["get"], ["example.org"]),
        {"nonResourceURLs": ["/metrics", "/healthz/*"], "verbs": ["get"]},
        {},
        None,
        "text",
    ],
)
def test_a_role_for_what_is_needed_passes_all_conditions(narrow: Any) -> None:
    for condition in _ROLE_CONDITIONS:
        for kind in ("Role", "ClusterRole"):
            assert said(condition, role(narrow, kind)) == []


@pytest.mark.parametrize(
    ("condition", "wide", "path", "found", "requires"),
    [
        *(
            (
                permissions.no_wildcard_permissions,
                {field: ["x", wildcard]},
                f"rules[0].{field}[1]",
                f"rules[0].{field}[1] with a wildcard",
                "names, no wildcard",
            )
            for field, wildcard in (
                ("verbs", "*"),
                ("resources", "*"),
                ("resources", "*/scale"),
                ("apiGroups", "*"),
                ("nonResourceURLs", "*"),
                ("nonResourceURLs", "/*"),
            )
        ),
        *(
            (
                permissions.no_privilege_granting_verbs,
                rule(["roles"], ["get", verb]),
                "rules[0].verbs[1]",
                f"the verb {verb}",
                _VERBS,
            )
            for verb in ("escalate", "bind", "impersonate")
        ),
        *(
            (
                permissions.no_running_commands_in_pods,
                rule(["pods", through], ["get"]),
                "rules[0].resources[1]",
                f"the resource {through}",
                _RESOURCES,
            )
            for through in ("pods/exec", "pods/attach", "pods/ephemeralcontainers", "nodes/proxy")
        ),
        *(
            (
                permissions.secrets_are_read_by_name,
                rule(["configmaps", "secrets"], [verb]),
                "rules[0].resourceNames",
                "rules[0].resourceNames not set",
                _NAMES,
            )
            for verb in ("get", "list", "watch", "*")
        ),
        (
            permissions.secrets_are_read_by_name,
            rule(["secrets"], ["get"], resourceNames=[]),
            "rules[0].resourceNames",
            "rules[0].resourceNames empty",
            _NAMES,
        ),
    ],
)
def test_a_role_that_is_too_wide_is_found(
    condition: Condition, wide: Mapping[str, Any], path: str, found: str, requires: str
) -> None:
    assert said(condition, role(wide)) == [
        violated(condition, role(wide), found=found, requires=requires, fix=path)
    ]


@pytest.mark.parametrize(
    ("condition", "unknown", "path", "requires"),
    [
        (
            permissions.no_wildcard_permissions,
            {"verbs": [UNKNOWN]},
            "rules[0].verbs[0]",
            "names, no wildcard",
        ),
        (
            permissions.no_privilege_granting_verbs,
            {"verbs": UNKNOWN},
            "rules[0].verbs[*]",
            _VERBS,
        ),
        (
            permissions.no_running_commands_in_pods,
            {"resources": [UNKNOWN]},
            "rules[0].resources[0]",
            _RESOURCES,
        ),
        (
            permissions.secrets_are_read_by_name,
            rule(["secrets"], ["create", UNKNOWN]),
            "rules[0]",
            _NAMES,
        ),
        (
            permissions.secrets_are_read_by_name,
            rule(["secrets"], ["get"], resourceNames=UNKNOWN),
            "rules[0].resourceNames",
            _NAMES,
        ),
    ],
)
def test_what_a_role_may_allow_is_undecided(
    condition: Condition, unknown: Mapping[str, Any], path: str, requires: str
) -> None:
    assert said(condition, role(unknown)) == [
        pending(condition, role(unknown), unknown=path, requires=requires)
    ]


def test_nobody_is_bound_to_cluster_admin() -> None:
    condition = permissions.no_binding_to_cluster_admin
    requires, path = "a role other than cluster-admin", "roleRef.name"

    assert said(condition, binding("view")) == []
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        administrator = binding("cluster-admin", kind=kind)
        assert said(condition, administrator) == [
            violated(
                condition,
                administrator,
                found="a binding to cluster-admin",
                requires=requires,
                fix=path,
            )
        ]
    assert said(condition, binding(UNKNOWN)) == [
        pending(condition, binding(UNKNOWN), unknown=path, requires=requires)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "system:anonymous",
        "system:unauthenticated",
        "system:authenticated",
        "system:serviceaccounts",
        "system:serviceaccounts:n8n",
    ],
)
def test_no_right_is_given_to_everybody(name: str) -> None:
    condition = permissions.no_binding_to_everybody
    subjects: Sequence[Any] = [
        {"kind": "ServiceAccount", "name": "n8n-worker"},
        {"kind": "Group", "name": name},
    ]
    judged = binding("view", subjects)

    assert said(condition, binding("view", subjects[:1])) == []
    (message,) = said(condition, judged)
    assert "found a binding to everybody" in message
    assert f"requires {_SUBJECTS}" in message


def test_an_unknown_subject_may_be_everybody() -> None:
    condition = permissions.no_binding_to_everybody
    judged = binding("view", [{"kind": "Group", "name": UNKNOWN}])

    assert said(condition, judged) == [
        pending(condition, judged, unknown="subjects[0].name", requires=_SUBJECTS)
    ]
