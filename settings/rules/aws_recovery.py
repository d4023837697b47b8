"""Rules of recovery in AWS: how long what is kept, who decides which region works, who is told."""

from collections.abc import Iterator

from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

_LEASE_REGIONS = (
    frozenset({"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"}),
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)
"""Sets of regions within which a global table of DynamoDB is strongly consistent.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dynamodb-globaltable-globaltablewitness.html"""


def backups_are_kept_within_bounds(settings: Settings) -> Iterator[Problem]:
    """Backups are kept long enough to recover from, and no longer than data may be."""
    if settings.aws is None:
        return
    recovery, database = settings.aws.recovery, settings.aws.database
    low, high = recovery.minimum_backup_days, recovery.maximum_backup_days
    if low > high:
        yield Problem(
            key="aws.recovery.minimumBackupDays",
            given=str(low),
            wanted=f"at most maximumBackupDays, which is {high}",
            compares=("aws.recovery.maximumBackupDays",),
        )
        return
    kept = {"aws.recovery.backupDays": recovery.backup_days}
    if database.create:
        kept["aws.database.backupRetentionDays"] = database.backup_retention_days
    for key, days in kept.items():
        if not low <= days <= high:
            yield Problem(
                key=key,
                given=str(days),
                wanted=f"{low} to {high}, aws.recovery.minimumBackupDays to maximumBackupDays",
                compares=("aws.recovery.minimumBackupDays", "aws.recovery.maximumBackupDays"),
            )


def exports_go_in_time(settings: Settings) -> Iterator[Problem]:
    """Exports and their old versions go as n8n's own data does, and no lock outlives them."""
    if settings.aws is None:
        return
    recovery = settings.aws.recovery
    kept = recovery.export_days + recovery.old_version_days
    most = settings.n8n.retention_maximum_hours // 24
    if kept > most:
        yield Problem(
            key="aws.recovery.exportDays",
            given=str(recovery.export_days),
            wanted=f"with oldVersionDays at most {most} days, which is n8n.retentionMaximumHours",
            compares=("aws.recovery.oldVersionDays", "n8n.retentionMaximumHours"),
        )
    if recovery.object_lock != "off" and recovery.object_lock_days > kept:
        yield Problem(
            key="aws.recovery.objectLockDays",
            given=str(recovery.object_lock_days),
            wanted=f"at most {kept}, exportDays and oldVersionDays: a lock that lasts longer keeps "
            "what should be gone",
            compares=("aws.recovery.exportDays", "aws.recovery.oldVersionDays"),
        )


def a_standby_has_a_peer(settings: Settings) -> Iterator[Problem]:
    """A standby stands by for somebody."""
    aws = settings.aws
    if aws and aws.role == "standby" and aws.peer is None:
        yield Problem(
            key="aws.peer",
            given="nothing",
            wanted="the primary's region and range, as aws.role is standby",
            compares=("aws.role",),
        )


def the_lease_has_a_majority(settings: Settings) -> Iterator[Problem]:
    """The lease is held by three regions, any two of which agree on who has it."""
    aws = settings.aws
    if aws is None or aws.peer is None:
        return
    witness = aws.failover.witness_region
    names = {"region": aws.region, "peer.region": aws.peer.region}
    if witness is None:
        yield Problem(
            key="aws.failover.witnessRegion",
            given="nothing",
            wanted="a third region, as there is aws.peer: two alone cannot tell a lost peer from "
            "a lost connection, and would both work",
            compares=("aws.peer",),
        )
        return
    regions = {*names.values(), witness}
    if len(regions) < 3:
        yield Problem(
            key="aws.failover.witnessRegion",
            given=witness,
            wanted="a region other than aws.region and aws.peer.region, which differ as well",
            compares=("aws.region", "aws.peer"),
        )
    elif not any(regions <= each for each in _LEASE_REGIONS):
        yield Problem(
            key="aws.failover.witnessRegion",
            given=f"{witness} with {' and '.join(names.values())}",
            wanted="three regions of one set: "
            + "; ".join(", ".join(sorted(each)) for each in _LEASE_REGIONS)
            + ". DynamoDB is strongly consistent within these only",
            compares=("aws.region", "aws.peer"),
        )


def the_lease_has_one_way(settings: Settings) -> Iterator[Problem]:
    """The database reaches Lambda through an endpoint of its own, and a VPC takes only one."""
    aws = settings.aws
    if aws and aws.peer and "lambda" in aws.network.interface_endpoints:
        yield Problem(
            key="aws.network.interfaceEndpoints",
            given="lambda among them",
            wanted="the list without it, as there is aws.peer: the lease brings that endpoint",
            compares=("aws.peer",),
        )


def alarms_are_heard(settings: Settings) -> Iterator[Problem]:
    """A pair is there to outlive a lost region: somebody hears that it no longer could."""
    aws = settings.aws
    if aws and aws.peer and not (aws.alarms.emails or aws.alarms.topics):
        yield Problem(
            key="aws.alarms.emails",
            given="nothing, nor aws.alarms.topics",
            wanted="an address that somebody reads, or a topic, as there is aws.peer: nobody would "
            "hear of a failed backup, a replica that lags or a lost lease",
            compares=("aws.peer",),
        )


RULES: Rules = (
    backups_are_kept_within_bounds,
    exports_go_in_time,
    a_standby_has_a_peer,
    the_lease_has_a_majority,
    the_lease_has_one_way,
    alarms_are_heard,
)
