"""What Pulumi itself is told about a resource. Options themselves are always known."""

from typing import Any

import pytest

from policies.conditions import resource_options
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.pods import DEPLOYMENT
from tests.policies.wording import pending, violated

_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
_STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"


@pytest.mark.parametrize(
    "type_",
    [
        _CLAIM,
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        "aws:s3/bucket:Bucket",
        "aws:kms/key:Key",
        "aws:backup/vault:Vault",
    ],
)
def test_what_holds_state_is_protected(type_: str) -> None:
    condition = resource_options.state_is_protected
    # Whatever else is unknown about it.
    unprotected = resource(type_, {"spec": UNKNOWN})

    assert said(condition, resource(type_, protect=True)) == []
    assert said(condition, unprotected) == [
        violated(
            condition,
            unprotected,
            found="options.protect false",
            requires="true",
            fix="options.protect",
        )
    ]


def test_a_stateful_set_is_state_only_if_its_volumes_go_with_it() -> None:
    condition = resource_options.state_is_protected
    path = "spec.persistentVolumeClaimRetentionPolicy.whenDeleted"

    def stateful_set(when_deleted: Any, *, protect: bool = False) -> Resource:
        policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": when_deleted}}
        return resource(_STATEFUL_SET, {"spec": policy}, protect=protect)

    assert judgement(condition, stateful_set("Retain")) is None
    assert judgement(condition, stateful_set(None)) is None
    assert len(said(condition, stateful_set("Delete"))) == 1
    assert said(condition, stateful_set("Delete", protect=True)) == []
    assert said(condition, stateful_set(UNKNOWN, protect=True)) == []
    assert said(condition, stateful_set(UNKNOWN)) == [
        pending(condition, stateful_set(UNKNOWN), unknown=path, requires="Retain, or protect true")
    ]


@pytest.mark.parametrize(
    ("type_", "path", "field"),
    [
        (DEPLOYMENT, "spec.template.spec.containers[0].image", "image"),
        (
            DEPLOYMENT,
            "spec.template.spec.containers[*].securityContext.privileged",
            "securityContext",
        ),
        (DEPLOYMENT, "spec.template.spec", "the whole specification"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "spec", "the whole specification"),
        (DEPLOYMENT, "*", "everything"),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "rules[0].verbs", "rules"),
        ("aws:rds/instance:Instance", "storageEncrypted", "storageEncrypted"),
        ("aws:s3/bucketPolicy:BucketPolicy", "policy", "policy"),
    ],
)
def test_changes_of_security_settings_are_not_ignored(type_: str, path: str, field: str) -> None:
    condition = resource_options.no_ignored_security_changes
    judged = resource(type_, ignored=["metadata.annotations", path])

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"changes of {field} ignored",
            requires="changes of security settings to be noticed",
            fix="options.ignoreChanges[1]",
        )
    ]


@pytest.mark.parametrize(
    "path",
    [
        "spec.replicas",
        'metadata.annotations["example.org/image"]',
        "spec.template.metadata.annotations",
        "tags",
        "",
    ],
)
def test_changes_of_other_settings_may_be_ignored(path: str) -> None:
    judged = resource(DEPLOYMENT, ignored=[path])

    assert said(resource_options.no_ignored_security_changes, judged) == []
