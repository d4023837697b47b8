"""Settings of an environment in AWS as a whole: where it is, and which of the two it is."""

from typing import Literal

from pydantic import Field

from settings.aws.alarms import AlarmSettings
from settings.aws.cluster import ClusterSettings
from settings.aws.database import RdsSettings
from settings.aws.failover import FailoverSettings
from settings.aws.keys import KeysSettings
from settings.aws.network import NetworkSettings
from settings.aws.recovery import RecoverySettings
from settings.aws.types import AccountId, Region, VpcCidr
from settings.types import Area, Name


class PeerSettings(Area):
    """The other environment of a pair: a primary's standby, or a standby's primary."""

    region: Region = Field(description="Its region.")
    cidr: VpcCidr = Field(
        description="Its VPC's range, which must not overlap this one's: both can then be reached "
        "from one network, and be connected to each other."
    )


class AwsSettings(Area):
    """An account of AWS with the environment's network, cluster, keys and database. Left out as a
    whole: nothing is made in AWS, and the platform goes to a cluster that is there.
    """

    account_id: AccountId = Field(
        description="Account, twelve digits. Naming it keeps a stack from being deployed to the "
        "wrong one, and key policies from being looked up."
    )
    region: Region = Field(description="Region of everything but copies.")
    name: Name = Field(
        default="n8n",
        max_length=24,
        description="Name of the environment in AWS, different for each in an account and region: "
        "that of its cluster, in its log groups, and of its keys' aliases.",
    )
    role: Literal["primary", "standby"] = Field(
        default="primary",
        description="`primary` works; `standby` waits in another region with few machines. No "
        "resource is replaced when this changes.",
    )
    peer: PeerSettings | None = Field(
        default=None,
        description="The other environment of the pair. Left out: there is none, and a lost "
        "region is restored from backups.",
    )
    allowed_regions: tuple[Region, ...] = Field(
        default=(
            "eu-central-1",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-3",
        ),
        min_length=1,
        description="Regions in which personal data may be stored or processed, GDPR Art. 44-49: "
        "of this environment, its peer, replicas, copies and keys. The policy packs have a list "
        "of their own, `regions` of policies/config/.",
    )
    log_retention_days: Literal[90, 120, 150, 180, 365, 400] = Field(
        default=90,
        description="Days that CloudWatch keeps logs of the control plane, the network and the "
        "database: of the lengths that it offers, those within the packs' bounds.",
    )
    network: NetworkSettings = Field(
        default_factory=NetworkSettings, description="The VPC and its subnets."
    )
    cluster: ClusterSettings = Field(
        default_factory=ClusterSettings, description="The EKS cluster and its nodes."
    )
    database: RdsSettings = Field(default_factory=RdsSettings, description="PostgreSQL in RDS.")
    keys: KeysSettings = Field(default_factory=KeysSettings, description="Keys of KMS.")
    recovery: RecoverySettings = Field(
        default_factory=RecoverySettings, description="Backups, copies and restore tests."
    )
    alarms: AlarmSettings = Field(
        default_factory=AlarmSettings, description="Who hears of what goes wrong in AWS."
    )
    failover: FailoverSettings = Field(
        default_factory=FailoverSettings, description="How requests find the working region."
    )
