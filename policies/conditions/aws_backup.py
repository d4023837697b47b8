"""Backups in AWS: of everything that holds personal data, elsewhere, locked, and tried out."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.alerts import alerts_of
from policies.resources.answers import Answer, every, known, no, some
from policies.resources.aws import (
    BACKUP_PLAN,
    BUCKETS,
    RDS_CLUSTER,
    RDS_INSTANCE,
    along,
    arn_region,
    companion,
    forbid,
    is_replica,
    one_or_more,
    refers,
    region,
    says,
    tag,
)
from policies.resources.classification import CLASSIFICATION, PERSONAL, said_of
from policies.resources.place import Absent, Finding, Place, Verdict
from policies.resources.resource import Resource, of_type

_RETENTIONS = {
    "aws:docdb/cluster:Cluster": "backupRetentionPeriod",
    "aws:elasticache/replicationGroup:ReplicationGroup": "snapshotRetentionLimit",
    "aws:neptune/cluster:Cluster": "backupRetentionPeriod",
    RDS_CLUSTER: "backupRetentionPeriod",
    RDS_INSTANCE: "backupRetentionPeriod",
}
"""Where a data store says how many days it keeps its own backups."""

_STORES = of_type(
    *BUCKETS,
    "aws:docdb/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:ebs/volume:Volume",
    "aws:efs/fileSystem:FileSystem",
    "aws:neptune/cluster:Cluster",
    RDS_CLUSTER,
    RDS_INSTANCE,
)
"""Data stores that AWS Backup can back up."""

_EVERY_ONE = {
    **dict.fromkeys(BUCKETS, "arn:aws:s3:::*"),
    RDS_CLUSTER: "arn:aws:rds:*:*:cluster:*",
    RDS_INSTANCE: "arn:aws:rds:*:*:db:*",
}
"""How a selection names all data stores of a type, those without an ARN yet among them."""

_SELECTION = "aws:backup/selection:Selection"
_RESTORE_TEST = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
_ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
_BACKUP_GUIDE = "https://docs.aws.amazon.com/aws-backup/latest/devguide"


@condition(
    # A replica's backups are those of the database that it follows.
    applies=lambda resource: (
        resource.type == BACKUP_PLAN or (resource.type in _RETENTIONS and not is_replica(resource))
    ),
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2", "C1.2"),
    gdpr=("32(1)(c)", "5(1)(e)"),
    steps="Set backupRetentionPeriod, or deleteAfter in each lifecycle of a plan, within "
    "backupRetention of policies/config/<stack>.json.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html",
)
def backups_are_kept_within_bounds(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Backups are kept long enough to recover from, and no longer than data may be."""
    retention = context.parameters.backup_retention
    for days in _kept_days(resource):
        # Not set, a database keeps none or one day, and a plan keeps for ever.
        yield from days.must(
            lambda place: place.number is not None and retention.allows(place.number),
            str(retention),
        )


@condition(
    applies=lambda resource: (
        _STORES(resource)
        and not is_replica(resource)
        and said_of(resource, CLASSIFICATION).value in (PERSONAL, Absent.UNKNOWN)
    ),
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2"),
    gdpr=("32(1)(c)",),
    steps="Name the data store, or one of its tags, in a Selection of AWS Backup.",
    url=f"{_BACKUP_GUIDE}/assigning-resources.html",
)
def personal_data_is_backed_up(resource: Resource, context: Context) -> Iterator[Verdict]:
    """A backup plan covers every data store that is tagged as holding personal data."""
    classification = said_of(resource, CLASSIFICATION)
    covered = some(_selects(each, resource) for each in context.stack.of(_SELECTION))
    yield from forbid(
        every([known(classification, True), no(covered)]),
        "no Selection of AWS Backup that covers it",
        "one that does",
        Place("Selection", Absent.MISSING),
        classification,
    )


