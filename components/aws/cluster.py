"""Kubernetes in AWS: an EKS cluster whose API is inside the VPC, or one that is there already."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.addons import ClusterAddons, NodeAddons
from components.aws.audit import AuditLog
from components.aws.iam import allow, policy
from components.aws.keys import alias
from components.aws.network import Network
from components.aws.nodes import Nodes, security_group
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings
from settings.aws.cluster import Access

_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_ACCESS_POLICIES = {
    "admin": "AmazonEKSClusterAdminPolicy",
    "edit": "AmazonEKSEditPolicy",
    "view": "AmazonEKSViewPolicy",
}


class Cluster(Component):
    """An EKS cluster with nodes in each zone, its add-ons, and those who may enter it.

    Attributes:
        name: the cluster's name.
        kubeconfig: how it is reached, for Pulumi's Kubernetes provider. It holds no secret: the
            AWS CLI gets a token for whoever runs it.
        security_group_id: of its nodes and control plane; the database lets it in.
    """

    area = "aws"

    name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        network: Network,
        keys: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            network: the VPC.
            keys: ARNs of the KMS keys `cluster`, `volumes` and `logs`.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self._tags = tags(settings)
        self._network = network
        self._keys = keys
        existing = environment.cluster.existing
        if existing:
            self.name = pulumi.Output.from_input(existing.name)
            self.security_group_id = pulumi.Output.from_input(existing.security_group_id)
            endpoint = pulumi.Output.from_input(existing.endpoint)
            authority = pulumi.Output.from_input(existing.certificate_authority)
        else:
            cluster = self._create_cluster()
            self.name = cluster.name
            self.security_group_id = security_group(cluster)
            endpoint = cluster.endpoint
            authority = cluster.certificate_authority.apply(lambda each: each.data or "")
            for access in environment.cluster.access:
                self._create_access(access, cluster)
            self._create_nodes(cluster)
        self.kubeconfig = kubeconfig(
            name=self.name,
            endpoint=endpoint,
            certificate_authority=authority,
            region=environment.region,
        )
        self.register_outputs({"name": self.name, "kubeconfig": self.kubeconfig})

    def _create_cluster(self) -> aws.eks.Cluster:
        environment, settings = self._environment, self._environment.cluster
        role, permissions = self._create_role()
        # EKS would make it without key or end.
        logs = aws.cloudwatch.LogGroup(
            "control-plane",
            name=f"/aws/eks/{environment.name}/cluster",
            kms_key_id=self._keys["logs"],
            retention_in_days=environment.log_retention_days,
            tags=self._tags,
            opts=self.child_options(),
        )
        groups = [self._create_way_in()] if settings.private_access_cidrs else []
        cluster = aws.eks.Cluster(
            "cluster",
            name=environment.name,
            version=settings.version,
            role_arn=role.arn,
            # With the end of a version's standard support EKS upgrades by itself. Extended support
            # costs six times as much an hour: https://aws.amazon.com/eks/pricing/
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            # The add-ons bring them, pinned.
            bootstrap_self_managed_addons=False,
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=list(self._network.intra_subnets.values()),
                security_group_ids=groups,
                endpoint_private_access=True,
                endpoint_public_access=bool(settings.public_access_cidrs),
                public_access_cidrs=list(settings.public_access_cidrs) or None,
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                ip_family="ipv4", service_ipv4_cidr=settings.service_cidr
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=self._keys["cluster"]),
                resources=["secrets"],
            ),
            enabled_cluster_log_types=list(_LOG_TYPES),
            # Lets AWS, or an operator, lead traffic away from a zone that is unwell.
            zonal_shift_config=aws.eks.ClusterZonalShiftConfigArgs(enabled=True),
            deletion_protection=True,
            tags=self._tags,
            opts=self.child_options(depends_on=[logs, *permissions], protect=True),
        )
        AuditLog(
            "audit-log",
            settings=self._settings,
            environment=environment,
            log_group=logs.name,
            # Nothing is written before there is a cluster, and nobody need hear of that.
            opts=self.child_options(depends_on=[cluster]),
        )
        return cluster

    def _create_role(self) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        environment = self._environment
        role = aws.iam.Role(
            "control-plane",
            description=f"Control plane of the EKS cluster {self._environment.name}",
            assume_role_policy=policy(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "eks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
            tags=self._tags,
            opts=self.child_options(),
        )
        attachment = aws.iam.RolePolicyAttachment(
            "control-plane",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
            opts=self.child_options(),
        )
        use_of_key = aws.iam.RolePolicy(
            "control-plane-key",
            role=role.name,
            # By its alias, so that what the role may do can be read, and judged, at preview.
            policy=policy(
                allow(
                    ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
                    [f"arn:aws:kms:{environment.region}:{environment.account_id}:key/*"],
                    Condition={
                        "ForAnyValue:StringEquals": {
                            "kms:ResourceAliases": alias(environment, "cluster")
                        }
                    },
                )
            ),
            opts=self.child_options(),
        )
        return role, [attachment, use_of_key]

    def _create_way_in(self) -> pulumi.Output[str]:
        """The security group that lets connected networks reach the API."""
        group = aws.ec2.SecurityGroup(
            "api",
            description="API of Kubernetes from connected networks",
            vpc_id=self._network.vpc_id,
            tags=self._tags,
            opts=self.child_options(),
        )
        for cidr in self._environment.cluster.private_access_cidrs:
            aws.vpc.SecurityGroupIngressRule(
                f"api-{cidr}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                tags=self._tags,
                opts=self.child_options(),
            )
        return group.id

    def _create_access(self, access: Access, cluster: aws.eks.Cluster) -> None:
        name = access.role.partition(":role/")[2].replace("/", "-")
        entry = aws.eks.AccessEntry(
            name,
            cluster_name=cluster.name,
            principal_arn=access.role,
            tags=self._tags,
            opts=self.child_options(),
        )
        aws.eks.AccessPolicyAssociation(
            name,
            cluster_name=cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:aws:eks::aws:cluster-access-policy/{_ACCESS_POLICIES[access.level]}",
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=self.child_options(),
        )

    def _create_nodes(self, cluster: aws.eks.Cluster) -> None:
        before = NodeAddons(
            "node-addons",
            settings=self._settings,
            environment=self._environment,
            cluster=cluster.name,
            opts=self.child_options(),
        )
        nodes = Nodes(
            "nodes",
            settings=self._settings,
            environment=self._environment,
            cluster=cluster,
            subnets=self._network.private_subnets,
            volume_key_arn=self._keys["volumes"],
            # A node without addresses for pods never becomes ready.
            opts=self.child_options(depends_on=[before]),
        )
        ClusterAddons(
            "cluster-addons",
            settings=self._settings,
            environment=self._environment,
            cluster=cluster.name,
            # They count as failed while there is no node to run on.
            opts=self.child_options(depends_on=[nodes]),
        )


def kubeconfig(
    *,
    name: pulumi.Input[str],
    endpoint: pulumi.Input[str],
    certificate_authority: pulumi.Input[str],
    region: str,
) -> pulumi.Output[str]:
    """How an EKS cluster is reached, by whoever has credentials of AWS and an access entry."""

    def text(values: Mapping[str, str]) -> str:
        cluster = values["name"]
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": cluster,
                "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
                "clusters": [
                    {
                        "name": cluster,
                        "cluster": {
                            "server": values["endpoint"],
                            "certificate-authority-data": values["authority"],
                        },
                    }
                ],
                "users": [
                    {
                        "name": cluster,
                        "user": {
                            "exec": {
                                "apiVersion": "client.authentication.k8s.io/v1beta1",
                                "command": "aws",
                                "args": [
                                    "eks",
                                    "get-token",
                                    "--region",
                                    region,
                                    "--cluster-name",
                                    cluster,
                                    "--output",
                                    "json",
                                ],
                                "interactiveMode": "Never",
                            }
                        },
                    }
                ],
            }
        )

    return pulumi.Output.all(name=name, endpoint=endpoint, authority=certificate_authority).apply(
        text
    )
