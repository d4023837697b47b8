"""Secrets are copied from a store that each namespace opens for itself and no cluster writes to."""

import pytest

from policies.conditions import external_secrets
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
    assert copied("Merge") == [
        violated(condition, judged, found=f"{path} set otherwise", requires="Owner", fix=path)
    ]
    assert copied(UNKNOWN) == [pending(condition, judged, unknown=path, requires="Owner")]
