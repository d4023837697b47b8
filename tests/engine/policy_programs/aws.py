"""The sound program's part in AWS: every condition on it has something that passes."""

import json
from typing import Any

from tests.engine.policy_programs.running import Program, output

_KEY = "arn:aws:kms:eu-central-1:111122223333:key/own"
_ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/1"
_TAGS = {
    "data-classification": "personal",
    "data-purpose": "orders",
    "data-lawful-basis": "contract",
    "data-retention-days": "90",
    "data-owner": "shop",
}


def policy(**statement: Any) -> str:
    """A policy of one statement, as AWS takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def identity_policy(**statement: Any) -> str:
    """A policy of one statement that allows something."""
    return policy(Effect="Allow", **statement)


def trust(*claims: str) -> str:
    """Who may take a role on: workloads of a cluster, by these claims of their tokens."""
    return identity_policy(
        Action="sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": f"arn:aws:iam::111122223333:oidc-provider/{_ISSUER}"},
        Condition={"StringEquals": {f"{_ISSUER}:{claim}": "one" for claim in claims}},
    )


def plain_http(effect: str) -> str:
    """A bucket's policy on requests without TLS."""
    return policy(
        Effect=effect,
        Principal="*",
        Action="s3:*",
        Resource="*",
        Condition={"Bool": {"aws:SecureTransport": "false"}},
    )


def _aws(type_: str, **properties: Any) -> dict[str, Any]:
    return {"type": f"aws:{type_}", "properties": properties}


def _protected(type_: str, **properties: Any) -> dict[str, Any]:
    return _aws(type_, **properties) | {"protect": True}


def _subnet(zone: str) -> dict[str, Any]:
    return _aws("ec2/subnet:Subnet", vpcId=output("vpc"), availabilityZone=f"eu-central-1{zone}")


