"""Settings of the EKS cluster and its nodes."""

from typing import Annotated, Literal

from pydantic import Field

from settings.aws.types import ConnectedCidr, PublicCidr, RoleArn, SecurityGroupId, ServiceCidr
from settings.types import Area, Name

HttpsEndpoint = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+$")]
"""The address of an EKS cluster's API."""


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


class ClusterSettings(Area):
    """An EKS cluster with nodes in each of `platform.zones`."""

    existing: ExistingCluster | None = Field(
        default=None, description="A cluster to use instead of a new one."
    )
    access: tuple[Access, ...] = Field(
        default=(),
        description="Who may enter a new cluster; nobody else, not even whoever made it. The role "
        "that deploys has to be there, as `admin`.",
    )
