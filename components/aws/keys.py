"""Keys of KMS: one for each kind of use, so that losing or opening one opens nothing else.

| key | encrypts | in the peer's region too |
|---|---|---|
| `cluster` | Kubernetes Secrets in EKS | no: each cluster has its own |
| `volumes` | disks of nodes, volumes of pods | no: they do not leave their zone |
| `logs` | log groups of CloudWatch, the topic of alarms | no |
| `data` | the database, its master password, exports, the lease | yes |
| `backup` | vaults of backups and of copies | yes |
| `escrow` | the second copy of n8n's encryption key | yes |

Keys that are in both regions are multi-region: a replica has the same material, so that a copy can
be read while the other region is lost. All rotate each year; a deleted one can be had back for 30
days. Their policies let administrators manage them and not use them; what uses them does so through
one service of AWS, in this account alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.iam import allow, policy
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings
from settings.aws.keys import ExistingKeys

_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:SynchronizeMultiRegionKey",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)
"""Managing a key, for whom IAM lets do it. Not `kms:CreateGrant`, with which an administrator could
let anybody use it."""

_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
_DELETION_WINDOW_DAYS = 30
_ROTATION_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class _Purpose:
    """What a key is for.

    Attributes:
        description: the same in words, as AWS shows it.
        services: services of AWS through which it may be used, by the names in `kms:ViaService`.
        multi_region: whether it is in the peer's region too.
    """

    description: str
    services: tuple[str, ...] = ()
    multi_region: bool = False


_PURPOSES = {
    "cluster": _Purpose(description="Kubernetes Secrets"),
    "volumes": _Purpose(description="Disks of nodes and volumes of pods", services=("ec2",)),
    "logs": _Purpose(description="Logs in CloudWatch, and alarms"),
    "data": _Purpose(
        description="Database, its password, exports, the lease",
        services=("dynamodb", "rds", "s3", "secretsmanager"),
        multi_region=True,
    ),
    "backup": _Purpose(
        description="Backups and copies of them",
        services=("backup", "rds", "s3"),
        multi_region=True,
    ),
    "escrow": _Purpose(
        description="Second copy of n8n's encryption key",
        services=("secretsmanager",),
        multi_region=True,
    ),
}


class Keys(Component):
    """The keys of an environment, and their replicas in the peer's region.

    Attributes:
        arns: each key's ARN, by its name in the table above.
        replicas: ARNs of the replicas in the peer's region, by the same names: those of
            multi-region keys, where there is a peer and this stack made them. They are what the
            peer's stack takes as `aws.keys.existing`.
    """

    area = "aws"

    arns: Mapping[str, pulumi.Output[str]]
    replicas: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
        """
        super().__init__(name, opts)
        self._environment = environment
        self._tags = tags(settings)
        existing, peer = environment.keys.existing, environment.peer
        made = {
            name: self._create_key(name, purpose)
            for name, purpose in _PURPOSES.items()
            if existing is None or not purpose.multi_region
        }
        self.replicas = (
            {
                name: self._create_replica(name, purpose, made[name], peer.region)
                for name, purpose in _PURPOSES.items()
                if purpose.multi_region
            }
            if peer and existing is None
            else {}
        )
        self.arns = {**made, **(_given(existing) if existing else {})}
        self.register_outputs({"arns": self.arns, "replicas": self.replicas})

    def _create_key(self, name: str, purpose: _Purpose) -> pulumi.Output[str]:
        key = aws.kms.Key(
            name,
            description=f"{purpose.description} of {self._environment.name}",
            multi_region=purpose.multi_region,
            enable_key_rotation=True,
            rotation_period_in_days=_ROTATION_DAYS,
            deletion_window_in_days=_DELETION_WINDOW_DAYS,
            policy=self._policy(name, purpose, self._environment.region),
            tags=self._tags,
            opts=self.child_options(protect=True),
        )
        self._create_alias(name, name, key.key_id, self._environment.region)
        return key.arn

    def _create_replica(
        self, name: str, purpose: _Purpose, primary: pulumi.Output[str], region: str
    ) -> pulumi.Output[str]:
        key = aws.kms.ReplicaKey(
            f"{name}-replica",
            region=region,
            description=f"{purpose.description} of {self._environment.name}, replica",
            primary_key_arn=primary,
            deletion_window_in_days=_DELETION_WINDOW_DAYS,
            policy=self._policy(name, purpose, region),
            tags=self._tags,
            opts=self.child_options(protect=True),
        )
        self._create_alias(f"{name}-replica", name, key.key_id, region)
        return key.arn

    def _create_alias(
        self, resource: str, name: str, key_id: pulumi.Output[str], region: str
    ) -> None:
        aws.kms.Alias(
            resource,
            region=region,
            name=alias(self._environment, name),
            target_key_id=key_id,
            opts=self.child_options(),
        )

    def _policy(self, name: str, purpose: _Purpose, region: str) -> str:
        """Who may manage a key in a region, and who may use it."""
        account = self._environment.account_id
        everybody_here = {"AWS": f"arn:aws:iam::{account}:root"}
        statements = [
            allow(_ADMINISTRATION, ["*"], Sid="Manage", Principal=everybody_here),
        ]
        if purpose.services:
            statements += _through_services(purpose.services, region, account)
        if "dynamodb" in purpose.services:
            statements.append(_read_by_dynamodb())
        if name == "cluster":
            statements.append(_by_roles(everybody_here))
        if name == "logs":
            statements += [_by_logs(region, account), _by_alarms(account)]
        return policy(*statements)


