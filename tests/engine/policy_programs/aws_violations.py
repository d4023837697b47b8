"""For each condition on AWS, what is wrong in the unsound program."""

from tests.engine.policy_programs.aws import (
    ANOTHER_BUCKET,
    USER,
    identity_policy,
    plain_http,
    policy,
    trust,
)
from tests.engine.policy_programs.violation import REMOVED, Violation

_DATA = (
    Violation("storage-is-encrypted", "database", "storageEncrypted", False),
    Violation("encryption-keys-are-customer-managed", "database", "kmsKeyId", "alias/aws/rds"),
    Violation(
        "buckets-are-encrypted-with-own-key",
        "bucket-encryption",
        "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
        "alias/aws/s3",
    ),
    Violation(
        "eks-secrets-are-encrypted-with-own-key",
        "cluster",
        "encryptionConfig.provider.keyArn",
        REMOVED,
    ),
    Violation("kms-keys-rotate", "key", "enableKeyRotation", False),
    Violation("kms-keys-wait-before-deletion", "key", "deletionWindowInDays", 7),
    Violation("storage-classes-encrypt-volumes", "storage-class", "parameters.encrypted", "false"),
    Violation("databases-are-private", "database", "publiclyAccessible", True),
    Violation(
        "databases-force-tls",
        "database",
        "parameters[rds.force_ssl].value",
        "0",
        "parameterGroupName",
        of="parameters",
    ),
    Violation("databases-export-logs", "database", "enabledCloudwatchLogsExports", []),
    Violation("data-stores-span-zones", "database", "multiAz", False),
    Violation("databases-refuse-deletion", "database", "deletionProtection", False),
    Violation("databases-leave-a-final-snapshot", "database", "skipFinalSnapshot", True),
    Violation("backups-are-kept-within-bounds", "database", "backupRetentionPeriod", 1),
    Violation("caches-force-tls", "cache", "transitEncryptionEnabled", False),
    Violation("search-domains-force-tls", "search", "domainEndpointOptions.enforceHttps", False),
    Violation("buckets-block-public-access", "bucket-access", "blockPublicAcls", False),
    Violation("buckets-refuse-plain-http", "bucket-policy", "policy", plain_http("Allow")),
    Violation(
        "buckets-dispose-of-data",
        "bucket",
        "rules[0].expiration.days",
        4000,
        "BucketLifecycleConfiguration.rules.expiration",
        of="bucket-lifecycle",
    ),
)

_ACCOUNT = (
    Violation("no-lasting-credentials", "user", "", USER, "the resource itself"),
    Violation("eks-access-is-by-api", "cluster", "accessConfig.authenticationMode", "CONFIG_MAP"),
    Violation("eks-has-a-private-endpoint", "cluster", "vpcConfig.endpointPrivateAccess", False),
    Violation("eks-is-not-open-to-everybody", "cluster", "vpcConfig.endpointPublicAccess", True),
    Violation(
        "eks-writes-all-logs",
        "cluster",
        "enabledClusterLogTypes",
        ["api", "authenticator", "controllerManager", "scheduler"],
    ),
    Violation(
        "workload-identities-are-pinned",
        "role",
        "assumeRolePolicy",
        trust("sub"),
        "assumeRolePolicy.Statement[0].Condition.StringEquals",
    ),
    Violation(
        "no-unlimited-iam-grants",
        "reads",
        "policy",
        identity_policy(Action="*", Resource="*"),
        "policy.Statement[0]",
    ),
    Violation(
        "no-inverted-iam-grants",
        "writes",
        "policy",
        identity_policy(NotAction="iam:*", Resource="*"),
        "policy.Statement[0].NotAction",
    ),
    Violation(
        "no-passing-of-any-role",
        "deploys",
        "policy",
        identity_policy(Action="iam:PassRole", Resource="*"),
        "policy.Statement[0].Resource",
    ),
    Violation(
        "no-administrator-policies",
        "attachment",
        "policyArn",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    Violation(
        "no-policy-admits-everybody",
        "queue",
        "policy",
        policy(Effect="Allow", Principal="*", Action="sqs:*"),
        "policy.Statement[0].Principal",
    ),
    Violation(
        "security-groups-guard-data-ports",
        "security-group",
        "ingress[0].cidrBlocks[0]",
        "0.0.0.0/0",
    ),
    Violation("instance-metadata-is-guarded", "machines", "metadataOptions.httpTokens", "optional"),
    Violation(
        "load-balancers-use-modern-tls", "listener", "sslPolicy", "ELBSecurityPolicy-2016-08"
    ),
    Violation("trails-are-complete-and-tamper-evident", "trail", "enableLogFileValidation", False),
    Violation("vpcs-have-flow-logs", "flow-log", "trafficType", "ACCEPT"),
    Violation("logs-are-kept-within-bounds", "logs", "retentionInDays", 1),
    Violation(
        "subnets-span-three-zones",
        "vpc",
        "availabilityZone",
        "eu-central-1a",
        "Subnet.availabilityZone",
        of="subnet-c",
    ),
    Violation(
        "personal-data-is-backed-up",
        "database",
        "selectionTags[0].value",
        "public",
        "Selection",
        of="selection",
    ),
    Violation(
        "backups-are-copied-to-another-region",
        "plan",
        "rules[0].copyActions[0].destinationVaultArn",
        "arn:aws:backup:eu-central-1:111122223333:backup-vault:copy",
        "rules",
    ),
    Violation(
        "backup-vaults-are-locked",
        "vault",
        "backupVaultName",
        "other",
        "VaultLockConfiguration",
        of="vault-lock",
    ),
    Violation(
        "restores-are-tried-out", "plan", "", REMOVED, "RestoreTestingSelection", of="restored"
    ),
    Violation(
        "stale-restore-tests-alert",
        "restores",
        "name",
        "disk-full",
        "PrometheusRule or MetricAlarm",
        of="alarm",
    ),
    Violation("retention-locks-leave-room-for-erasure", "vault-lock", "maxRetentionDays", 4000),
    Violation("providers-are-in-allowed-regions", "provider", "region", "us-east-1"),
    Violation("resources-are-in-allowed-regions", "topic", "region", "us-east-1"),
    Violation("copies-stay-in-allowed-regions", "secret", "replicas[0].region", "us-east-1"),
)

_REFERENCES = tuple(
    Violation(condition, "another-bucket", "", ANOTHER_BUCKET, companion)
    for condition, companion in {
        "buckets-are-encrypted-with-own-key": "BucketServerSideEncryptionConfiguration",
        "buckets-block-public-access": "BucketPublicAccessBlock",
        "buckets-refuse-plain-http": "BucketPolicy",
    }.items()
)
"""A second bucket, to which nothing belongs: all names the first, of which no id is known yet."""

AWS_VIOLATIONS = (*_DATA, *_ACCOUNT, *_REFERENCES)
