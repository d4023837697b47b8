"""What AWS Backup may do in an environment: to back up, and to try restores out."""

from components.aws.exports import bucket_name
from components.aws.iam import allow
from components.aws.pair import regions
from settings.aws import AwsSettings

_BACKUP_RDS = (
    "rds:AddTagsToResource",
    "rds:CopyDBSnapshot",
    "rds:CreateDBSnapshot",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:ListTagsForResource",
    "rds:ModifyDBInstance",
)
_BACKUP_CLUSTER = (
    "rds:AddTagsToResource",
    "rds:CopyDBClusterSnapshot",
    "rds:CreateDBClusterSnapshot",
    "rds:DescribeDBClusterAutomatedBackups",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:ListTagsForResource",
    "rds:ModifyDBCluster",
)
_BACKUP_BUCKET = (
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetBucketNotification",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetInventoryConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutBucketNotification",
    "s3:PutInventoryConfiguration",
)
_BACKUP_OBJECTS = (
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
)
_BACKUP_EVENTS = (
    "events:DeleteRule",
    "events:DescribeRule",
    "events:DisableRule",
    "events:EnableRule",
    "events:ListTargetsByRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
)
_BACKUP_VAULT = (
    "backup:CopyFromBackupVault",
    "backup:CopyIntoBackupVault",
    "backup:DescribeBackupVault",
)
_RESTORE_RDS = (
    "rds:AddTagsToResource",
    "rds:DeleteDBInstance",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:ListTagsForResource",
    "rds:RestoreDBInstanceFromDBSnapshot",
)
_RESTORE_CLUSTER = (
    "rds:AddTagsToResource",
    "rds:DeleteDBCluster",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:ListTagsForResource",
    "rds:RestoreDBClusterFromSnapshot",
)
_USE_KEYS = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*")
"""What AWS Backup does, from its own policies AWSBackupServiceRolePolicyForBackup, …ForS3Backup and
…ForRestores, less the services that are not here.
https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html"""


def vault_name(environment: AwsSettings) -> str:
    """The vault's name, the same in both regions of a pair."""
    return f"{environment.name}-backups"


def vault_arn(environment: AwsSettings, region: str) -> str:
    """The vault in a region, whichever stack made it."""
    account = environment.account_id
    return f"arn:aws:backup:{region}:{account}:backup-vault:{vault_name(environment)}"


def backups(environment: AwsSettings) -> list[dict[str, object]]:
    """Statements of the role that makes backups and copies."""
    region = environment.region
    bucket = f"arn:aws:s3:::{bucket_name(environment, region)}"
    rules = f"arn:aws:events:{region}:{environment.account_id}:rule/AwsBackupManagedRule*"
    return [
        *_backups_of_database(environment),
        allow(_BACKUP_VAULT, [vault_arn(environment, each) for each in regions(environment)]),
        allow(_BACKUP_BUCKET, [bucket]),
        allow(_BACKUP_OBJECTS, [f"{bucket}/*"]),
        allow(_BACKUP_EVENTS, [rules]),
        # Backups take over their source's tags; those of RDS as snapshots do, above.
        allow(
            ["backup:TagResource"],
            [
                f"arn:aws:backup:{each}:{environment.account_id}:recovery-point:*"
                for each in regions(environment)
            ],
        ),
        # These know no resources. The second finds what is tagged for the plan.
        allow(
            [
                "cloudwatch:GetMetricData",
                "tag:GetResources",
                "events:ListRules",
                "s3:ListAllMyBuckets",
            ],
            ["*"],
        ),
        _use_of_keys(environment, "backup", "rds", "s3"),
    ]


def restores(environment: AwsSettings) -> list[dict[str, object]]:
    """Statements of the role that restores databases and deletes them after the test."""
    cluster = environment.database.deployment == "cluster"
    actions = _RESTORE_CLUSTER if cluster else _RESTORE_RDS
    kinds = (
        ("cluster", "cluster-pg", "cluster-snapshot", "subgrp")
        if cluster
        else ("db", "og", "pg", "snapshot", "subgrp")
    )
    return [
        allow(actions, [_databases(environment, kind) for kind in kinds]),
        _use_of_keys(environment, "rds"),
    ]


def _backups_of_database(environment: AwsSettings) -> list[dict[str, object]]:
    """Snapshots of what there is, an instance or a cluster; of these its own alone are deleted."""
    cluster = environment.database.deployment == "cluster"
    kind, snapshot = ("cluster", "cluster-snapshot") if cluster else ("db", "snapshot")
    delete = "rds:DeleteDBClusterSnapshot" if cluster else "rds:DeleteDBSnapshot"
    own = f"{_databases(environment, snapshot)[:-1]}awsbackup:*"
    return [
        allow(
            _BACKUP_CLUSTER if cluster else _BACKUP_RDS,
            [_databases(environment, each) for each in (kind, snapshot)],
        ),
        allow([delete], [own]),
    ]


def _databases(environment: AwsSettings, kind: str) -> str:
    return f"arn:aws:rds:*:{environment.account_id}:{kind}:*"


def _use_of_keys(environment: AwsSettings, *services: str) -> dict[str, object]:
    """The account's keys, through these services in the environment's regions only."""
    through = [
        f"{service}.{region}.amazonaws.com"
        for service in services
        for region in regions(environment)
    ]
    return allow(
        _USE_KEYS,
        [f"arn:aws:kms:*:{environment.account_id}:key/*"],
        Condition={"StringLike": {"kms:ViaService": through}},
    )
