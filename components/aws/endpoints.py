"""Services of AWS inside the VPC: S3 by a route, others by an address in each zone."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.iam import allow, policy
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_HTTPS = 443

_LAYERS = ("prod-{region}-starport-layer-bucket", "prod-registry-k8s-io-{region}")
"""Buckets of others, with the layers of images: of ECR, from which EKS' add-ons come, and of
registry.k8s.io, which sends callers in AWS to the region's copy.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html"""


class Endpoints(Component):
    """The way from the VPC to S3 and to the services of `aws.network.interfaceEndpoints`."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        vpc_id: pulumi.Input[str],
        subnet_ids: Sequence[pulumi.Input[str]],
        route_table_ids: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            vpc_id: the VPC.
            subnet_ids: where the addresses are, one in each zone.
            route_table_ids: those from which S3 is reached.
        """
        super().__init__(name, opts)
        self._environment = environment
        self._tags = tags(settings)
        self._vpc_id = vpc_id
        self._create_gateway(route_table_ids)
        self._create_interfaces(subnet_ids)
        self.register_outputs({})

    def _create_gateway(self, route_table_ids: Sequence[pulumi.Input[str]]) -> None:
        aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=self._vpc_id,
            service_name=self._service("s3"),
            vpc_endpoint_type="Gateway",
            policy=_own_buckets(self._environment),
            route_table_ids=list(route_table_ids),
            tags=self._named("s3"),
            opts=self.child_options(),
        )

    def _create_interfaces(self, subnet_ids: Sequence[pulumi.Input[str]]) -> None:
        group = aws.ec2.SecurityGroup(
            "endpoints",
            description="HTTPS from the VPC to services of AWS",
            vpc_id=self._vpc_id,
            tags=self._named("endpoints"),
            opts=self.child_options(),
        )
        aws.vpc.SecurityGroupIngressRule(
            "endpoints",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=self._environment.network.cidr,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            tags=self._named("endpoints"),
            opts=self.child_options(),
        )
        for service in self._environment.network.interface_endpoints:
            aws.ec2.VpcEndpoint(
                service.replace(".", "-"),
                vpc_id=self._vpc_id,
                service_name=self._service(service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(subnet_ids),
                security_group_ids=[group.id],
                tags=self._named(service),
                opts=self.child_options(),
            )

    def _service(self, service: str) -> str:
        return f"com.amazonaws.{self._environment.region}.{service}"

    def _named(self, name: str) -> dict[str, str]:
        return {**self._tags, "Name": f"{self._environment.name}-{name}"}


def _own_buckets(environment: AwsSettings) -> str:
    """What the region's S3 is for: the account's own buckets, and images.

    Data cannot be taken to somebody else's bucket this way, and no workflow can use one. Buckets of
    other regions are reached through NAT, and flow logs show it.
    """
    layers = [f"arn:aws:s3:::{each.format(region=environment.region)}/*" for each in _LAYERS]
    return policy(
        allow(
            ["s3:*"],
            ["*"],
            Principal="*",
            Condition={"StringEquals": {"aws:ResourceAccount": environment.account_id}},
        ),
        allow(["s3:GetObject"], layers, Principal="*"),
    )
