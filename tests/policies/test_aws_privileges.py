"""What an identity of AWS may do."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import aws_privileges
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated

POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"


def policy(*statements: Mapping[str, Any]) -> Resource:
    written = [{"Effect": "Allow", **statement} for statement in statements]
    return resource(POLICY, {"policy": json.dumps({"Statement": written})})


CASES = [
    (
        aws_privileges.no_unlimited_iam_grants,
        [
            {"Action": "s3:*", "Resource": "*"},
            {"Action": "*", "Resource": "arn:aws:s3:::b/*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*"},
        ],
        {"Action": ["s3:GetObject", "*"], "Resource": ["*"]},
        "{} allowing every action on every resource",
        "the actions and resources that are needed",
        "",
    ),
    (
        aws_privileges.no_inverted_iam_grants,
        [{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}],
        {"NotAction": "iam:*", "Resource": "arn:aws:s3:::b"},
        "{} in a statement that allows",
        "Action instead",
        ".NotAction",
    ),
    (
        aws_privileges.no_inverted_iam_grants,
        [{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b"}],
        {"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b"},
        "{} in a statement that allows",
        "Resource instead",
        ".NotResource",
    ),
    (
        aws_privileges.no_passing_of_any_role,
        [
            {"Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/nodes"},
            {"Action": "iam:GetRole", "Resource": "*"},
            # Said by no_unlimited_iam_grants.
            {"Action": "*", "Resource": "*"},
        ],
        {"Action": ["ec2:RunInstances", "iam:Pass*"], "Resource": "arn:aws:iam::1:role/*"},
        "{} letting any role be passed",
        "the roles that may be passed",
        ".Resource",
    ),
]


@pytest.mark.parametrize(("condition", "good", "bad", "found", "requires", "fix"), CASES)
def test_a_policy_allows_what_is_needed(
    condition: Condition,
    good: list[Mapping[str, Any]],
    bad: Mapping[str, Any],
    found: str,
    requires: str,
    fix: str,
) -> None:
    assert said(condition, policy(*good)) == []
    path = f"policy.Statement[1]{fix}"
    judged = policy(good[0], bad)
    assert said(condition, judged) == [
        violated(condition, judged, found=found.format(path), requires=requires, fix=path)
    ]
    unknown = resource(POLICY, {"policy": UNKNOWN})
    every = {f"policy.Statement[*]{fix}": requires}
    if condition is aws_privileges.no_inverted_iam_grants:
        every = {
            f"policy.Statement[*].Not{each}": f"{each} instead"
            for each in (
                "Action",
                "Resource",
            )
        }
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=path, requires=words) for path, words in every.items()
    ]


def test_an_inversion_that_is_not_known_is_undecided() -> None:
    condition = aws_privileges.no_inverted_iam_grants
    statement = {"Effect": "Allow", "NotAction": UNKNOWN, "Resource": "*"}
    judged = resource(POLICY, {"policy": {"Statement": [statement]}})
    path = "policy.Statement[0].NotAction"
    assert said(condition, judged) == [
        pending(condition, judged, unknown=path, requires="Action instead")
    ]


@pytest.mark.parametrize(
    ("kind", "properties", "path"),
    [
        (ROLE, {"inlinePolicies": [{"name": "all", "policy": "{}"}]}, "inlinePolicies[all].policy"),
        ("aws:iam/userPolicy:UserPolicy", {"policy": "{}"}, "policy"),
        (
            "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy",
            {"inlinePolicy": "{}"},
            "inlinePolicy",
        ),
    ],
)
def test_grants_are_found_wherever_they_are_written(kind: str, properties: Any, path: str) -> None:
    condition = aws_privileges.no_unlimited_iam_grants
    grant = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    written = json.loads(json.dumps(properties).replace('"{}"', json.dumps(grant)))
    judged = resource(kind, written)
    place = f"{path}.Statement"
    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"{place} allowing every action on every resource",
            requires="the actions and resources that are needed",
            fix=place,
        )
    ]


@pytest.mark.parametrize(
    ("kind", "key", "element"),
    [
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", ""),
        (ROLE, "managedPolicyArns", "[0]"),
    ],
)
def test_nobody_is_administrator(kind: str, key: str, element: str) -> None:
    condition = aws_privileges.no_administrator_policies

    def attached(value: Any) -> Resource:
        return resource(kind, {key: [value] if element else value})

    assert said(condition, attached("arn:aws:iam::aws:policy/ReadOnlyAccess")) == []
    judged = attached("arn:aws:iam::aws:policy/AdministratorAccess")
    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"{key}{element} naming a policy of administrators",
            requires="a policy with what is needed",
            fix=f"{key}{element}",
        )
    ]
    unknown = attached(UNKNOWN)
    assert said(condition, unknown) == [
        pending(
            condition,
            unknown,
            unknown=f"{key}{element or '[*]'}",
            requires="a policy with what is needed",
        )
    ]


def test_a_resource_is_not_for_everybody() -> None:
    condition = aws_privileges.no_policy_admits_everybody
    kind = "aws:sqs/queuePolicy:QueuePolicy"

    def queue(**statement: Any) -> Resource:
        written = {"Effect": "Allow", "Principal": {"AWS": "*"}, **statement}
        return resource(kind, {"policy": {"Statement": [written]}})

    assert said(condition, queue(Principal={"AWS": "arn:aws:iam::111122223333:root"})) == []
    assert said(condition, queue(Effect="Deny")) == []
    assert said(condition, queue(Condition={"StringEquals": {"aws:PrincipalOrgID": "o"}})) == []
    place = "policy.Statement[0].Principal"
    for judged in (queue(), queue(Principal="*"), queue(Principal=None, NotPrincipal={"AWS": "x"})):
        assert said(condition, judged) == [
            violated(
                condition,
                judged,
                found=f"{place} meaning everybody",
                requires="those who need it",
                fix=place,
            )
        ]
    for unknown, path in (
        (queue(Principal={"AWS": UNKNOWN}), place),
        (queue(Condition=UNKNOWN), "policy.Statement[0].Condition"),
    ):
        assert said(condition, unknown) == [
            pending(condition, unknown, unknown=path, requires="those who need it")
        ]
