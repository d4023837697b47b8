"""Who gets in to AWS: people and workloads by roles, never by a credential that stays valid."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, every, no, some
from policies.resources.aws import (
    EKS_CLUSTER,
    allows,
    forbid,
    says,
    statements,
)
from policies.resources.place import Absent, Finding, Place, Verdict
from policies.resources.resource import Resource, of_type

_LASTING = {
    "aws:iam/accessKey:AccessKey": "an access key",
    "aws:iam/serviceSpecificCredential:ServiceSpecificCredential": "a password of a service",
    "aws:iam/sshKey:SshKey": "an SSH key of a user",
    "aws:iam/user:User": "a user",
    "aws:iam/userLoginProfile:UserLoginProfile": "a password of a user",
}
_WEB_IDENTITY = "sts:assumerolewithwebidentity"
_PEOPLE = "cognito-identity.amazonaws.com"
"""A provider of identities of an application's users, who are no workload."""


@condition(
    applies=lambda resource: resource.type in _LASTING,
    severity=Severity.HIGH,
    soc2=("CC6.2",),
    gdpr=("32(1)(b)",),
    steps="Delete it. Let people in through IAM Identity Center and workloads through a role.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
)
def no_lasting_credentials(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Nobody has a user, password or key of IAM, which stay valid until somebody notices."""
    yield Finding(
        "the resource itself", _LASTING[resource.type], "a role with credentials that expire"
    )


@condition(
    applies=of_type(EKS_CLUSTER),
    severity=Severity.MEDIUM,
    soc2=("CC6.2",),
    gdpr=("32(1)(b)",),
    steps="Set accessConfig.authenticationMode to API and describe access by access entries.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
)
def eks_access_is_by_api(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Who may enter an EKS cluster is described in AWS, not in a ConfigMap inside it."""
    yield from resource.at("accessConfig", "authenticationMode").must_be("API")


@condition(
    applies=of_type("aws:iam/role:Role"),
    severity=Severity.HIGH,
    soc2=("CC6.2",),
    gdpr=("32(1)(b)",),
    steps="Compare the provider's :sub and :aud by StringEquals in the trust policy.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
)
def workload_identities_are_pinned(resource: Resource, _: Context) -> Iterator[Verdict]:
    """A role for workloads is only given to the subject and audience that it names."""
    for statement in statements(resource.at("assumeRolePolicy")):
        principal = statement.at("Principal", "Federated")
        trusts = every(
            [
                allows(statement),
                says(statement.at("Action"), lambda text: fnmatchcase(_WEB_IDENTITY, text.lower())),
                no(says(principal, lambda text: text == _PEOPLE)),
            ]
        )
        compared = Place(f"{statement.path}.Condition.StringEquals", Absent.MISSING)
        for key in ("sub", "aud"):
            yield from forbid(
                every([trusts, no(_compares(statement.at("Condition"), key))]),
                f"{compared.path} without {key}",
                f"the {key} that the role is for",
                compared,
                statement,
            )


def _compares(conditions: Place, key: str) -> Answer:
    """Whether a key of the identity provider is compared by `StringEquals`."""
    return some(
        None if compared.unknown else says(value, bool)
        for operator, compared in conditions.entries()
        if conditions.unknown or operator.lower() == "stringequals"
        for name, value in compared.entries()
        if compared.unknown or name.lower().endswith(f":{key}")
    )
