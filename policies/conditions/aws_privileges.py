"""What an identity of AWS may do: what it needs, and nothing that would give it the rest."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, every, known, no, some
from policies.resources.aws import (
    allows,
    forbid,
    grants,
    identity_policies,
    one_or_more,
    says,
    statements,
)
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource

_ADMINISTRATOR = re.compile(r"arn:aws[\w-]*:iam::aws:policy/(AdministratorAccess|IAMFullAccess)")
_ATTACHMENTS = {
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/role:Role": "managedPolicyArns",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
}
"""Where managed policies are named."""

_RESOURCE_POLICIES = {
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""Where it is written who may use a resource."""

_IAM_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"


@condition(
    applies=grants,
    severity=Severity.CRITICAL,
    soc2=("CC6.3",),
    gdpr=("25(2)", "32(1)(b)"),
    steps="Name the actions that are needed, and the resources that they are needed on.",
    url=f"{_IAM_GUIDE}/best-practices.html",
)
def no_unlimited_iam_grants(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No policy of IAM allows every action on every resource."""
    for statement in _statements(resource):
        yield from forbid(
            every([allows(statement), _is_unlimited(statement)]),
            f"{statement.path} allowing every action on every resource",
            "the actions and resources that are needed",
            statement,
        )


@condition(
    applies=grants,
    severity=Severity.HIGH,
    soc2=("CC6.3",),
    gdpr=("25(2)", "32(1)(b)"),
    steps="Name what is allowed in Action and Resource; use NotAction and NotResource to deny.",
    url=f"{_IAM_GUIDE}/reference_policies_elements_notaction.html",
)
def no_inverted_iam_grants(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No policy of IAM allows everything but what it names."""
    for statement in _statements(resource):
        for element in ("NotAction", "NotResource"):
            place = statement.at(element)
            yield from forbid(
                every([allows(statement), known(place, not place.missing)]),
                f"{place.path} in a statement that allows",
                f"{element.removeprefix('Not')} instead",
                place,
                statement,
            )


@condition(
    applies=grants,
    severity=Severity.HIGH,
    soc2=("CC6.3",),
    gdpr=("25(2)", "32(1)(b)"),
    steps="Name in Resource the roles that may be passed on.",
    url=f"{_IAM_GUIDE}/id_roles_use_passrole.html",
)
def no_passing_of_any_role(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Nobody may pass any role to a service, and so get that role's privileges."""
    for statement in _statements(resource):
        roles = statement.at("Resource")
        passes = says(
            statement.at("Action"), lambda text: fnmatchcase("iam:passrole", text.lower())
        )
        any_role = says(roles, lambda text: text == "*" or text.endswith(":role/*"))
        yield from forbid(
            # What is unlimited is the matter of `no_unlimited_iam_grants`.
            every([allows(statement), passes, any_role, no(_is_unlimited(statement))]),
            f"{roles.path} letting any role be passed",
            "the roles that may be passed",
            roles,
            statement.at("Action"),
        )


@condition(
    applies=lambda resource: resource.type in _ATTACHMENTS,
    severity=Severity.CRITICAL,
    soc2=("CC6.3",),
    gdpr=("25(2)", "32(1)(b)"),
    steps="Attach a policy of your own with what is needed.",
    url=f"{_IAM_GUIDE}/access_policies_managed-vs-inline.html",
)
def no_administrator_policies(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No identity has AWS' policies AdministratorAccess or IAMFullAccess."""
    for arn in one_or_more(resource.at(_ATTACHMENTS[resource.type])):
        yield from forbid(
            says(arn, lambda text: bool(_ADMINISTRATOR.fullmatch(text))),
            f"{arn.path} naming a policy of administrators",
            "a policy with what is needed",
            arn,
        )


@condition(
    applies=lambda resource: resource.type in _RESOURCE_POLICIES,
    severity=Severity.CRITICAL,
    soc2=("CC6.3", "CC6.6"),
    gdpr=("25(2)", "32(1)(b)"),
    steps="Name the accounts, roles or services in Principal, or limit it by a Condition.",
    url=f"{_IAM_GUIDE}/reference_policies_elements_principal.html",
)
def no_policy_admits_everybody(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No role, key, bucket, queue, topic, secret or repository can be used by everybody."""
    for statement in statements(resource.at(_RESOURCE_POLICIES[resource.type])):
        principal = statement.at("Principal")
        everybody = some(
            says(place, lambda text: text == "*") for place in (principal, principal.at("AWS"))
        )
        limits = statement.at("Condition")
        unlimited = known(limits, limits.state in ("not set", "empty"))
        yield from forbid(
            every(
                [
                    allows(statement),
                    some([everybody, not statement.at("NotPrincipal").missing]),
                    unlimited,
                ]
            ),
            f"{principal.path} meaning everybody",
            "those who need it",
            principal,
            limits,
        )


def _statements(resource: Resource) -> Iterator[Place]:
    for policy in identity_policies(resource):
        yield from statements(policy)


def _is_unlimited(statement: Place) -> Answer:
    return every(
        [
            says(statement.at("Action"), lambda text: text in ("*", "*:*")),
            says(statement.at("Resource"), lambda text: text == "*"),
        ]
    )
