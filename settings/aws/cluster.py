"""Settings of the EKS cluster and its nodes."""

from typing import Annotated, Literal

from pydantic import Field

from settings.aws.types import ConnectedCidr, PublicCidr, RoleArn, SecurityGroupId, ServiceCidr
from settings.types import Area, Name

HttpsEndpoint = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+$")]
"""The address of an EKS cluster's API."""

KubernetesVersion = Annotated[str, Field(pattern=r"^1\.\d\d$")]
"""A minor version of Kubernetes."""

AddonVersion = Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")]
"""A build of an add-on of EKS."""

NodeRelease = Annotated[str, Field(pattern=r"^(1\.\d\d\.\d+-\d{8})?$")]
"""A release of EKS' machine image, which begins with its version of Kubernetes; or empty."""

InstanceType = Annotated[str, Field(pattern=r"^[cmr][67][ai]\.(2|4|8)?xlarge$")]
"""A machine type of the families whose CPU and memory follow from the name (`settings.aws.nodes`),
with x86-64 processors, as the node image has."""


class ExistingCluster(Area):
    """An EKS cluster that is there already."""

    name: Name = Field(description="Its name.")
    endpoint: HttpsEndpoint = Field(description="Address of its API.")
    certificate_authority: str = Field(
        min_length=1, description="Its `certificateAuthority.data`, in base64; no secret."
    )
    security_group_id: SecurityGroupId = Field(
        description="Its cluster security group, which nodes have: the database lets it in."
    )


class Access(Area):
    """Who may enter the cluster, and what for."""

    role: RoleArn = Field(description="IAM role; of IAM Identity Center for people.")
    level: Literal["admin", "edit", "view"] = Field(
        description="What EKS' access policy of that name lets it do in the whole cluster."
    )


class AddonVersions(Area):
    """Builds of EKS' add-ons for `cluster.version`.

    `aws eks describe-addon-versions --kubernetes-version 1.36` lists them. The defaults were read
    on 2026-11-24 in public repositories: the first four together in the record of a running cluster
    of 1.36, where the user guide's tables then had older builds of the same versions
    (kube-proxy v1.36.0-eksbuild.14, coredns v1.14.3-eksbuild.3); the last two in a program that
    pins them beside others of 1.36. Nothing here has asked AWS.
    """

    vpc_cni: AddonVersion = Field(
        default="v1.22.4-eksbuild.3", description="Addresses of pods, and network policies."
    )
    kube_proxy: AddonVersion = Field(default="v1.36.0-eksbuild.21", description="Services.")
    coredns: AddonVersion = Field(default="v1.14.3-eksbuild.16", description="Names.")
    pod_identity_agent: AddonVersion = Field(
        default="v1.3.10-eksbuild.3", description="IAM roles of pods."
    )
    ebs_csi_driver: AddonVersion = Field(default="v1.64.0-eksbuild.1", description="Volumes.")
    metrics_server: AddonVersion = Field(
        default="v0.9.0-eksbuild.6", description="CPU and memory of pods, which autoscalers read."
    )


class ClusterSettings(Area):
    """An EKS cluster with the same nodes in each of `platform.zones`."""

    existing: ExistingCluster | None = Field(
        default=None, description="A cluster to use instead of a new one."
    )
    version: KubernetesVersion = Field(
        default="1.36",
        description="Kubernetes: the version that the embedded environment has too. Read as one "
        "that EKS offers in its user guide's tables on 2026-11-24.",
    )
    addons: AddonVersions = Field(
        default_factory=AddonVersions, description="EKS' own add-ons, each by its build."
    )
    access: tuple[Access, ...] = Field(
        default=(),
        description="Who may enter a new cluster; nobody else, not even whoever made it. The role "
        "that deploys has to be there, as `admin`.",
    )
    public_access_cidrs: tuple[PublicCidr, ...] = Field(
        default=(),
        description="Public ranges from which the cluster's API can be reached. None: it has an "
        "address inside the VPC only, and whoever deploys needs a way in, such as a VPN.",
    )
    private_access_cidrs: tuple[ConnectedCidr, ...] = Field(
        default=(),
        description="Private ranges, such as that of a VPN, from which the API's address inside "
        "the VPC can be reached. Nodes always reach it.",
    )
    service_cidr: ServiceCidr = Field(
        default="172.20.0.0/16", description="Addresses of Kubernetes Services; cannot be changed."
    )
    node_type: InstanceType = Field(
        default="c7i.4xlarge",
        description="Machine of every node. The tiers ask for about as many GiB as cores, so "
        "those with 2 GiB for each core fit best.",
    )
    nodes_per_zone: int = Field(
        default=2,
        ge=1,
        le=50,
        description="Nodes in each zone. All are always there: when a zone is lost, the other two "
        "hold every tier at its maximum without waiting for a machine that others want too.",
    )
    standby_nodes_per_zone: int = Field(
        default=1, ge=1, le=50, description="The same while `aws.role` is `standby`."
    )
    node_disk_gib: int = Field(
        default=100,
        ge=30,
        le=1000,
        description="Disk of a node: images, logs and what pods write outside their volumes.",
    )
    node_release: NodeRelease = Field(
        default="",
        description="Release of the node image, such as 1.36.1-20261101; another one replaces the "
        "nodes one by one, which is how they are patched. Empty: the newest when they are made.",
    )
