"""The database's way to the function that renews the lease, and to nothing else."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.iam import allow, policy
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_HTTPS = 443


class LeaseEndpoint(Component):
    """An address of Lambda in the database's subnets, which have no other way out."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        function_arn: str,
        database: pulumi.Input[str],
        vpc_id: pulumi.Input[str],
        subnet_ids: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            function_arn: the one function that can be called through it.
            database: the database's security group, which alone gets in.
            vpc_id: its VPC.
            subnet_ids: its subnets.
        """
        super().__init__(name, opts)
        group = aws.ec2.SecurityGroup(
            "lease",
            name=f"{environment.name}-lease-endpoint",
            description="Lambda, for the database",
            vpc_id=vpc_id,
            tags=tags(settings),
            opts=self.child_options(),
        )
        aws.vpc.SecurityGroupIngressRule(
            "lease",
            security_group_id=group.id,
            referenced_security_group_id=database,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="The database",
            tags=tags(settings),
            opts=self.child_options(),
        )
        aws.vpc.SecurityGroupEgressRule(
            "database-lease",
            security_group_id=database,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="Lambda's endpoint",
            tags=tags(settings),
            opts=self.child_options(),
        )
        aws.ec2.VpcEndpoint(
            "lease",
            vpc_id=vpc_id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{environment.region}.lambda",
            subnet_ids=list(subnet_ids),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy=policy(
                allow(
                    ["lambda:InvokeFunction"],
                    [function_arn],
                    Principal="*",
                    Condition={"StringEquals": {"aws:PrincipalAccount": environment.account_id}},
                )
            ),
            tags=tags(settings),
            opts=self.child_options(),
        )
        self.register_outputs({})
