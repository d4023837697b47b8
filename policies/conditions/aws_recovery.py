"""Data stores of AWS survive the loss of a zone, and of whoever deletes them."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.aws import (
    RDS_CLUSTER,
    RDS_INSTANCE,
    VPC,
    forbid,
    is_replica,
    referring,
    refers,
)
from policies.resources.place import Absent, Place, Verdict
from policies.resources.resource import Resource, of_type

_ZONES = {
    "aws:elasticache/replicationGroup:ReplicationGroup": ("multiAzEnabled",),
    "aws:opensearch/domain:Domain": ("clusterConfig", "zoneAwarenessEnabled"),
    RDS_INSTANCE: ("multiAz",),
}
"""What puts a store into more than one zone, where it is in one without. Clusters of RDS always
keep their data in three."""

_DELETION_PROTECTION = {
    "aws:docdb/cluster:Cluster": "deletionProtection",
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
    "aws:neptune/cluster:Cluster": "deletionProtection",
    RDS_CLUSTER: "deletionProtection",
    RDS_INSTANCE: "deletionProtection",
}
_FINAL_SNAPSHOTS = of_type(
    "aws:docdb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
    RDS_CLUSTER,
    RDS_INSTANCE,
    "aws:redshift/cluster:Cluster",
)
_SUBNET = "aws:ec2/subnet:Subnet"
_REQUIRED_ZONES = 3
"""With three, a majority is left when one is lost."""

_RDS_GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"


@condition(
    # A replica is what a database has elsewhere.
    applies=lambda resource: resource.type in _ZONES and not is_replica(resource),
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2"),
    gdpr=("32(1)(b)", "32(1)(c)"),
    steps="Switch on multiAz (ElastiCache: multiAzEnabled; OpenSearch: zoneAwarenessEnabled).",
    url=f"{_RDS_GUIDE}/Concepts.MultiAZ.html",
)
def data_stores_span_zones(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Data stores survive the loss of a zone."""
    yield from resource.at(*_ZONES[resource.type]).must_be(True)


@condition(
    applies=lambda resource: resource.type in _DELETION_PROTECTION and not is_replica(resource),
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2"),
    gdpr=("32(1)(b)", "32(1)(c)"),
    steps="Set deletionProtection to true (DynamoDB: deletionProtectionEnabled).",
    url=f"{_RDS_GUIDE}/USER_DeleteInstance.html",
)
def databases_refuse_deletion(resource: Resource, _: Context) -> Iterator[Verdict]:
    """AWS refuses to delete a database until somebody allows it."""
    yield from resource.at(_DELETION_PROTECTION[resource.type]).must_be(True)


@condition(
    # AWS makes no final snapshot of a replica.
    applies=lambda resource: _FINAL_SNAPSHOTS(resource) and not is_replica(resource),
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2"),
    gdpr=("32(1)(c)",),
    steps="Set skipFinalSnapshot to false, and finalSnapshotIdentifier.",
    url=f"{_RDS_GUIDE}/USER_DeleteInstance.html",
)
def databases_leave_a_final_snapshot(resource: Resource, _: Context) -> Iterator[Verdict]:
    """A database that is deleted leaves a snapshot."""
    # Without a name for it, AWS refuses to delete: nothing is lost.
    yield from resource.at("skipFinalSnapshot").must(
        lambda place: place.missing or place.value is False, "false"
    )


@condition(
    applies=of_type(VPC),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.2", "CC9.1"),
    gdpr=("32(1)(b)",),
    steps="Give the VPC subnets in three zones, each with its availabilityZone.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html",
)
def subnets_span_three_zones(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every VPC that has subnets has them in three zones."""
    subnets = list(referring(resource, "vpcId", context, _SUBNET))
    if not subnets:
        return
    certain: set[str] = set()
    possible = 0
    for subnet in subnets:
        places = (subnet.at("availabilityZone"), subnet.at("availabilityZoneId"))
        zone = next((place.text for place in places if place.text), None)
        if zone and refers(subnet, "vpcId", resource):
            certain.add(zone)
        elif zone or any(place.unknown for place in places):
            possible += 1
    zones = len(certain)
    answer = None if zones < _REQUIRED_ZONES <= zones + possible else zones < _REQUIRED_ZONES
    yield from forbid(
        answer,
        f"subnets in {zones} zone{'' if zones == 1 else 's'}",
        f"{_REQUIRED_ZONES} zones",
        Place("Subnet.availabilityZone", Absent.MISSING),
    )
