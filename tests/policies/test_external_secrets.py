"""Secrets are copied from a store that each namespace opens for itself and no cluster writes to."""

import pytest

from policies.conditions import external_secrets
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated

_GROUP = "kubernetes:external-secrets.io"


@pytest.mark.parametrize("kind", ["ClusterSecretStore", "ClusterExternalSecret"])
def test_what_every_namespace_can_use_is_a_violation(kind: str) -> None:
    condition = external_secrets.secret_stores_belong_to_a_namespace
    judged = resource(f"{_GROUP}/v1:{kind}")

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"a {kind}, which every namespace can use",
            requires="a namespaced kind",
            fix="kind",
        )
    ]
    assert not condition.applies(resource(f"{_GROUP}/v1:SecretStore"))


@pytest.mark.parametrize("kind", ["PushSecret", "ClusterPushSecret"])
def test_a_cluster_that_writes_into_a_store_is_a_violation(kind: str) -> None:
    condition = external_secrets.clusters_push_no_secrets
    judged = resource(f"{_GROUP}/v1alpha1:{kind}")

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"a {kind}",
            requires="stores that clusters only read",
            fix="kind",
        )
    ]
    assert not condition.applies(resource(f"{_GROUP}/v1:ExternalSecret"))


def test_a_copied_secret_is_owned_by_what_copies_it() -> None:
    condition = external_secrets.copied_secrets_have_one_source
    path = "spec.target.creationPolicy"

    def copied(policy: object) -> list[str]:
        return said(
            condition,
            resource(
                f"{_GROUP}/v1:ExternalSecret", {"spec": {"target": {"creationPolicy": policy}}}
            ),
        )

    judged = resource(f"{_GROUP}/v1:ExternalSecret")
    assert copied("Owner") == []
    # Owner is the operator's own default.
    assert said(condition, judged) == []
    for other in ("Merge", "Orphan", "None"):
        assert copied(other) == [
            violated(condition, judged, found=f"{path} set otherwise", requires="Owner", fix=path)
        ]
    assert copied(UNKNOWN) == [pending(condition, judged, unknown=path, requires="Owner")]


def test_keys_that_are_due_are_noticed() -> None:
    condition = external_secrets.old_keys_alert
    store = resource(f"{_GROUP}/v1:SecretStore")
    requires = "one for keys that are older than they may be"

    def alert(name: object) -> Resource:
        return resource(
            "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
            {"spec": {"groups": [{"rules": [{"alert": name}]}]}},
        )

    assert said(condition, store, alert("KeyRotationDue")) == []
    for others in ([], [alert("SecretSyncFailing")]):
        assert said(condition, store, *others) == [
            violated(
                condition,
                store,
                found="no alert with rotation in its name",
                requires=requires,
                fix="spec.groups of a PrometheusRule",
            )
        ]
    assert said(condition, store, alert(UNKNOWN)) == [
        pending(condition, store, unknown="which alerts there are", requires=requires)
    ]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"secretStoreRef": {"name": "esc"}}, ""),
        ({"secretStoreRef": {"name": "esc", "kind": "SecretStore"}}, ""),
        ({"secretStoreRef": {"kind": "ClusterSecretStore"}}, "spec.secretStoreRef.kind"),
        (
            {"data": [{"sourceRef": {"storeRef": {"kind": "ClusterSecretStore"}}}]},
            "spec.data[0].sourceRef.storeRef.kind",
        ),
        (
            {"dataFrom": [{}, {"sourceRef": {"storeRef": {"kind": "ClusterSecretStore"}}}]},
            "spec.dataFrom[1].sourceRef.storeRef.kind",
        ),
    ],
)
def test_a_secret_is_copied_from_a_store_of_its_own_namespace(spec: object, place: str) -> None:
    condition = external_secrets.secrets_are_copied_from_stores_of_their_namespace
    judged = resource(f"{_GROUP}/v1:ExternalSecret", {"spec": spec})

    assert said(condition, judged) == (
        [
            violated(
                condition, judged, found=f"{place} set otherwise", requires="SecretStore", fix=place
            )
        ]
        if place
        else []
    )


def test_a_store_that_is_not_known_is_undecided() -> None:
    condition = external_secrets.secrets_are_copied_from_stores_of_their_namespace
    judged = resource(f"{_GROUP}/v1:ExternalSecret", {"spec": {"secretStoreRef": UNKNOWN}})

    assert said(condition, judged) == [
        pending(condition, judged, unknown="spec.secretStoreRef.kind", requires="SecretStore")
    ]
