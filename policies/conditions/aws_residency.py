"""Personal data stays in the regions that are allowed: it, its replicas and its backups."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.aws import (
    BACKUP_PLAN,
    along,
    arn_region,
)
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource, of_type

_COPY_REGIONS = {
    "aws:dynamodb/globalTable:GlobalTable": ("replicas", "*", "regionName"),
    "aws:dynamodb/table:Table": ("replicas", "*", "regionName"),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": (
        "replicationConfiguration",
        "rules",
        "*",
        "destinations",
        "*",
        "region",
    ),
    "aws:secretsmanager/secret:Secret": ("replicas", "*", "region"),
}
"""Where a resource names the regions of its copies."""

_COPY_ARNS = {
    BACKUP_PLAN: ("rules", "*", "copyActions", "*", "destinationVaultArn"),
    # A bucket's own name does not tell where it is; its key does.
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (
        "rules",
        "*",
        "destination",
        "encryptionConfiguration",
        "replicaKmsKeyId",
    ),
}
"""Where a resource names its copies by ARN."""

_TRANSFERS = "https://www.edpb.europa.eu/sme-data-protection-guide/international-data-transfers_en"
_STEPS = "Choose one of the regions in policies/config/<stack>.json, or have another one allowed."


@condition(
    applies=of_type("pulumi:providers:aws", "pulumi:providers:aws-native"),
    severity=Severity.HIGH,
    gdpr=("44-49",),
    steps=_STEPS,
    url=_TRANSFERS,
)
def providers_are_in_allowed_regions(resource: Resource, context: Context) -> Iterator[Verdict]:
    """What is deployed to AWS is in a region that personal data may be in."""
    yield from _allowed(resource.at("region"), context)


@condition(
    applies=lambda resource: resource.type.startswith("aws:") and not resource.at("region").missing,
    severity=Severity.HIGH,
    gdpr=("44-49",),
    steps=_STEPS,
    url=_TRANSFERS,
)
def resources_are_in_allowed_regions(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No resource is, by a setting of its own, in a region that personal data may not be in."""
    yield from _allowed(resource.at("region"), context)


@condition(
    applies=lambda resource: resource.type in _COPY_REGIONS or resource.type in _COPY_ARNS,
    severity=Severity.HIGH,
    gdpr=("44-49",),
    steps=_STEPS,
    url=_TRANSFERS,
)
def copies_stay_in_allowed_regions(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Replicas and copies of backups are in regions that personal data may be in."""
    if resource.type in _COPY_REGIONS:
        for place in along(resource.properties, *_COPY_REGIONS[resource.type]):
            yield from _allowed(place, context)
        return
    for arn in along(resource.properties, *_COPY_ARNS[resource.type]):
        if arn.unknown:
            yield from _allowed(arn, context)
        elif (region := arn_region(arn)) is not None:
            yield from _allowed(Place(arn.path, region), context)


def _allowed(region: Place, context: Context) -> Iterator[Verdict]:
    yield from region.must(
        lambda place: place.text in context.parameters.regions,
        "an allowed region",
        found=f"{region.path} not set" if region.missing else f"{region.path} in another region",
    )
