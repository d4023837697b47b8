"""The right of n8n's own backup to put its copies into the bucket for exports."""

import pulumi
import pulumi_aws as aws

from components.aws.iam import allow, assumed_by_pods, policy
from components.aws.tags import tags
from components.base import Component
from components.connections import BackupBucket
from components.jobs.backup import NAME
from settings import Settings
from settings.aws import AwsSettings


class BackupWriter(Component):
    """A role of the backup's pods, with EKS Pod Identity, that can only add to the copies.

    It can read and delete none of them: whoever gets into such a pod finds nothing there that it
    does not have already. What it overwrites is kept as an old version.

    Attributes:
        bucket: where the copies go.
    """

    area = "aws"

    bucket: BackupBucket

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        cluster: pulumi.Input[str],
        bucket: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            cluster: name of the EKS cluster, which has the add-on of the Pod Identity Agent.
            bucket: name of the bucket for exports in the environment's region.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self.bucket = BackupBucket(name=bucket, prefix=NAME, region=environment.region)
        role = self._create_role()
        permissions = self._create_permissions(role)
        aws.eks.PodIdentityAssociation(
            "backup-writer",
            cluster_name=cluster,
            namespace=settings.platform.namespace,
            service_account=NAME,
            role_arn=role.arn,
            tags=tags(settings),
            opts=self.child_options(depends_on=[permissions]),
        )
        self.register_outputs({"bucket": bucket})

    def _create_role(self) -> aws.iam.Role:
        environment, existing = self._environment, self._environment.cluster.existing
        return aws.iam.Role(
            "backup-writer",
            # Roles belong to the account: the region keeps those of a pair apart.
            name=f"{environment.name}-backup-writer-{environment.region}",
            description=f"{NAME} of the EKS cluster {environment.name}",
            assume_role_policy=assumed_by_pods(
                environment.account_id,
                cluster=existing.name if existing else environment.name,
                namespace=self._settings.platform.namespace,
                service_account=NAME,
            ),
            tags=tags(self._settings),
            opts=self.child_options(),
        )

    def _create_permissions(self, role: aws.iam.Role) -> aws.iam.RolePolicy:
        account, region = self._environment.account_id, self._environment.region
        bucket = f"arn:aws:s3:::{self.bucket.name}"
        return aws.iam.RolePolicy(
            "backup-writer",
            role=role.name,
            policy=policy(
                allow(
                    # Parts of a large file are objects that are put, too.
                    ["s3:PutObject", "s3:AbortMultipartUpload"],
                    [f"{bucket}/{self.bucket.prefix}/*"],
                    # A bucket of that name in another account gets nothing.
                    Condition={"StringEquals": {"aws:ResourceAccount": account}},
                ),
                allow(
                    # S3 decrypts the parts of a large file to put them together.
                    # https://repost.aws/knowledge-center/s3-large-file-encryption-kms-key
                    ["kms:Decrypt", "kms:GenerateDataKey"],
                    [f"arn:aws:kms:{region}:{account}:key/*"],
                    Condition={
                        "StringEquals": {
                            "kms:ViaService": f"s3.{region}.amazonaws.com",
                            # With a bucket key that of the bucket, not of an object:
                            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-bucket-key.html
                            "kms:EncryptionContext:aws:s3:arn": bucket,
                        }
                    },
                ),
            ),
            opts=self.child_options(),
        )
