"""The right of the backup's pods to add to the copies of backups, and to nothing else."""

import json
from typing import Any

import pytest

from tests.unit.aws.region import ACCOUNT, AWAY, HOME, alone, primary, recorded, standby

EXISTING = {
    "name": "theirs",
    "endpoint": "https://cluster.example",
    "certificateAuthority": "Y2VydGlmaWNhdGU=",
    "securityGroupId": "sg-1",
}


def statements(values: dict[str, Any]) -> list[dict[str, Any]]:
    region = recorded(values)
    policy = region.named("iam/rolePolicy:RolePolicy", "backup-writer")["policy"]
    return json.loads(policy)["Statement"]


@pytest.mark.parametrize(("values", "region"), [(primary(), HOME), (standby(), AWAY)])
def test_the_role_adds_objects_below_its_prefix_in_its_own_region(
    values: dict[str, Any], region: str
) -> None:
    bucket = f"arn:aws:s3:::n8n-exports-{ACCOUNT}-{region}"
    put, encrypt = statements(values)
    assert put["Action"] == ["s3:PutObject", "s3:AbortMultipartUpload"]
    assert put["Resource"] == [f"{bucket}/n8n-backup/*"]
    assert put["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
    assert encrypt["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert encrypt["Resource"] == [f"arn:aws:kms:{region}:{ACCOUNT}:key/*"]
    assert encrypt["Condition"]["StringEquals"] == {
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": bucket,
    }


def test_the_two_roles_of_a_pair_have_names_of_their_own() -> None:
    names = {
        recorded(values).named("iam/role:Role", "backup-writer")["name"]
        for values in (primary(), standby())
    }
    assert names == {f"n8n-backup-writer-{HOME}", f"n8n-backup-writer-{AWAY}"}


@pytest.mark.parametrize(
    ("values", "cluster"),
    [(primary(), "n8n"), (alone(cluster={"existing": EXISTING}), "theirs")],
)
def test_only_the_backup_s_pods_can_take_the_role_on(values: dict[str, Any], cluster: str) -> None:
    region = recorded(values)
    role = region.named("iam/role:Role", "backup-writer")
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "aws:RequestTag/eks-cluster-name": cluster,
        "aws:RequestTag/kubernetes-namespace": "n8n",
        "aws:RequestTag/kubernetes-service-account": "n8n-backup",
    }
    made = region.named("eks/podIdentityAssociation:PodIdentityAssociation", "backup-writer")
    assert made["roleArn"] == "arn:aws:iam:::backup-writer"
    assert (made["namespace"], made["serviceAccount"]) == ("n8n", "n8n-backup")


def test_the_role_is_given_when_it_may_do_something() -> None:
    region = recorded(primary())
    type_ = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    depends_on = region.options[type_, "backup-writer"].depends_on
    assert isinstance(depends_on, list)
    assert [type(each).__name__ for each in depends_on] == ["RolePolicy"]
