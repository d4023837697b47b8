"""Backups, copies and exports: where they are, how long they are kept, and who may touch them."""

import json
from typing import Any

import pytest

from tests.unit.aws.region import (
    ACCOUNT,
    AWAY,
    HOME,
    Region,
    alone,
    key_arn,
    primary,
    problems,
    recorded,
    standby,
)

ENVIRONMENTS = {
    "primary": primary(),
    "standby": standby(),
    "standby that took over": standby(role="primary", database={}),
    "primary that stands by": primary(
        role="standby",
        database={"sourceArn": f"arn:aws:rds:{AWAY}:{ACCOUNT}:db:n8n-1", "generation": 2},
    ),
    "locked": primary(recovery={"vaultLock": "compliance", "objectLock": "compliance"}),
}


@pytest.mark.parametrize("values", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_nothing_violates_a_policy(values: Any) -> None:
    assert recorded(values).judged() == {}


def test_an_environment_alone_lacks_only_the_copy_elsewhere() -> None:
    assert recorded(alone()).judged().keys() == {"backups-are-copied-to-another-region"}


@pytest.mark.parametrize(
    ("removed", "condition"),
    [
        ("VaultLockConfiguration", "backup-vaults-are-locked"),
        ("Selection", "personal-data-is-backed-up"),
        ("RestoreTestingSelection", "restores-are-tried-out"),
        ("BucketPolicy", "buckets-refuse-plain-http"),
        ("BucketPublicAccessBlock", "buckets-block-public-access"),
        ("BucketLifecycleConfiguration", "buckets-dispose-of-data"),
        ("BucketServerSideEncryptionConfiguration", "buckets-are-encrypted-with-own-key"),
        ("ParameterGroup", "databases-force-tls"),
    ],
)
def test_each_part_is_there_for_a_condition(removed: str, condition: str) -> None:
    assert recorded(primary()).judged(without=removed).keys() == {condition}


def copy_of(region: Region) -> dict[str, Any]:
    (rule,) = region.named("backup/plan:Plan", "backups")["rules"]
    (copy,) = rule["copyActions"]
    assert copy["lifecycle"] == rule["lifecycle"]
    return copy


def test_each_region_copies_its_backups_into_a_vault_of_the_other() -> None:
    home, away = recorded(primary()), recorded(standby())
    vaults = {
        f"arn:aws:backup:{each.inputs['region']}:{ACCOUNT}:backup-vault:{each.inputs['name']}"
        for each in home.of("Vault")
    }
    assert {copy_of(each)["destinationVaultArn"] for each in (home, away)} == vaults
    assert not away.of("Vault")


def test_vaults_and_buckets_are_encrypted_with_the_key_of_their_region() -> None:
    region = recorded(primary())
    assert {each.inputs["region"]: each.inputs["kmsKeyArn"] for each in region.of("Vault")} == {
        HOME: key_arn("backup", HOME),
        AWAY: key_arn("backup", AWAY),
    }
    for each in region.of("BucketServerSideEncryptionConfiguration"):
        (rule,) = each.inputs["rules"]
        key = rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
        assert key == key_arn("data", each.inputs["region"])


def test_a_database_is_backed_up_where_it_works_and_its_replica_is_not() -> None:
    tag = "n8n-platform/backup"
    assert recorded(primary()).named("rds/instance:Instance", "database")["tags"][tag] == "n8n"
    assert tag not in recorded(standby()).named("rds/instance:Instance", "database")["tags"]


def test_backups_do_not_depend_on_what_an_account_has_switched_off() -> None:
    """By tags alone, AWS Backup leaves out types that somebody has opted out of."""
    for deployment, kind in (("instance", "db"), ("cluster", "cluster")):
        region = recorded(alone(database={"deployment": deployment}))
        selection = region.named("backup/selection:Selection", "backups")
        assert selection["resources"] == [f"arn:aws:rds:*:*:{kind}:*", "arn:aws:s3:::*"]
        (condition,) = selection["conditions"]
        assert condition["stringEquals"] == [
            {"key": "aws:ResourceTag/n8n-platform/backup", "value": "n8n"}
        ]


def role_of(region: Region, name: str) -> dict[str, list[str]]:
    """By action the resources that a role may use it on."""
    statements = json.loads(region.named("iam/rolePolicy:RolePolicy", name)["policy"])["Statement"]
    return {action: each["Resource"] for each in statements for action in each["Action"]}


def test_the_backup_role_finds_what_is_tagged_and_tags_its_backups() -> None:
    may = role_of(recorded(primary()), "backups")
    assert may["tag:GetResources"] == ["*"]
    assert may["backup:TagResource"] == [
        f"arn:aws:backup:{region}:{ACCOUNT}:recovery-point:*" for region in (HOME, AWAY)
    ]


def test_the_backup_role_deletes_no_snapshot_but_aws_backup_s() -> None:
    may = role_of(recorded(primary()), "backups")
    assert may["rds:DeleteDBSnapshot"] == [f"arn:aws:rds:*:{ACCOUNT}:snapshot:awsbackup:*"]


def test_a_cluster_is_backed_up_and_restored_by_the_names_that_clusters_have() -> None:
    region = recorded(alone(database={"deployment": "cluster"}))
    backs_up, restores = role_of(region, "backups"), role_of(region, "restore-tests")
    cluster, snapshots = (
        f"arn:aws:rds:*:{ACCOUNT}:{kind}" for kind in ("cluster", "cluster-snapshot")
    )
    assert backs_up["rds:CreateDBClusterSnapshot"] == [f"{cluster}:*", f"{snapshots}:*"]
    assert backs_up["rds:DeleteDBClusterSnapshot"] == [f"{snapshots}:awsbackup:*"]
    assert f"{cluster}:*" in restores["rds:RestoreDBClusterFromSnapshot"]
    assert not {
        each for each in backs_up | restores if "DBInstance" in each or "DBSnapshot" in each
    }


def alarms(values: Any) -> dict[str, Any]:
    return {each.name: each.inputs for each in recorded(values).of("MetricAlarm")}


def test_somebody_hears_of_a_backup_that_fails_never_begins_or_is_not_there() -> None:
    found = alarms(primary())
    for name, metric in (
        ("backups-failed", "NumberOfBackupJobsFailed"),
        ("backups-expired", "NumberOfBackupJobsExpired"),
        ("backup-copies-failed", "NumberOfCopyJobsFailed"),
    ):
        assert found[name]["metricName"] == metric
        assert found[name]["dimensions"] == {"BackupVaultName": "n8n-backups"}
    for name, kind in (("database", "RDS"), ("exports", "S3")):
        missing = found[f"backups-missing-{name}"]
        assert missing["dimensions"] == {"ResourceType": kind}
        assert missing["treatMissingData"] == "breaching"
        # Longer than a day, so that one which is late by an hour is not missing.
        assert missing["period"] * missing["evaluationPeriods"] == 30 * 60 * 60
    # A replica's backups are its source's.
    assert "backups-missing-database" not in alarms(standby())
    assert "backups-missing-exports" in alarms(standby())


def test_restores_are_tried_more_often_than_their_alarm_waits() -> None:
    region = recorded(primary())
    plan = region.named("backup/restoreTestingPlan:RestoreTestingPlan", "restore-tests")
    assert plan["scheduleExpression"] == "cron(0 14 ? * MON,THU *)"
    assert plan["startWindowHours"] == 1
    missing = alarms(primary())["restore-tests-missing"]
    # From Thursday to Monday, an hour to begin and hours to restore.
    assert missing["period"] * missing["evaluationPeriods"] == 5 * 24 * 60 * 60
    assert missing["dimensions"] == {"ResourceType": "RDS"}


def test_a_bucket_s_backup_that_leaves_something_out_is_told_to_the_topic() -> None:
    for values, region in ((primary(), HOME), (standby(), AWAY)):
        told = recorded(values).named("backup/vaultNotifications:VaultNotifications", "backups")
        assert told["backupVaultEvents"] == ["S3_BACKUP_OBJECT_FAILED"]
        assert told["snsTopicArn"] == f"arn:aws:sns:{region}:{ACCOUNT}:n8n-alarms"


def test_a_lock_is_final_only_where_settings_say_so() -> None:
    for lock, final in (("governance", None), ("compliance", 7)):
        region = recorded(primary(recovery={"vaultLock": lock}))
        for each in region.of("VaultLockConfiguration"):
            assert each.inputs.get("changeableForDays") == final
            assert (each.inputs["minRetentionDays"], each.inputs["maxRetentionDays"]) == (7, 35)


def test_buckets_replicate_to_each_other_with_the_key_of_the_other_region() -> None:
    region = recorded(primary())
    found = {}
    for each in region.of("BucketReplicationConfig"):
        (rule,) = each.inputs["rules"]
        target = rule["destination"]
        key = target["encryptionConfiguration"]["replicaKmsKeyId"]
        found[each.inputs["bucket"]] = (target["bucket"], key)
    home, away = f"n8n-exports-{ACCOUNT}-{HOME}", f"n8n-exports-{ACCOUNT}-{AWAY}"
    assert found == {
        home: (f"arn:aws:s3:::{away}", key_arn("data", AWAY)),
        away: (f"arn:aws:s3:::{home}", key_arn("data", HOME)),
    }


@pytest.mark.parametrize("replicated", [True, False])
def test_deletions_are_replicated_only_where_settings_say_so(replicated: bool) -> None:
    region = recorded(primary(recovery={"replicateDeletions": replicated}))
    for each in region.of("BucketReplicationConfig"):
        (rule,) = each.inputs["rules"]
        status = rule["deleteMarkerReplication"]["status"]
        assert status == ("Enabled" if replicated else "Disabled")


def test_exports_are_locked_as_settings_say() -> None:
    assert not recorded(primary()).of("BucketObjectLockConfiguration")
    locked = recorded(primary(recovery={"objectLock": "governance", "objectLockDays": 10}))
    assert all(each.inputs["objectLockEnabled"] for each in locked.of("Bucket"))
    for each in locked.of("BucketObjectLockConfiguration"):
        assert each.inputs["rule"]["defaultRetention"] == {"mode": "GOVERNANCE", "days": 10}


def test_the_escrowed_key_is_an_empty_secret_in_both_regions() -> None:
    region = recorded(primary())
    secret = region.named("secretsmanager/secret:Secret", "encryption-key")
    assert secret["replicas"] == [{"region": AWAY, "kmsKeyId": key_arn("escrow", AWAY)}]
    assert [each.name for each in region.of("SecretVersion")] == ["database-master"]
    assert not recorded(primary(recovery={"escrow": "elsewhere"})).of("Secret")[1:]


def test_the_escrowed_key_opens_for_named_roles_only() -> None:
    reader = f"arn:aws:iam::{ACCOUNT}:role/keyholder"
    region = recorded(primary(recovery={"escrowReaders": [reader]}))
    secret = region.named("secretsmanager/secret:Secret", "encryption-key")
    (statement,) = json.loads(secret["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": [reader]}}


def test_roles_reach_nothing_beside_the_environment_s_own() -> None:
    region = recorded(primary())
    for each in region.of("RolePolicy"):
        for statement in json.loads(each.inputs["policy"])["Statement"]:
            for resource in statement["Resource"]:
                own = ACCOUNT in resource or resource.startswith("arn:aws:s3:::n8n-exports-")
                # What AWS knows no resources for only lists and measures.
                listing = all(
                    action.partition(":")[2].startswith(("List", "Get"))
                    for action in statement["Action"]
                )
                assert own or (resource == "*" and listing), (each.name, statement)


@pytest.mark.parametrize(
    ("aws", "wrong"),
    [
        ({"recovery": {"backupDays": 36}}, "aws.recovery.backupDays"),
        ({"recovery": {"backupDays": 6}}, "aws.recovery.backupDays"),
        ({"recovery": {"minimumBackupDays": 36}}, "aws.recovery.minimumBackupDays"),
        ({"database": {"backupRetentionDays": 6}}, "aws.database.backupRetentionDays"),
        ({"recovery": {"exportDays": 360}}, "aws.recovery.exportDays"),
        (
            {"recovery": {"objectLock": "governance", "objectLockDays": 45}},
            "aws.recovery.objectLockDays",
        ),
    ],
)
def test_retention_has_two_ends(aws: dict[str, Any], wrong: str) -> None:
    assert problems(primary(**aws)) == [wrong]
