"""What keys, the database, its recovery and failover are charged for."""

from collections.abc import Iterator
from dataclasses import replace

from cost.charge import DAYS, HOURS, Charge, logs
from cost.usage import Usage
from settings import Settings
from settings.aws import AwsSettings

_MACHINES = {"instance": 2, "cluster": 3}
"""Machines of a database of RDS, each with a volume of its own, by `aws.database.deployment`."""

_KEYS = ("data", "backup", "escrow")
"""Keys of KMS that the peer's region has replicas of."""

_REGIONAL_KEYS = ("cluster", "volumes", "logs")
"""Those that stay in their region."""

_RESTORE_TESTS = 2 * 52 / 12
"""Restore tests a month: two a week."""

_BACKUP_ALARMS = 4
"""Alarms of backups and copies, besides those of the database."""

_RESTORE_ALARMS = 2
"""Alarms of restore tests."""

_DATABASE_ALARMS = 3
"""Alarms of space, connections and processors, of each machine that CloudWatch tells apart."""

_MEASURED = {"instance": 1, "cluster": 3}
"""Those machines: the second of an `instance` cannot be seen."""

_LEASE_ALARMS = {"primary": 2, "standby": 1}
"""Alarms of the lease, by the environment's role: only a primary has to ask for it."""

_HEALTH_CHECK_OPTIONS = 2
"""HTTPS, and a check every 10 s instead of every 30."""

_LEASE_RENEWALS = DAYS * 24 * 60 * 60 / 20
"""Renewals of the lease a month: one every 20 s."""

_LEASE_REGIONS = 2
"""Regions whose table a renewal is written to; the witness votes and keeps no data."""

_MILLION = 10**6

_RESTORE_HOURS = 2
"""Hours for which a restore test keeps one machine."""


def keys(environment: AwsSettings) -> Iterator[Charge]:
    """Keys, and the replicas of those that are in both regions."""
    regional = Charge(
        component="keys",
        what=f"keys of this region: {', '.join(_REGIONAL_KEYS)}",
        item="kms-key",
        region=environment.region,
        quantity=len(_REGIONAL_KEYS),
        resource="aws:kms/key:Key",
    )
    yield regional
    if environment.keys.existing:
        return
    yield replace(regional, what=f"keys of the data: {', '.join(_KEYS)}", quantity=len(_KEYS))
    if environment.peer:
        yield replace(
            regional,
            what="their replicas",
            region=environment.peer.region,
            quantity=len(_KEYS),
            resource="aws:kms/replicaKey:ReplicaKey",
            for_standby=True,
        )


def database(settings: Settings, environment: AwsSettings, usage: Usage) -> Iterator[Charge]:
    """PostgreSQL in RDS: machines, volumes, what it keeps and copies."""
    database, region = environment.database, environment.region
    if settings.database.mode != "external" or not database.create:
        return
    machines = _MACHINES[database.deployment]
    cluster = database.deployment == "cluster"
    kind = "aws:rds/cluster:Cluster" if cluster else "aws:rds/instance:Instance"
    machine = Charge(
        component="database",
        what=f"{machines} {database.instance_class} in {machines} zones",
        item=f"rds-{database.instance_class}",
        region=region,
        quantity=machines * HOURS,
        resource=kind,
    )
    yield machine
    yield replace(
        machine,
        what=f"their volumes, {database.storage_gigabytes} GB",
        item="rds-storage",
        quantity=machines * database.storage_gigabytes,
    )
    # A copy of what the volume may hold is free; what changed since is not.
    yield replace(
        machine,
        what=f"backups to any second of {database.backup_retention_days} days",
        item="rds-backup",
        quantity=usage.database_changes_gb * database.backup_retention_days,
    )
    yield from _master_password(environment, machine)
    yield replace(
        machine,
        what="alarms of its space, connections and processors",
        item="alarm",
        quantity=_DATABASE_ALARMS * _MEASURED[database.deployment],
        resource="aws:cloudwatch/metricAlarm:MetricAlarm",
    )
    yield from logs(environment, "database", "logs of the database", usage.database_log_gb)
    if environment.peer and environment.role == "primary":
        yield replace(
            machine,
            what="replication to the standby",
            item="traffic-regions",
            quantity=usage.database_changes_gb * DAYS,
            resource="traffic",
            for_standby=True,
        )


def _master_password(environment: AwsSettings, database: Charge) -> Iterator[Charge]:
    """A secret, of RDS or of the pair, which its home environment makes."""
    if not environment.failover.home:
        return
    secret = replace(
        database,
        what="its master's password",
        item="secret",
        quantity=1,
        resource="aws:secretsmanager/secret:Secret",
    )
    yield secret
    if environment.peer:
        yield replace(secret, what="its replica", region=environment.peer.region, for_standby=True)


