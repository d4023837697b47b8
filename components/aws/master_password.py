"""The password of a pair's master user, which both databases have."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.aws.database import MASTER
from components.aws.pair import in_region
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings


class MasterPassword(Component):
    """Made once, in the home environment whatever its role is, and kept in Secrets Manager of both
    regions.

    A database that follows another has its master user's password from there. A new one at each
    promotion would be a change of the database more, which a failover had to wait for.

    Attributes:
        value: the password.
    """

    area = "aws"

    value: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        peer: str,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            peer: the peer's region.
            key_arn: KMS key of data at rest, multi-region.
        """
        super().__init__(name, opts)
        password = random.RandomPassword(
            "database-master", length=40, special=False, opts=self.child_options()
        )
        secret = aws.secretsmanager.Secret(
            "database-master",
            name=f"{environment.name}-database-master",
            description="Master user of PostgreSQL",
            kms_key_id=key_arn,
            replicas=[
                aws.secretsmanager.SecretReplicaArgs(
                    region=peer, kms_key_id=in_region(key_arn, peer, own=environment.region)
                )
            ],
            tags=tags(settings),
            opts=self.child_options(),
        )
        aws.secretsmanager.SecretVersion(
            "database-master",
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(password.result).apply(
                lambda text: json.dumps({"username": MASTER, "password": text})
            ),
            opts=self.child_options(),
        )
        self.value = password.result
        self.register_outputs({})