def alias(environment: AwsSettings, name: str) -> str:
    """The alias of an environment's key, by its name in the table above."""
    return f"alias/n8n-platform/{environment.name}/{name}"


def _given(existing: ExistingKeys) -> Mapping[str, pulumi.Output[str]]:
    return {name: pulumi.Output.from_input(arn) for name, arn in existing}


def _through_services(services: tuple[str, ...], region: str, account: str) -> list[dict[str, Any]]:
    """Whoever of the account may use these services, through them: as AWS' own keys have it."""
    caller = {
        "kms:CallerAccount": account,
        "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in services],
    }
    return [
        allow(
            _USE,
            ["*"],
            Sid="UseThroughServices",
            Principal={"AWS": "*"},
            Condition={"StringEquals": caller},
        ),
        allow(
            ["kms:CreateGrant"],
            ["*"],
            Sid="GrantToServices",
            Principal={"AWS": "*"},
            Condition={
                "StringEquals": caller,
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        ),
    ]


def _read_by_dynamodb() -> dict[str, Any]:
    """DynamoDB itself looks at a key's state, as with AWS' own key, at nothing that it encrypts."""
    return allow(
        ["kms:Describe*", "kms:Get*", "kms:List*"],
        ["*"],
        Sid="ReadByDynamoDb",
        Principal={"Service": "dynamodb.amazonaws.com"},
    )


def _by_roles(everybody_here: Mapping[str, str]) -> dict[str, Any]:
    """Roles of the account to which IAM gives it: the cluster's, and the one that makes it.

    EKS takes grants from whoever makes the cluster, and cannot do so under the condition
    `kms:GrantIsForAWSResource`: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
    """
    return allow(
        [*_USE, "kms:CreateGrant", "kms:ListGrants"],
        ["*"],
        Sid="UseByRoles",
        Principal=everybody_here,
    )


def _by_alarms(account: str) -> dict[str, Any]:
    """Who publishes to the topic of alarms: a topic with AWS' own key would refuse them.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return allow(
        ["kms:Decrypt", "kms:GenerateDataKey*"],
        ["*"],
        Sid="UseForAlarms",
        Principal={"Service": ["backup.amazonaws.com", "cloudwatch.amazonaws.com"]},
        Condition={"StringEquals": {"aws:SourceAccount": account}},
    )


def _by_logs(region: str, account: str) -> dict[str, Any]:
    """CloudWatch itself, for log groups of the account."""
    return allow(
        _USE,
        ["*"],
        Sid="UseForLogs",
        Principal={"Service": f"logs.{region}.amazonaws.com"},
        Condition={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account}:*"}
        },
    )
