"""Pods have an identity of their own, and no token of the Kubernetes API."""

from typing import Any

import pytest

from policies.conditions import service_accounts
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.pods import POD, deployment
from tests.policies.wording import pending, violated

_AUTOMOUNT = "automountServiceAccountToken"
_PATH = f"{POD}.{_AUTOMOUNT}"


def account(automount: Any, *, name: Any = "worker", namespace: Any = "n8n") -> Resource:
    return resource(
        "kubernetes:core/v1:ServiceAccount",
        {"metadata": {"name": name, "namespace": namespace}, _AUTOMOUNT: automount},
    )


def pods_of(name: Any, *, namespace: Any = "n8n", **pod: Any) -> Resource:
    return resource(
        "kubernetes:apps/v1:StatefulSet",
        {
            "metadata": {"namespace": namespace},
            "spec": {"template": {"spec": {"serviceAccountName": name, **pod}}},
        },
    )


def test_pods_name_a_service_account_of_their_own() -> None:
    condition = service_accounts.pods_have_their_own_identity
    path, requires = f"{POD}.serviceAccountName", "a service account other than default"

    assert said(condition, deployment(serviceAccountName="worker")) == []
    assert said(condition, deployment(serviceAccount="worker")) == []
    for pod, state in (
        (deployment(), "not set"),
        (deployment(serviceAccountName="default"), "set otherwise"),
    ):
        assert said(condition, pod) == [
            violated(condition, pod, found=f"{path} {state}", requires=requires, fix=path)
        ]
    unknown = deployment(serviceAccountName=UNKNOWN)
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=path, requires=requires)
    ]


@pytest.mark.parametrize(("automount", "state"), [(None, "not set"), (True, "true")])
def test_service_accounts_refuse_tokens(automount: bool | None, state: str) -> None:
    condition = service_accounts.service_accounts_offer_no_token
    offering, unknown = account(automount), account(UNKNOWN)

    assert said(condition, account(False)) == []
    assert said(condition, offering) == [
        violated(
            condition,
            offering,
            found=f"{_AUTOMOUNT} {state}",
            requires="false",
            fix=_AUTOMOUNT,
        )
    ]
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=_AUTOMOUNT, requires="false")
    ]


class TestPodsMountNoToken:
    condition = service_accounts.pods_mount_no_token

    @pytest.mark.parametrize(
        ("pod", "others"),
        [
            (pods_of("worker", automountServiceAccountToken=False), []),
            (pods_of("worker", automountServiceAccountToken=False), [account(True)]),
            (pods_of("worker"), [account(True, name="main"), account(False)]),
        ],
    )
    def test_the_pod_or_its_service_account_refuses(
        self, pod: Resource, others: list[Resource]
    ) -> None:
        assert said(self.condition, pod, *others) == []

    @pytest.mark.parametrize(
        "others",
        [
            [],
            [account(None)],
            [account(False, name="main")],
            [account(False, namespace="elsewhere")],
        ],
    )
    def test_neither_refuses(self, others: list[Resource]) -> None:
        pod = pods_of("worker")

        assert said(self.condition, pod, *others) == [
            violated(
                self.condition,
                pod,
                found=f"{_PATH} not set, nor false in a service account of this stack",
                requires="false",
                fix=_PATH,
            )
        ]

    def test_the_pod_overrules_its_service_account(self) -> None:
        pod = pods_of("worker", automountServiceAccountToken=True)

        assert said(self.condition, pod, account(False)) == [
            violated(self.condition, pod, found=f"{_PATH} true", requires="false", fix=_PATH)
        ]

    def test_an_unknown_setting_is_undecided(self) -> None:
        pod = pods_of("worker", automountServiceAccountToken=UNKNOWN)

        assert said(self.condition, pod, account(False)) == [
            pending(self.condition, pod, unknown=_PATH, requires="false")
        ]

    @pytest.mark.parametrize(
        ("pod", "other"),
        [
            (pods_of(UNKNOWN), account(False)),
            (pods_of("worker"), account(UNKNOWN)),
            (pods_of("worker"), account(False, name=UNKNOWN)),
            (pods_of("worker", namespace=UNKNOWN), account(False)),
        ],
    )
    def test_an_unknown_service_account_is_undecided(self, pod: Resource, other: Resource) -> None:
        assert said(self.condition, pod, other) == [
            pending(
                self.condition,
                pod,
                unknown=f"{_PATH} of its service account",
                requires="false",
            )
        ]

    @pytest.mark.parametrize(("audience", "passes"), [("vault", True), (None, False)])
    def test_a_projected_token_needs_another_audience(
        self, audience: str | None, passes: bool
    ) -> None:
        source = {"serviceAccountToken": {"path": "token", "audience": audience}}
        volumes = [{"name": "token", "projected": {"sources": [{"configMap": {}}, source]}}]
        pod = pods_of("worker", automountServiceAccountToken=False, volumes=volumes)
        path = f"{POD}.volumes[token].projected.sources[1].serviceAccountToken.audience"

        assert said(self.condition, pod) == (
            []
            if passes
            else [
                violated(
                    self.condition,
                    pod,
                    found=f"{path} not set",
                    requires="an audience other than the Kubernetes API",
                    fix=path,
                )
            ]
        )
