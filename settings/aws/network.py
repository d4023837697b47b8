"""Settings of the network in AWS."""

from pydantic import Field

from settings.aws.types import SubnetId, VpcCidr, VpcId
from settings.types import Area


class ExistingNetwork(Area):
    """A VPC that is there already, with subnets in the zones of `platform.zones`, in their order.

    Private subnets reach the internet through NAT; from intra subnets there is no way out.
    """

    vpc_id: VpcId = Field(description="The VPC.")
    private_subnets: tuple[SubnetId, ...] = Field(
        min_length=3, max_length=3, description="Subnets of the nodes, one for each zone."
    )
    intra_subnets: tuple[SubnetId, ...] = Field(
        min_length=3,
        max_length=3,
        description="Subnets of the database and of the control plane, one for each zone.",
    )


class NetworkSettings(Area):
    """The VPC with private, intra and public subnets in each of `platform.zones`."""

    cidr: VpcCidr = Field(
        default="10.64.0.0/16",
        description="The VPC's range, of an existing one too. Each zone has an eighth of it, by "
        "its letter: adding a zone moves no subnet.",
    )
    existing: ExistingNetwork | None = Field(
        default=None,
        description="A VPC to use instead of a new one; its flow logs, routes and endpoints are "
        "then its owner's.",
    )
    interface_endpoints: tuple[str, ...] = Field(
        default=(
            "ec2",
            "ecr.api",
            "ecr.dkr",
            "eks-auth",
            "kms",
            "logs",
            "secretsmanager",
            "sts",
        ),
        description="Services of AWS that are reached inside the VPC, each by an address in every "
        "zone, which AWS charges for by the hour. S3 is always, without charge, and of this region "
        "only the account's own buckets and those with images.",
    )
