"""Backups in AWS: of what holds personal data, elsewhere, locked, and tried out."""

from typing import Any

import pytest

from policies.conditions import aws_backup
from policies.resources.resource import Resource
from tests.policies.aws import Setting, needs
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
INSTANCE = "aws:rds/instance:Instance"
PLAN = "aws:backup/plan:Plan"
RESTORE_TEST = resource("aws:backup/restoreTestingPlan:RestoreTestingPlan")
RESTORE_SELECTION = resource("aws:backup/restoreTestingSelection:RestoreTestingSelection")
RULES = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"


def plan(*copies: Any, days: Any = 35, region: Any = "eu-central-1") -> Resource:
    actions = [{"destinationVaultArn": each, "lifecycle": {"deleteAfter": 7}} for each in copies]
    rule = {"ruleName": "daily", "lifecycle": {"deleteAfter": days}, "copyActions": actions}
    return resource(PLAN, {"rules": [rule]}, provider={"region": region})


def vault(region: str) -> str:
    return f"arn:aws:backup:{region}:111122223333:backup-vault:copies"


@pytest.mark.parametrize(
    "setting",
    [
        Setting(
            condition=aws_backup.backups_are_kept_within_bounds,
            type=kind,
            path=path,
            good=(7, 35),
            bad=bad,
            state=state,
            requires="7 to 35 days",
        )
        for kind, path, bad, state in (
            (INSTANCE, "backupRetentionPeriod", None, "not set"),
            (INSTANCE, "backupRetentionPeriod", 0, "0"),
            ("aws:rds/cluster:Cluster", "backupRetentionPeriod", 6, "6"),
            ("aws:neptune/cluster:Cluster", "backupRetentionPeriod", 36, "36"),
        )
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def test_a_plan_keeps_backups_and_copies_within_bounds() -> None:
    condition = aws_backup.backups_are_kept_within_bounds
    assert said(condition, plan(vault("eu-west-1"))) == []

    forever = resource(PLAN, {"rules": [{"copyActions": [{"destinationVaultArn": "a"}]}]})
    assert said(condition, forever) == [
        violated(condition, forever, found=f"{path} not set", requires="7 to 35 days", fix=path)
        for path in (
            "rules[0].lifecycle.deleteAfter",
            "rules[0].copyActions[0].lifecycle.deleteAfter",
        )
    ]
    unknown = resource(PLAN, {"rules": UNKNOWN})
    assert said(condition, unknown) == [
        pending(
            condition, unknown, unknown="rules[*].lifecycle.deleteAfter", requires="7 to 35 days"
        )
    ]


def test_a_replica_has_no_backups_of_its_own() -> None:
    replica = resource(INSTANCE, {"replicateSourceDb": "main"})
    assert judgement(aws_backup.backups_are_kept_within_bounds, replica) is None


def store(classification: Any = "personal", **tags: Any) -> Resource:
    return resource(
        INSTANCE,
        {
            "tags": {"data-classification": classification, **tags},
            "arn": "arn:aws:rds:eu-central-1:111122223333:db:main",
            "id": "db-1",
        },
    )


def selection(**properties: Any) -> Resource:
    return resource("aws:backup/selection:Selection", properties)


def by_tag(key: str = "data-classification", value: Any = "personal") -> dict[str, Any]:
    return {"selectionTags": [{"type": "STRINGEQUALS", "key": key, "value": value}]}


def condition_on(operator: str, value: str) -> dict[str, Any]:
    key = "aws:ResourceTag/data-classification"
    return {"resources": ["*"], "conditions": [{operator: [{"key": key, "value": value}]}]}


@pytest.mark.parametrize(
    "taken",
    [
        by_tag(),
        {"resources": ["arn:aws:rds:*:*:db:*"]},
        {"resources": ["arn:aws:rds:eu-central-1:111122223333:db:main"]},
        condition_on("stringEquals", "personal"),
        condition_on("stringLikes", "pers*"),
        condition_on("stringNotEquals", "public"),
    ],
)
def test_a_selection_takes_personal_data_in(taken: dict[str, Any]) -> None:
    assert said(aws_backup.personal_data_is_backed_up, store(), selection(**taken)) == []


@pytest.mark.parametrize(
    "others",
    [
        [],
        [by_tag(value="public")],
        [by_tag("backup", "yes")],
        [{"resources": ["arn:aws:s3:::*"]}],
        [condition_on("stringEquals", "public")],
        [condition_on("stringNotEquals", "personal")],
        [{**by_tag(), "notResources": ["arn:aws:rds:eu-central-1:111122223333:db:main"]}],
    ],
)
def test_personal_data_without_backup_is_found(others: list[dict[str, Any]]) -> None:
    condition = aws_backup.personal_data_is_backed_up
    judged = store()
    assert said(condition, judged, *(selection(**each) for each in others)) == [
        violated(
            condition,
            judged,
            found="no Selection of AWS Backup that covers it",
            requires="one that does",
            fix="Selection",
        )
    ]


def test_a_selection_or_classification_that_is_not_known_is_undecided() -> None:
    condition = aws_backup.personal_data_is_backed_up
    for judged, others, unknown in (
        (store(), [selection(**by_tag(value=UNKNOWN))], "Selection"),
        (store(UNKNOWN), [], "tags.data-classification"),
    ):
        assert said(condition, judged, *others) == [
            pending(condition, judged, unknown=unknown, requires="one that does")
        ]
    # Before it has an ARN, a store is known by where the selection has the ARN from.
    judged = resource(INSTANCE, {"tags": {"data-classification": "personal"}, "arn": UNKNOWN})
    chosen = resource(
        "aws:backup/selection:Selection",
        {"resources": [UNKNOWN]},
        references={"resources": [judged.urn]},
    )
    assert said(condition, judged, chosen) == []


def test_a_selection_of_a_type_takes_in_what_has_no_arn_yet() -> None:
    condition = aws_backup.personal_data_is_backed_up
    tagged = {"tags": {"data-classification": "personal"}, "arn": UNKNOWN}
    by_type = {**condition_on("stringEquals", "personal"), "resources": ["arn:aws:rds:*:*:db:*"]}
    assert said(condition, resource(INSTANCE, tagged), selection(**by_type)) == []
    assert said(condition, resource("aws:s3/bucket:Bucket", tagged), selection(**by_type)) != []


def test_a_provider_may_classify_everything() -> None:
    default = {"defaultTags": '{"tags": {"data-classification": "personal"}}'}
    judged = resource(INSTANCE, {"tags": {}}, provider=default)
    assert len(said(aws_backup.personal_data_is_backed_up, judged)) == 1
    assert said(aws_backup.personal_data_is_backed_up, judged, selection(**by_tag())) == []
    assert judgement(aws_backup.personal_data_is_backed_up, store("internal")) is None


def test_a_plan_copies_to_another_region() -> None:
    condition = aws_backup.backups_are_copied_to_another_region
    assert said(condition, plan(vault("eu-central-1"), vault("eu-west-1"))) == []
    for judged in (plan(), plan(vault("eu-central-1"))):
        assert said(condition, judged) == [
            violated(
                condition,
                judged,
                found="rules without a copy in another region",
                requires="one",
                fix="rules",
            )
        ]
    for judged in (plan(UNKNOWN), plan(vault("eu-west-1"), region=UNKNOWN)):
        assert said(condition, judged) == [
            pending(condition, judged, unknown="rules", requires="one")
        ]


def test_every_vault_is_locked() -> None:
    needs(
        aws_backup.backup_vaults_are_locked,
        resource("aws:backup/vault:Vault"),
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "backupVaultName",
        "one",
    )


def test_restores_from_backups_are_tried_out() -> None:
    condition = aws_backup.restores_are_tried_out
    assert said(condition, plan(), RESTORE_TEST, RESTORE_SELECTION) == []
    kind = "RestoreTestingSelection"
    assert said(condition, plan(), RESTORE_TEST) == [
        violated(
            condition,
            plan(),
            found=f"no {kind} in the stack",
            requires="one for what is backed up",
            fix=kind,
        )
    ]
    assert len(said(condition, plan())) == 2


def alerts(name: Any) -> Resource:
    return resource(RULES, {"spec": {"groups": [{"name": "a", "rules": [{"alert": name}]}]}})


def test_tests_of_restores_that_stay_away_are_noticed() -> None:
    condition = aws_backup.stale_restore_tests_alert
    for other in (alerts("RestoreTestStale"), resource(ALARM, {"name": "restore-tests"})):
        assert said(condition, RESTORE_TEST, other) == []
    requires = "one for tests that fail or stay away"
    for others in ([], [alerts("BackupFailed")], [resource(ALARM, {"name": "cpu"})]):
        assert said(condition, RESTORE_TEST, *others) == [
            violated(
                condition,
                RESTORE_TEST,
                found="no alert or alarm with restore in its name",
                requires=requires,
                fix="PrometheusRule or MetricAlarm",
            )
        ]
    assert said(condition, RESTORE_TEST, alerts(UNKNOWN)) == [
        pending(condition, RESTORE_TEST, unknown="PrometheusRule or MetricAlarm", requires=requires)
    ]
