"""Settings of which region works: the lease, and how requests find it."""

from typing import Annotated

from pydantic import Field

from settings.aws.types import Region
from settings.types import Area, Host

ZoneId = Annotated[str, Field(pattern=r"^Z[A-Z0-9]+$")]
"""A hosted zone of Route 53 by its id."""


class RecordsSettings(Area):
    """Where requests for both hosts go, and how a region's health is asked."""

    zone_id: ZoneId = Field(description="Hosted zone of both hosts in Route 53.")
    endpoint: Host = Field(
        description="DNS name of this region's load balancer: the gateway's, which exists after "
        "the first deployment."
    )
    check_host: Host = Field(
        description="Host of this region alone, at which its health is asked: "
        "`https://HOST/healthz/readiness`, which a webhook pod answers while it has a database."
    )


class FailoverSettings(Area):
    """Which of two regions works. Unused without `aws.peer`.

    A pair shares `aws.name`, `leaseSeconds`, `marginSeconds` and `witnessRegion`: the names of what
    it has in common are made of the first, and neither stack reads the other's settings.
    """

    home: bool = Field(
        default=True,
        description="This is the region in which the platform works while nothing is lost. Its "
        "stack makes what both share: the lease, and vaults and buckets of both regions. It never "
        "changes, whatever `aws.role` is; of a pair exactly one is home.",
    )
    witness_region: Region | None = Field(
        default=None,
        description="A third region, which holds no data but votes on who has the lease: two alone "
        "cannot tell a lost peer from a lost connection. In the EU one of eu-central-1, eu-west-1, "
        "eu-west-2 and eu-west-3, as the other two: DynamoDB is strongly consistent within these. "
        "Needed with a peer.",
    )
    lease_seconds: int = Field(
        default=120,
        ge=60,
        le=240,
        description="Seconds without a renewed lease after which a database shuts n8n out. Longer "
        "bridges longer failures of Lambda or DynamoDB; a failover waits as long.",
    )
    margin_seconds: int = Field(
        default=30,
        ge=20,
        le=120,
        description="Seconds that a failover waits beyond that: 10 in which the write that takes "
        "the lease may arrive after the time that it names, 5 until the database's own check, and "
        "the rest for clocks that differ: Amazon's time service keeps them within milliseconds.",
    )
    reserved_executions: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Executions of Lambda that are kept for each function of the lease, 2 where "
        "other functions of the account could use up what all share in a region. AWS refuses it "
        "where less than 100 would be left: a new account's quota has to be raised first. 0: none "
        "are kept, for an account that runs nothing else.",
    )
    records: RecordsSettings | None = Field(
        default=None,
        description="Failover records of both hosts. Left out: somebody else leads requests.",
    )
