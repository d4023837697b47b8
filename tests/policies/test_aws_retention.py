"""What AWS stores goes when it is no longer needed."""

from typing import Any

import pytest

from policies.conditions import aws_retention
from policies.resources.resource import Resource
from tests.policies.aws import Setting, belonging
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
VAULT_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
REQUIRES = "one after at most 365 days"


def bucket(classification: Any = "personal", **properties: Any) -> Resource:
    return resource(
        "aws:s3/bucket:Bucket",
        {
            "tags": {"data-classification": classification},
            # As the provider answers at preview for what it will fill in.
            "lifecycleRules": UNKNOWN,
            "versioning": UNKNOWN,
            **properties,
        },
    )


BUCKET = bucket()
VERSIONED = belonging(VERSIONING, "bucket", BUCKET)


def rule(**properties: Any) -> Resource:
    written = {
        "status": "Enabled",
        "expiration": {"days": 365},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        **properties,
    }
    return belonging(LIFECYCLE, "bucket", BUCKET, rules=[written])


def violation(what: str, fix: str) -> str:
    return violated(
        aws_retention.buckets_dispose_of_data,
        BUCKET,
        found=f"no lifecycle rule that deletes every {what} in time",
        requires=REQUIRES,
        fix=f"BucketLifecycleConfiguration.rules.{fix}",
    )


OBJECTS = violation("object", "expiration")
VERSIONS = violation("old version", "noncurrentVersionExpiration")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([rule(), VERSIONED], []),
        ([rule(filter={"prefix": ""}), VERSIONED], []),
        ([rule(noncurrentVersionExpiration=None)], []),
        ([rule(noncurrentVersionExpiration=None), VERSIONED], [VERSIONS]),
        ([rule(noncurrentVersionExpiration={"noncurrentDays": 400}), VERSIONED], [VERSIONS]),
        ([VERSIONED], [OBJECTS, VERSIONS]),
        ([rule(expiration={"days": 366})], [OBJECTS]),
        ([rule(expiration={"expiredObjectDeleteMarker": True})], [OBJECTS]),
        ([rule(status="Disabled")], [OBJECTS]),
        ([rule(filter={"prefix": "tmp/"})], [OBJECTS]),
        ([rule(filter={"tag": {"key": "a", "value": "b"}})], [OBJECTS]),
    ],
)
def test_a_bucket_deletes_what_is_old(others: list[Resource], expected: list[str]) -> None:
    assert said(aws_retention.buckets_dispose_of_data, BUCKET, *others) == expected


def test_a_lifecycle_that_is_not_known_is_undecided() -> None:
    condition = aws_retention.buckets_dispose_of_data
    path = "BucketLifecycleConfiguration.rules.expiration"
    for unknown in (
        {"expiration": {"days": UNKNOWN}},
        {"filter": {"prefix": UNKNOWN}},
        {"status": UNKNOWN},
    ):
        assert said(condition, BUCKET, rule(**unknown)) == [
            pending(condition, BUCKET, unknown=path, requires=REQUIRES)
        ]
    unclassified = bucket(UNKNOWN)
    assert said(condition, unclassified) == [
        pending(condition, unclassified, unknown="tags.data-classification", requires=REQUIRES)
    ]


def test_a_bucket_may_have_its_lifecycle_itself() -> None:
    condition = aws_retention.buckets_dispose_of_data
    good = {
        "enabled": True,
        "expiration": {"days": 30},
        "noncurrentVersionExpiration": {"days": 30},
    }
    versioning = {"enabled": True}
    assert said(condition, bucket(versioning=versioning, lifecycleRules=[good])) == []
    bad = {**good, "noncurrentVersionExpiration": None, "prefix": "tmp/"}
    assert len(said(condition, bucket(versioning=versioning, lifecycleRules=[bad]))) == 2


def test_a_bucket_whose_own_lifecycle_is_not_known_is_undecided() -> None:
    condition = aws_retention.buckets_dispose_of_data
    rules = "BucketLifecycleConfiguration.rules"
    days = {"days": 30}
    disabled = {"enabled": UNKNOWN, "expiration": days, "noncurrentVersionExpiration": days}
    for properties, unknown in (
        ({"versioning": {"enabled": False}, "lifecycleRules": [disabled]}, "expiration"),
        (
            {
                "versioning": {"enabled": UNKNOWN},
                "lifecycleRules": [{"enabled": True, "expiration": days}],
            },
            "noncurrentVersionExpiration",
        ),
    ):
        judged = bucket(**properties)
        assert said(condition, judged) == [
            pending(condition, judged, unknown=f"{rules}.{unknown}", requires=REQUIRES)
        ]


def test_buckets_of_other_data_are_not_judged() -> None:
    assert judgement(aws_retention.buckets_dispose_of_data, bucket("internal")) is None
    assert judgement(aws_retention.buckets_dispose_of_data, bucket(None)) is None


@pytest.mark.parametrize(
    "setting",
    [
        Setting(
            condition=aws_retention.retention_locks_leave_room_for_erasure,
            type=OBJECT_LOCK,
            path="rule.defaultRetention.days",
            good=(35, None),
            bad=36,
            state="36",
            requires="at most 35 days",
            others={"rule": {"defaultRetention": {"mode": "COMPLIANCE"}}},
        ),
        Setting(
            condition=aws_retention.retention_locks_leave_room_for_erasure,
            type=OBJECT_LOCK,
            path="rule.defaultRetention.years",
            good=(None,),
            bad=1,
            state="1",
            requires="at most 35 days",
            others={"rule": {"defaultRetention": {"mode": "COMPLIANCE"}}},
        ),
        Setting(
            condition=aws_retention.retention_locks_leave_room_for_erasure,
            type=VAULT_LOCK,
            path="maxRetentionDays",
            good=(35,),
            requires="at most 35 days",
            others={"changeableForDays": 3},
        ),
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def test_a_lock_that_somebody_can_lift_leaves_room() -> None:
    condition = aws_retention.retention_locks_leave_room_for_erasure
    governed = {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "years": 7}}}
    assert said(condition, resource(OBJECT_LOCK, governed)) == []
    assert said(condition, resource(VAULT_LOCK, {"maxRetentionDays": 3650})) == []
    unknown = resource(VAULT_LOCK, {"maxRetentionDays": 3650, "changeableForDays": UNKNOWN})
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown="changeableForDays", requires="at most 35 days")
    ]