@condition(
    applies=of_type(BACKUP_PLAN),
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2"),
    gdpr=("32(1)(c)",),
    steps="Give a rule of the plan a copy action to a vault in another region.",
    url=f"{_BACKUP_GUIDE}/cross-region-backup.html",
)
def backups_are_copied_to_another_region(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every backup plan keeps a copy in another region."""
    rules = resource.at("rules")
    yield from forbid(
        no(
            some(
                _is_elsewhere(vault, region(resource))
                for vault in along(rules, "*", "copyActions", "*", "destinationVaultArn")
            )
        ),
        f"{rules.path} without a copy in another region",
        "one",
        rules,
    )


@condition(
    applies=of_type("aws:backup/vault:Vault"),
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC7.5", "A1.2"),
    gdpr=("32(1)(c)",),
    steps="Give the vault a VaultLockConfiguration.",
    url=f"{_BACKUP_GUIDE}/vault-lock.html",
)
def backup_vaults_are_locked(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Nobody can delete backups from a vault before their time."""
    yield from companion(
        resource,
        "backupVaultName",
        context,
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        requires="one",
    )


@condition(
    applies=of_type(BACKUP_PLAN),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.3",),
    gdpr=("32(1)(d)",),
    steps="Declare a RestoreTestingPlan of AWS Backup, and what it restores.",
    url=f"{_BACKUP_GUIDE}/restore-testing.html",
)
def restores_are_tried_out(_: Resource, context: Context) -> Iterator[Verdict]:
    """Where there is a backup plan, restores from it are tried out on a schedule."""
    for needed in (_RESTORE_TEST, "aws:backup/restoreTestingSelection:RestoreTestingSelection"):
        if not any(context.stack.of(needed)):
            kind = needed.rpartition(":")[2]
            yield Finding(kind, f"no {kind} in the stack", "one for what is backed up")


@condition(
    applies=of_type(_RESTORE_TEST),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.3",),
    gdpr=("32(1)(d)",),
    steps="Declare an alert or alarm with restore in its name, for tests that fail or stay away.",
    url=f"{_BACKUP_GUIDE}/restore-testing.html",
)
def stale_restore_tests_alert(_: Resource, context: Context) -> Iterator[Verdict]:
    """Somebody hears of it when tests of restores fail or stay away."""
    yield from forbid(
        no(some(_alerts(context))),
        "no alert or alarm with restore in its name",
        "one for tests that fail or stay away",
        Place("PrometheusRule or MetricAlarm", Absent.MISSING),
    )


def _kept_days(resource: Resource) -> Iterator[Place]:
    if resource.type in _RETENTIONS:
        yield resource.at(_RETENTIONS[resource.type])
        return
    for rule in resource.at("rules").each():
        yield rule.at("lifecycle", "deleteAfter")
        if not rule.unknown:
            yield from along(rule, "copyActions", "*", "lifecycle", "deleteAfter")


def _is_elsewhere(vault: Place, here: Place) -> Answer:
    if vault.unknown:
        return None
    there = arn_region(vault)
    return there is not None and (None if here.text is None else there != here.text)


def _selects(selection: Resource, store: Resource) -> Answer:
    """Whether a selection takes a data store in: by one of its tags, or by name and conditions."""
    tags = some(
        every([says(each.at("type"), lambda text: text == "STRINGEQUALS"), _has_tag(store, each)])
        for each in selection.at("selectionTags").each()
    )
    arn = store.at("arn").text
    named = some(
        [
            says(
                selection.at("resources"),
                lambda text: (
                    text in ("*", _EVERY_ONE.get(store.type))
                    or (arn is not None and fnmatchcase(arn, text))
                ),
            ),
            refers(selection, "resources", store),
        ]
    )
    excluded = refers(selection, "notResources", store)
    return every([some([tags, every([named, _meets(store, selection)])]), no(excluded)])


def _meets(store: Resource, selection: Resource) -> Answer:
    """Whether a data store has the tags that a selection asks for, and none that it refuses."""
    return every(
        [
            *(
                no(_has_tag(store, pair)) if "Not" in operator else _has_tag(store, pair)
                for group in one_or_more(selection.at("conditions"))
                for operator, pairs in group.entries()
                for pair in pairs.each()
            )
        ]
    )


def _has_tag(store: Resource, pair: Place) -> Answer:
    key, value = pair.at("key"), pair.at("value")
    if key.unknown or value.unknown:
        return None
    held = tag(store, (key.text or "").removeprefix("aws:ResourceTag/"))
    return says(held, lambda text: fnmatchcase(text, value.text or ""))


def _alerts(context: Context) -> Iterator[Answer]:
    """For each alert and alarm of the stack, whether it is one about restores."""
    for alarm in context.stack.of(*_ALARMS):
        yield some([_is_restore(alarm.name), says(alarm.at("name"), _is_restore)])
    for alert in alerts_of(context.stack):
        yield says(alert.at("alert"), _is_restore)


def _is_restore(name: str) -> bool:
    return "restore" in name.lower()
