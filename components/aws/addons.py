"""EKS' own add-ons, each pinned, with a role of its own where it calls AWS."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.iam import assumed_by_pods
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings
from settings.aws.addresses import WARM_PREFIXES

_POLICIES = "arn:aws:iam::aws:policy"
_NAMESPACE = "kube-system"

_SPREAD = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "ScheduleAnyway",
}
"""Over zones, as evenly as can be; while one is lost, in the others."""


class _Addons(Component):
    """Add-ons of one cluster."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        cluster: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            cluster: name of the EKS cluster.
        """
        super().__init__(name, opts)
        self._environment = environment
        self._tags = tags(settings)
        self._cluster = cluster
        self._create()
        self.register_outputs({})

    def _create(self) -> None:
        raise NotImplementedError

    def _create_addon(
        self,
        name: str,
        version: str,
        *,
        configuration: Mapping[str, Any] | None = None,
        roles: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> None:
        """An add-on.

        Args:
            name: as EKS calls it.
            version: its build.
            configuration: what differs from its defaults.
            roles: roles of its service accounts, by their names.
        """
        aws.eks.Addon(
            name,
            cluster_name=self._cluster,
            addon_name=name,
            addon_version=version,
            configuration_values=json.dumps(configuration, sort_keys=True)
            if configuration
            else None,
            pod_identity_associations=[
                aws.eks.AddonPodIdentityAssociationArgs(service_account=account, role_arn=role)
                for account, role in (roles or {}).items()
            ],
            # What somebody changed by hand is put right.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=self._tags,
            opts=self.child_options(),
        )

    def _create_role(
        self, name: str, *, service_account: str, managed_policy: str
    ) -> pulumi.Output[str]:
        """A role that only the pods of one service account of this cluster can take on."""
        role = aws.iam.Role(
            name,
            description=f"{service_account} of the EKS cluster {self._environment.name}",
            assume_role_policy=assumed_by_pods(
                self._environment.account_id,
                cluster=self._environment.name,
                namespace=_NAMESPACE,
                service_account=service_account,
            ),
            tags=self._tags,
            opts=self.child_options(),
        )
        attachment = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=f"{_POLICIES}/{managed_policy}",
            opts=self.child_options(),
        )
        # Whoever gets the role has to wait until it may do something.
        return pulumi.Output.all(role.arn, attachment.id).apply(lambda each: str(each[0]))


class NodeAddons(_Addons):
    """What a node needs before it is ready: addresses and policies, Services, identities."""

    def _create(self) -> None:
        versions = self._environment.cluster.addons
        role = self._create_role(
            "vpc-cni", service_account="aws-node", managed_policy="AmazonEKS_CNI_Policy"
        )
        self._create_addon("eks-pod-identity-agent", versions.pod_identity_agent)
        self._create_addon("kube-proxy", versions.kube_proxy)
        self._create_addon(
            "vpc-cni",
            versions.vpc_cni,
            configuration={
                # Without it every NetworkPolicy of the platform is a wish.
                # In this mode, `standard`, a pod is open from its start until its policies have
                # reached its node. `strict` would shut pods of every namespace
                # that have none, those of kube-system and of other people's charts among them:
                # https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
                "enableNetworkPolicy": "true",
                "env": {
                    "ENABLE_PREFIX_DELEGATION": "true",
                    "WARM_PREFIX_TARGET": str(WARM_PREFIXES),
                },
            },
            roles={"aws-node": role},
        )


class ClusterAddons(_Addons):
    """What runs on nodes: names, volumes, and the figures that autoscalers read."""

    def _create(self) -> None:
        versions = self._environment.cluster.addons
        role = self._create_role(
            "ebs-csi",
            service_account="ebs-csi-controller-sa",
            managed_policy="service-role/AmazonEBSCSIDriverPolicy",
        )
        self._create_addon(
            "coredns",
            versions.coredns,
            configuration={
                "replicaCount": 3,
                "topologySpreadConstraints": [
                    {**_SPREAD, "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
                ],
            },
        )
        self._create_addon(
            "aws-ebs-csi-driver",
            versions.ebs_csi_driver,
            roles={"ebs-csi-controller-sa": role},
        )
        self._create_addon("metrics-server", versions.metrics_server)
