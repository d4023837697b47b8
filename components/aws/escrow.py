"""The second copy of n8n's encryption key, in both regions, without its value.

Without that key no credential in a restored database can be read. Somebody puts it here once, when
it is set in Pulumi ESC, so that it is in no code, state or log:
`aws secretsmanager put-secret-value --secret-id <name>-encryption-key --secret-string file:///dev/stdin`.
Secrets Manager copies it to the peer's region.
"""

import pulumi
import pulumi_aws as aws

from components.aws.iam import policy
from components.aws.pair import in_region
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_RECOVERY_DAYS = 30
"""Of a deleted secret: the most that Secrets Manager takes."""


class Escrow(Component):
    """An empty secret, for the key that opens n8n's credentials."""

    area = "aws"

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
        replicas = (
            [
                aws.secretsmanager.SecretReplicaArgs(
                    region=environment.peer.region,
                    kms_key_id=in_region(key_arn, environment.peer.region, own=environment.region),
                )
            ]
            if environment.peer
            else []
        )
        readers = environment.recovery.escrow_readers
        aws.secretsmanager.Secret(
            "encryption-key",
            name=f"{environment.name}-encryption-key",
            description="Escrow of n8n's encryption key",
            kms_key_id=key_arn,
            replicas=replicas,
            policy=_opened_by(readers) if readers else None,
            recovery_window_in_days=_RECOVERY_DAYS,
            tags=tags(settings),
            opts=self.child_options(protect=True),
        )
        self.register_outputs({})


def _opened_by(readers: tuple[str, ...]) -> str:
    return policy(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": list(readers)}},
        }
    )
