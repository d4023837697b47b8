"""Who gets in to AWS."""

import json
from typing import Any

import pytest

from policies.conditions import aws_identity
from policies.resources.resource import Resource
from tests.policies.aws import Setting
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated

ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/1"


def role(**statement: Any) -> Resource:
    written = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **statement,
    }
    policy = json.dumps({"Statement": [written]})
    return resource("aws:iam/role:Role", {"assumeRolePolicy": policy})


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("aws:iam/user:User", "a user"),
        ("aws:iam/accessKey:AccessKey", "an access key"),
        ("aws:iam/userLoginProfile:UserLoginProfile", "a password of a user"),
    ],
)
def test_there_are_no_lasting_credentials(kind: str, found: str) -> None:
    condition = aws_identity.no_lasting_credentials
    there = resource(kind)
    assert said(condition, there) == [
        violated(
            condition,
            there,
            found=found,
            requires="a role with credentials that expire",
            fix="the resource itself",
        )
    ]


def test_access_to_a_cluster_is_described_in_aws() -> None:
    Setting(
        condition=aws_identity.eks_access_is_by_api,
        type="aws:eks/cluster:Cluster",
        path="accessConfig.authenticationMode",
        good=("API",),
        bad="API_AND_CONFIG_MAP",
        state="set otherwise",
        requires="API",
    ).check()


def test_a_workload_identity_is_pinned_to_subject_and_audience() -> None:
    condition = aws_identity.workload_identities_are_pinned
    pinned = {
        f"{ISSUER}:sub": "system:serviceaccount:n8n:n8n",
        f"{ISSUER}:aud": ["sts.amazonaws.com"],
    }
    assert said(condition, role(Condition={"StringEquals": pinned})) == []
    place = "assumeRolePolicy.Statement[0].Condition.StringEquals"

    def without(judged: Resource, *keys: str) -> list[str]:
        return [
            violated(
                condition,
                judged,
                found=f"{place} without {key}",
                requires=f"the {key} that the role is for",
                fix=place,
            )
            for key in keys
        ]

    wide = role(
        Condition={
            "StringLike": {f"{ISSUER}:sub": "system:serviceaccount:*"},
            "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
        }
    )
    assert said(condition, wide) == without(wide, "sub")
    assert said(condition, role(Action=["sts:TagSession", "sts:*"])) == without(
        role(), "sub", "aud"
    )
    unknown = resource("aws:iam/role:Role", {"assumeRolePolicy": UNKNOWN})
    assert said(condition, unknown) == [
        pending(
            condition,
            unknown,
            unknown="assumeRolePolicy.Statement[*]",
            requires=f"the {key} that the role is for",
        )
        for key in ("sub", "aud")
    ]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny"},
        {"Action": "sts:AssumeRole", "Principal": {"Service": "pods.eks.amazonaws.com"}},
        {"Principal": {"Federated": "cognito-identity.amazonaws.com"}},
    ],
)
def test_other_trust_is_not_that_of_workloads(statement: dict[str, Any]) -> None:
    assert said(aws_identity.workload_identities_are_pinned, role(**statement)) == []


def test_a_policy_may_be_written_as_a_mapping_with_parts_that_are_not_known() -> None:
    condition = aws_identity.workload_identities_are_pinned
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"issuer:sub": UNKNOWN, "issuer:aud": "sts.amazonaws.com"}},
    }
    written = resource("aws:iam/role:Role", {"assumeRolePolicy": {"Statement": statement}})
    assert said(condition, written) == [
        pending(
            condition,
            written,
            unknown="assumeRolePolicy.Statement.Condition.StringEquals",
            requires="the sub that the role is for",
        )
    ]
