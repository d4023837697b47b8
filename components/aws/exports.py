"""Buckets for what is exported from n8n, in both regions: its own backup (`backup_writer.py`).

The home environment's stack makes both and lets each replicate to the other: what is written where
the platform works is within minutes where it does not. Deletions of single versions are never
replicated, so an erasure (GDPR Art. 17) is done in both buckets.
"""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components import governance
from components.aws.iam import allow, assumed_by, policy
from components.aws.pair import in_region, regions
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_UPLOAD_DAYS = 7
"""After which the parts of an upload that never ended are deleted."""

_REPLICATION_MINUTES = 15
"""S3 Replication Time Control promises 99.9 % of objects within it; the only value it takes.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"""


class Exports(Component):
    """The buckets, and their replication.

    Attributes:
        bucket: name of the bucket in this environment's region.
    """

    area = "aws"

    bucket: str

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self.bucket = bucket_name(environment, environment.region)
        if environment.failover.home:
            keys = {
                region: in_region(key_arn, region, own=environment.region)
                for region in regions(environment)
            }
            versions = {region: self._create_bucket(region, key) for region, key in keys.items()}
            if environment.peer:
                self._create_replication(keys, versions)
        self.register_outputs({"bucket": self.bucket})

    def _create_bucket(self, region: str, key: pulumi.Input[str]) -> aws.s3.BucketVersioning:
        """A bucket that nobody outside can read; its versioning, which replication needs."""
        recovery = self._environment.recovery
        name = f"exports-{region}"
        bucket = aws.s3.Bucket(
            name,
            bucket=bucket_name(self._environment, region),
            object_lock_enabled=recovery.object_lock != "off",
            region=region,
            tags={
                **tags(self._settings, backed_up=self._environment),
                **governance.data(
                    self._settings.governance,
                    classification="personal",
                    retention_hours=24 * (recovery.export_days + recovery.old_version_days),
                ),
            },
            opts=self.child_options(protect=True),
        )
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=region,
            opts=self.child_options(),
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="aws:kms", kms_master_key_id=key
                    ),
                    bucket_key_enabled=True,
                )
            ],
            region=region,
            opts=self.child_options(),
        )
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=_encrypted_connections_only(bucket_name(self._environment, region)),
            region=region,
            opts=self.child_options(),
        )
        versions = aws.s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            region=region,
            opts=self.child_options(),
        )
        self._create_lifecycle(name, bucket, region, versions)
        if recovery.object_lock != "off":
            aws.s3.BucketObjectLockConfiguration(
                name,
                bucket=bucket.bucket,
                rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                    default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                        mode=recovery.object_lock.upper(), days=recovery.object_lock_days
                    )
                ),
                region=region,
                opts=self.child_options(depends_on=[versions]),
            )
        return versions

    def _create_lifecycle(
        self, name: str, bucket: aws.s3.Bucket, region: str, versions: pulumi.Resource
    ) -> None:
        recovery = self._environment.recovery
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="everything",
                    status="Enabled",
                    # Without one S3 takes the rule for an old-fashioned one, with a prefix.
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    # With days S3 also removes delete markers that have nothing left below them.
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                        days=recovery.export_days
                    ),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=recovery.old_version_days
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=_UPLOAD_DAYS
                    ),
                )
            ],
            region=region,
            opts=self.child_options(depends_on=[versions]),
        )

    def _create_replication(
        self,
        keys: Mapping[str, pulumi.Input[str]],
        versions: Mapping[str, pulumi.Resource],
    ) -> None:
        role = self._create_role()
        here, there = keys
        for source, target in ((here, there), (there, here)):
            aws.s3.BucketReplicationConfig(
                f"exports-{source}",
                bucket=bucket_name(self._environment, source),
                role=role,
                rules=[self._replication_rule(target, keys[target])],
                region=source,
                opts=self.child_options(depends_on=list(versions.values())),
            )

    def _replication_rule(
        self, target: str, key: pulumi.Input[str]
    ) -> aws.s3.BucketReplicationConfigRuleArgs:
        deletions = self._environment.recovery.replicate_deletions
        return aws.s3.BucketReplicationConfigRuleArgs(
            id="everything",
            status="Enabled",
            priority=1,
            filter=aws.s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
            delete_marker_replication=aws.s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
                status="Enabled" if deletions else "Disabled"
            ),
            source_selection_criteria=aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
                sse_kms_encrypted_objects=aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
                    status="Enabled"
                )
            ),
            destination=aws.s3.BucketReplicationConfigRuleDestinationArgs(
                bucket=f"arn:aws:s3:::{bucket_name(self._environment, target)}",
                storage_class="STANDARD_IA",
                encryption_configuration=aws.s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                    replica_kms_key_id=key
                ),
                replication_time=aws.s3.BucketReplicationConfigRuleDestinationReplicationTimeArgs(
                    status="Enabled",
                    time=aws.s3.BucketReplicationConfigRuleDestinationReplicationTimeTimeArgs(
                        minutes=_REPLICATION_MINUTES
                    ),
                ),
                metrics=aws.s3.BucketReplicationConfigRuleDestinationMetricsArgs(
                    status="Enabled",
                    event_threshold=aws.s3.BucketReplicationConfigRuleDestinationMetricsEventThresholdArgs(
                        minutes=_REPLICATION_MINUTES
                    ),
                ),
            ),
        )

    def _create_role(self) -> pulumi.Output[str]:
        environment = self._environment
        buckets = [
            f"arn:aws:s3:::{bucket_name(environment, each)}" for each in regions(environment)
        ]
        objects = [f"{bucket}/*" for bucket in buckets]
        through = [f"s3.{region}.amazonaws.com" for region in regions(environment)]
        role = aws.iam.Role(
            "replication",
            name=f"{environment.name}-replication-{environment.region}",
            assume_role_policy=assumed_by("s3.amazonaws.com", environment.account_id),
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        aws.iam.RolePolicy(
            "replication",
            role=role.name,
            policy=policy(
                allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], buckets),
                allow(
                    [
                        "s3:GetObjectVersionAcl",
                        "s3:GetObjectVersionForReplication",
                        "s3:GetObjectVersionTagging",
                        "s3:GetObjectRetention",
                        "s3:GetObjectLegalHold",
                        "s3:ReplicateDelete",
                        "s3:ReplicateObject",
                        "s3:ReplicateTags",
                    ],
                    objects,
                ),
                allow(
                    ["kms:Decrypt", "kms:Encrypt"],
                    [f"arn:aws:kms:*:{environment.account_id}:key/*"],
                    Condition={"StringLike": {"kms:ViaService": through}},
                ),
            ),
            opts=self.child_options(),
        )
        return role.arn


def bucket_name(environment: AwsSettings, region: str) -> str:
    """The bucket in a region; names of buckets are the whole world's."""
    return f"{environment.name}-exports-{environment.account_id}-{region}"


def _encrypted_connections_only(bucket: str) -> str:
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    return policy(
        {**denial, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {**denial, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    )