AWS: Program = {
    "provider": {
        "type": "pulumi:providers:aws",
        "properties": {"region": "eu-west-1"},
    },
    "key": _protected("kms/key:Key", enableKeyRotation=True, deletionWindowInDays=30),
    "parameters": _aws(
        "rds/parameterGroup:ParameterGroup",
        family="postgres17",
        parameters=[{"name": "rds.force_ssl", "value": "1"}],
    ),
    "database": _protected(
        "rds/instance:Instance",
        engine="postgres",
        storageEncrypted=True,
        kmsKeyId=_KEY,
        publiclyAccessible=False,
        multiAz=True,
        deletionProtection=True,
        skipFinalSnapshot=False,
        backupRetentionPeriod=14,
        enabledCloudwatchLogsExports=["postgresql"],
        parameterGroupName=output("parameters"),
        tags=_TAGS,
    ),
    "bucket": _protected("s3/bucket:Bucket", tags=_TAGS | {"data-classification": "confidential"}),
    "bucket-encryption": _aws(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        bucket=output("bucket"),
        rules=[
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": _KEY,
                }
            }
        ],
    ),
    "bucket-access": _aws(
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        bucket=output("bucket"),
        blockPublicAcls=True,
        blockPublicPolicy=True,
        ignorePublicAcls=True,
        restrictPublicBuckets=True,
    ),
    "bucket-policy": _aws(
        "s3/bucketPolicy:BucketPolicy", bucket=output("bucket"), policy=plain_http("Deny")
    ),
    "bucket-lifecycle": _aws(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        bucket=output("bucket"),
        rules=[{"id": "all", "status": "Enabled", "expiration": {"days": 90}}],
    ),
    "plan": _aws(
        "backup/plan:Plan",
        rules=[
            {
                "ruleName": "daily",
                "targetVaultName": "vault",
                "lifecycle": {"deleteAfter": 35},
                "copyActions": [
                    {
                        "destinationVaultArn": (
                            "arn:aws:backup:eu-west-1:111122223333:backup-vault:copy"
                        ),
                        "lifecycle": {"deleteAfter": 35},
                    }
                ],
            }
        ],
    ),
    "selection": _aws(
        "backup/selection:Selection",
        planId=output("plan"),
        selectionTags=[{"type": "STRINGEQUALS", "key": "data-classification", "value": "personal"}],
    ),
    "vault": _protected("backup/vault:Vault", kmsKeyArn=_KEY),
    "vault-lock": _aws(
        "backup/vaultLockConfiguration:VaultLockConfiguration",
        backupVaultName=output("vault"),
        changeableForDays=3,
        maxRetentionDays=35,
    ),
    "restores": _aws("backup/restoreTestingPlan:RestoreTestingPlan", scheduleExpression="daily"),
    "restored": _aws("backup/restoreTestingSelection:RestoreTestingSelection", name="all"),
    "alarm": _aws("cloudwatch/metricAlarm:MetricAlarm", name="restore-failed"),
    "cluster": _aws(
        "eks/cluster:Cluster",
        encryptionConfig={"provider": {"keyArn": _KEY}, "resources": ["secrets"]},
        accessConfig={"authenticationMode": "API"},
        vpcConfig={"endpointPrivateAccess": True, "endpointPublicAccess": False},
        enabledClusterLogTypes=["api", "audit", "authenticator", "controllerManager", "scheduler"],
    ),
    "role": _aws("iam/role:Role", assumeRolePolicy=trust("sub", "aud")),
    "attachment": _aws(
        "iam/rolePolicyAttachment:RolePolicyAttachment",
        role=output("role"),
        policyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    ),
    **{
        name: _aws(
            "iam/policy:Policy",
            policy=identity_policy(Action="s3:GetObject", Resource="arn:aws:s3:::shop/*"),
        )
        for name in ("reads", "writes", "deploys")
    },
    "queue": _aws(
        "sqs/queue:Queue",
        kmsMasterKeyId=_KEY,
        policy=identity_policy(
            Action="sqs:SendMessage", Principal={"AWS": "arn:aws:iam::111122223333:root"}
        ),
    ),
    "topic": _aws("sns/topic:Topic", kmsMasterKeyId=_KEY, region="eu-west-1"),
    "secret": _aws(
        "secretsmanager/secret:Secret", kmsKeyId=_KEY, replicas=[{"region": "eu-west-1"}]
    ),
    "vpc": _aws("ec2/vpc:Vpc", cidrBlock="10.0.0.0/16"),
    "flow-log": _aws("ec2/flowLog:FlowLog", vpcId=output("vpc"), trafficType="ALL"),
    "subnet-a": _subnet("a"),
    "subnet-b": _subnet("b"),
    "subnet-c": _subnet("c"),
    "security-group": _aws(
        "ec2/securityGroup:SecurityGroup",
        ingress=[
            {"protocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrBlocks": ["10.0.0.0/16"]}
        ],
    ),
    "machines": _aws(
        "ec2/launchTemplate:LaunchTemplate",
        metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1},
    ),
    "listener": _aws(
        "lb/listener:Listener", protocol="HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06"
    ),
    "cache": _aws(
        "elasticache/replicationGroup:ReplicationGroup",
        atRestEncryptionEnabled=True,
        kmsKeyId=_KEY,
        transitEncryptionEnabled=True,
        multiAzEnabled=True,
        snapshotRetentionLimit=14,
        tags=_TAGS,
    ),
    "search": _aws(
        "opensearch/domain:Domain",
        encryptAtRest={"enabled": True, "kmsKeyId": _KEY},
        nodeToNodeEncryption={"enabled": True},
        domainEndpointOptions={
            "enforceHttps": True,
            "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
        },
        clusterConfig={"zoneAwarenessEnabled": True},
        tags=_TAGS,
    ),
    "trail": _aws(
        "cloudtrail/trail:Trail",
        kmsKeyId=_KEY,
        isMultiRegionTrail=True,
        enableLogFileValidation=True,
    ),
    "logs": _aws("cloudwatch/logGroup:LogGroup", kmsKeyId=_KEY, retentionInDays=180),
}
"""By its name each resource. Nothing of it exists: ids of others are not known at preview."""

USER = _aws("iam/user:User")
"""What nobody should have."""

ANOTHER_BUCKET = _protected("s3/bucket:Bucket", tags=_TAGS | {"data-classification": "public"})
"""A bucket without anything that belongs to it."""
