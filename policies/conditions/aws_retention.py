"""What AWS stores goes when it is no longer needed, and can go when somebody asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_policy import EnforcementLevel, Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, every, known, no, some
from policies.resources.aws import (
    declared,
    forbid,
    is_bucket,
    refers,
    says,
)
from policies.resources.classification import CLASSIFICATION, PERSONAL, said_of
from policies.resources.place import Absent, Place, Verdict
from policies.resources.resource import Resource, of_type

_LIFECYCLE = "aws:s3/*:BucketLifecycleConfiguration*"
_VERSIONING = "aws:s3/*:BucketVersioning*"
_OBJECT_LOCK = "aws:s3/*:BucketObjectLockConfiguration*"
_VAULT_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
_DISPOSED = ("confidential", PERSONAL, Absent.UNKNOWN)
"""Classes of data that have to go."""

_NARROWING = ("and", "objectSizeGreaterThan", "objectSizeLessThan", "tag")
"""What keeps a rule's filter from matching every object."""


@condition(
    applies=lambda resource: (
        is_bucket(resource) and said_of(resource, CLASSIFICATION).value in _DISPOSED
    ),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("5(1)(e)", "15-17, 20"),
    steps="Give the bucket a BucketLifecycleConfiguration with an enabled rule without filter, "
    "with expiration.days and noncurrentVersionExpiration.noncurrentDays.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html",
)
def buckets_dispose_of_data(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Buckets with confidential or personal data delete objects and their old versions in time."""
    classification = said_of(resource, CLASSIFICATION)
    judged = known(classification, True)
    days = context.parameters.data_retention.maximum_days
    rules = list(_rules(resource, context))
    yield from forbid(
        every([judged, no(some(rule.deletes(rule.objects, days) for rule in rules))]),
        "no lifecycle rule that deletes every object in time",
        f"one after at most {days:g} days",
        Place("BucketLifecycleConfiguration.rules.expiration", Absent.MISSING),
        classification,
    )
    yield from forbid(
        every(
            [
                judged,
                _keeps_versions(resource, context),
                no(some(rule.deletes(rule.versions, days) for rule in rules)),
            ]
        ),
        "no lifecycle rule that deletes every old version in time",
        f"one after at most {days:g} days",
        Place("BucketLifecycleConfiguration.rules.noncurrentVersionExpiration", Absent.MISSING),
        classification,
    )


@condition(
    applies=of_type(_OBJECT_LOCK, _VAULT_LOCK),
    # Which of the two duties weighs more is not for a machine to decide.
    level=EnforcementLevel.ADVISORY,
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("5(1)(e)", "15-17, 20"),
    steps="Shorten the lock to the maximum of backupRetention in policies/config/<stack>.json, or "
    "use governance mode.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
)
def retention_locks_leave_room_for_erasure(
    resource: Resource, context: Context
) -> Iterator[Verdict]:
    """What nobody can delete, not even on request of the person it is about, goes as backups do."""
    most = context.parameters.backup_retention.maximum_days
    requires = f"at most {most:g} days"
    if of_type(_VAULT_LOCK)(resource):
        # Only a lock with a date from which it cannot be changed is one against everybody.
        final = resource.at("changeableForDays")
        kept = resource.at("maxRetentionDays")
        yield from forbid(
            every([known(final, not final.missing), _is_longer(kept, most)]),
            f"{kept.path} {kept.state}",
            requires,
            kept,
            final,
        )
        return
    lock = resource.at("rule", "defaultRetention")
    everybody = says(lock.at("mode"), lambda text: text == "COMPLIANCE")
    for unit, length in (("days", 1), ("years", 365)):
        kept = lock.at(unit)
        if not kept.missing:
            yield from forbid(
                every([everybody, _is_longer(kept, most / length)]),
                f"{kept.path} {kept.state}",
                requires,
                kept,
                lock.at("mode"),
            )


@dataclass(frozen=True)
class _Rule:
    """A lifecycle rule: whether it holds for every object of the bucket, and what it deletes."""

    holds: Answer
    objects: Place
    versions: Place

    def deletes(self, after: Place, days: float) -> Answer:
        return every([self.holds, no(_is_longer(after, days))])


def _rules(bucket: Resource, context: Context) -> Iterator[_Rule]:
    for configuration in context.stack.of(_LIFECYCLE):
        belongs = refers(configuration, "bucket", bucket)
        for rule in configuration.at("rules").each():
            enabled = says(rule.at("status"), lambda text: text == "Enabled")
            narrow = rule.at("filter")
            yield _Rule(
                every(
                    [
                        belongs,
                        enabled,
                        *(_is_unset(narrow.at(key)) for key in _NARROWING),
                        _is_unset(narrow.at("prefix")),
                    ]
                ),
                rule.at("expiration", "days"),
                rule.at("noncurrentVersionExpiration", "noncurrentDays"),
            )
    # As version 6 of the provider has it.
    for rule in declared(bucket, "lifecycleRules").each():
        enabled = rule.at("enabled")
        yield _Rule(
            every(
                [
                    known(enabled, enabled.value is True),
                    _is_unset(rule.at("prefix")),
                    _is_unset(rule.at("tags")),
                ]
            ),
            rule.at("expiration", "days"),
            rule.at("noncurrentVersionExpiration", "days"),
        )


def _keeps_versions(bucket: Resource, context: Context) -> Answer:
    """Whether the bucket keeps, or has kept, old versions of its objects."""
    inline = declared(bucket, "versioning").at("enabled")
    return some(
        [
            known(inline, inline.value is True),
            *(refers(each, "bucket", bucket) for each in context.stack.of(_VERSIONING)),
        ]
    )


def _is_unset(place: Place) -> Answer:
    return known(place, place.state in ("not set", "empty") or place.text == "")


def _is_longer(place: Place, days: float) -> Answer:
    """Whether something is kept longer; without a number, it is kept for ever."""
    if place.unknown:
        return None
    return place.number is None or place.number > days
