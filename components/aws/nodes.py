"""The nodes of an EKS cluster: a group of its own in each zone, all made alike."""

import base64
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.iam import policy
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings
from settings.aws.addresses import MAX_PODS

_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""What a machine itself may do: join, and pull images. Pods have roles of their own."""

_USER_DATA = f"""\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: application/node.eks.aws

apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    config:
      maxPods: {MAX_PODS}

--//--
"""
"""EKS adds its own part to this one. Without it the kubelet takes no more pods than the machine has
addresses without prefixes."""


class Nodes(Component):
    """A managed node group in each zone, whose loss is the loss of that zone's alone."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        cluster: aws.eks.Cluster,
        subnets: Mapping[str, pulumi.Input[str]],
        volume_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            cluster: the EKS cluster.
            subnets: private subnets, by zone.
            volume_key_arn: KMS key of the machines' disks.
        """
        super().__init__(name, opts)
        self._environment = environment
        self._tags = tags(settings)
        self._cluster = cluster
        role, policies = self._create_role()
        template = self._create_template(volume_key_arn)
        for zone, subnet in subnets.items():
            self._create_group(zone, subnet, role, template, depends_on=policies)
        self.register_outputs({})

    def _create_role(self) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        role = aws.iam.Role(
            "nodes",
            description=f"Nodes of the EKS cluster {self._environment.name}",
            assume_role_policy=policy(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
            tags=self._tags,
            opts=self.child_options(),
        )
        return role, [
            aws.iam.RolePolicyAttachment(
                f"nodes-{name}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{name}",
                opts=self.child_options(),
            )
            for name in _POLICIES
        ]

    def _create_template(self, key_arn: pulumi.Input[str]) -> aws.ec2.LaunchTemplate:
        name = f"{self._environment.name}-node"
        return aws.ec2.LaunchTemplate(
            "nodes",
            description=f"Nodes of the EKS cluster {self._environment.name}",
            update_default_version=True,
            user_data=base64.b64encode(_USER_DATA.encode()).decode(),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # An answer does not survive the hop into a pod's network.
                http_put_response_hop_limit=1,
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=self._environment.cluster.node_disk_gib,
                        encrypted="true",
                        kms_key_id=key_arn,
                        delete_on_termination="true",
                    ),
                )
            ],
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    device_index=0,
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[security_group(self._cluster)],
                )
            ],
            # A node group's own tags do not reach its machines.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(
                    resource_type=kind, tags={**self._tags, "Name": name}
                )
                for kind in ("instance", "volume", "network-interface")
            ],
            tags=self._tags,
            opts=self.child_options(),
        )

    def _create_group(
        self,
        zone: str,
        subnet: pulumi.Input[str],
        role: aws.iam.Role,
        template: aws.ec2.LaunchTemplate,
        *,
        depends_on: list[pulumi.Resource],
    ) -> None:
        settings = self._environment.cluster
        count = (
            settings.nodes_per_zone
            if self._environment.role == "primary"
            else settings.standby_nodes_per_zone
        )
        aws.eks.NodeGroup(
            zone,
            cluster_name=self._cluster.name,
            node_role_arn=role.arn,
            subnet_ids=[subnet],
            ami_type="AL2023_x86_64_STANDARD",
            instance_types=[settings.node_type],
            capacity_type="ON_DEMAND",
            version=settings.version,
            release_version=settings.node_release or None,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            # All are always there; while EKS replaces them it may go beyond.
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=count, desired_size=count, max_size=count
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            tags={**self._tags, "Name": f"{self._environment.name}-{zone}"},
            opts=self.child_options(depends_on=depends_on),
        )


def security_group(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    """The security group that EKS makes for the control plane and its nodes."""
    return cluster.vpc_config.apply(lambda config: config.cluster_security_group_id or "")