def recovery(environment: AwsSettings, usage: Usage) -> Iterator[Charge]:
    """Backups, copies, exports, restore tests and the escrowed key."""
    yield from _tests_and_alarms(environment)
    # What both environments share is made by one of the two stacks.
    if not environment.failover.home:
        return
    days, escrowed = environment.recovery.backup_days, environment.recovery.escrow != "elsewhere"
    backup = Charge(
        component="recovery",
        what=f"backups of {days} days",
        item="rds-backup",
        region=environment.region,
        quantity=usage.database_changes_gb * days,
        resource="aws:backup/vault:Vault",
    )
    exports = replace(
        backup,
        what="exports",
        item="s3-storage",
        quantity=usage.exports_gb,
        resource="aws:s3/bucket:Bucket",
    )
    escrow = replace(
        backup,
        what="n8n's encryption key in escrow",
        item="secret",
        quantity=1,
        resource="aws:secretsmanager/secret:Secret",
    )
    yield backup
    yield exports
    yield from _kept_exports(environment, usage, exports)
    if escrowed:
        yield escrow
    if environment.peer is None:
        return
    there = environment.peer.region
    yield replace(
        backup,
        what="copies of backups, the first one full",
        region=there,
        quantity=environment.database.storage_gigabytes + backup.quantity,
        for_standby=True,
    )
    copies = replace(exports, what="copies of exports", region=there, for_standby=True)
    yield copies
    yield from _kept_exports(environment, usage, copies)
    # Each vault also has the other's backups.
    for bucket in (exports, copies):
        yield replace(
            bucket,
            what="copies of the other region's backups of exports",
            item="s3-backup",
            quantity=_backed_up_exports(environment, usage),
            resource="aws:backup/vault:Vault",
            for_standby=True,
        )
    replicated = usage.exports_gb * DAYS / environment.recovery.export_days
    yield replace(
        exports,
        what="exports replicated within 15 minutes",
        item="s3-replication-time",
        quantity=replicated,
        for_standby=True,
    )
    if escrowed:
        yield replace(escrow, what="its replica", region=there, for_standby=True)
    yield replace(
        backup,
        what="copying of backups and exports",
        item="traffic-regions",
        # Exports themselves, and the backups of both buckets.
        quantity=usage.database_changes_gb * DAYS + 3 * replicated,
        resource="traffic",
        for_standby=True,
    )


def _kept_exports(environment: AwsSettings, usage: Usage, bucket: Charge) -> Iterator[Charge]:
    """What a bucket keeps of exports that are no more, and the backups of all."""
    recovery = environment.recovery
    yield replace(
        bucket,
        what=f"old versions, {recovery.old_version_days} days",
        quantity=usage.exports_gb * recovery.old_version_days / recovery.export_days,
    )
    yield replace(
        bucket,
        what=f"backups of these {recovery.backup_days} days",
        item="s3-backup",
        quantity=_backed_up_exports(environment, usage),
        resource="aws:backup/vault:Vault",
    )


def _backed_up_exports(environment: AwsSettings, usage: Usage) -> float:
    """What there is, and what there was in the days that backups are kept."""
    recovery = environment.recovery
    return usage.exports_gb * (1 + recovery.backup_days / recovery.export_days)


def _tests_and_alarms(environment: AwsSettings) -> Iterator[Charge]:
    database = environment.database
    own = database.create and database.source_arn is None
    test = Charge(
        component="recovery",
        what="restore tests, two a week",
        item="restore-test",
        region=environment.region,
        quantity=_RESTORE_TESTS,
        resource="aws:backup/restoreTestingPlan:RestoreTestingPlan",
    )
    if database.create:
        yield test
        yield replace(
            test,
            what=f"their machines, {_RESTORE_HOURS} hours each",
            item=f"rds-{database.instance_class}",
            quantity=_RESTORE_TESTS * _RESTORE_HOURS,
        )
    yield replace(
        test,
        what="alarms of backups and restore tests",
        item="alarm",
        quantity=_BACKUP_ALARMS + own + database.create * _RESTORE_ALARMS,
        resource="aws:cloudwatch/metricAlarm:MetricAlarm",
    )


def failover(settings: Settings, environment: AwsSettings) -> Iterator[Charge]:
    """Health checks, and the lease that keeps two regions from working at once."""
    if environment.peer is None:
        return
    check = Charge(
        component="failover",
        what="health check of this region",
        item="health-check",
        region=environment.region,
        quantity=1,
        resource="aws:route53/healthCheck:HealthCheck",
        for_standby=True,
    )
    if environment.failover.records:
        yield check
        yield replace(
            check,
            what="over HTTPS, every 10 s",
            item="health-check-option",
            quantity=_HEALTH_CHECK_OPTIONS,
        )
    follows = environment.database.source_arn is not None
    yield replace(
        check,
        what="alarms of the lease, and of a replica's lag",
        item="alarm",
        quantity=_LEASE_ALARMS[environment.role] + follows,
        resource="aws:cloudwatch/metricAlarm:MetricAlarm",
    )
    yield replace(
        check,
        what="the database's way to the lease, in each zone",
        item="interface-endpoint",
        quantity=len(settings.platform.zones) * HOURS,
        resource="aws:ec2/vpcEndpoint:VpcEndpoint",
        per_zone=True,
    )
    if environment.role == "primary":
        renewals = _LEASE_RENEWALS / _MILLION
        yield replace(
            check,
            what="renewals of the lease, every 20 s",
            item="lambda-call",
            quantity=renewals,
            resource="aws:lambda/function:Function",
        )
        yield replace(
            check,
            what="the lease, in both regions",
            item="table-write",
            quantity=renewals * _LEASE_REGIONS,
            resource="aws:dynamodb/table:Table",
        )
