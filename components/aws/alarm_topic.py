"""Where alarms go: a topic of SNS in each region, and whom it writes to."""

import pulumi
import pulumi_aws as aws

from components.aws.iam import allow, policy
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings


class AlarmTopic(Component):
    """The topic, who may publish to it, and its subscribers.

    Each subscriber gets a mail and has to confirm: until then SNS keeps the subscription as
    pending, and says nothing more.
    """

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
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            key_arn: KMS key that both who publish may use.
        """
        super().__init__(name, opts)
        topic = aws.sns.Topic(
            "alarms",
            name=_name(environment),
            kms_master_key_id=key_arn,
            tags=tags(settings),
            opts=self.child_options(),
        )
        aws.sns.TopicPolicy(
            "alarms",
            arn=topic.arn,
            policy=_policy(environment),
            opts=self.child_options(),
        )
        for address in environment.alarms.emails:
            aws.sns.TopicSubscription(
                address,
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=self.child_options(),
            )
        self.register_outputs({"topic": topic.arn})


def topic_arn(environment: AwsSettings) -> str:
    """The region's topic, for what publishes to it: an alarm need not wait until it is there."""
    return f"arn:aws:sns:{environment.region}:{environment.account_id}:{_name(environment)}"


def _name(environment: AwsSettings) -> str:
    return f"{environment.name}-alarms"


def _policy(environment: AwsSettings) -> str:
    """CloudWatch's alarms and AWS Backup of this account may publish; nobody may in plain text."""
    topic = topic_arn(environment)
    account, region = environment.account_id, environment.region
    own = {"StringEquals": {"aws:SourceAccount": account}}
    return policy(
        allow(
            ["sns:Publish"],
            [topic],
            Sid="Alarms",
            Principal={"Service": "cloudwatch.amazonaws.com"},
            Condition={
                **own,
                "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{region}:{account}:alarm:*"},
            },
        ),
        allow(
            ["sns:Publish"],
            [topic],
            Sid="Backups",
            Principal={"Service": "backup.amazonaws.com"},
            Condition=own,
        ),
        {
            "Sid": "EncryptedConnectionsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
