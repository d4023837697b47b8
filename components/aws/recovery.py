"""Backups of what is tagged, their copies in the peer's region, and tests that restore them.

The home environment's stack makes the vaults of both regions, so that copies have somewhere to go
from the first day and in both directions; each stack has the plan of its own region.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws import backup_roles, windows
from components.aws.alarm_topic import topic_arn
from components.aws.alarms import create_alarm
from components.aws.backup_roles import vault_arn, vault_name
from components.aws.escrow import Escrow
from components.aws.exports import Exports
from components.aws.iam import assumed_by, policy
from components.aws.pair import in_region, regions
from components.aws.tags import BACKUP, tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_DAY = 24 * 60 * 60

_RESTORED_DAYS = 7
"""Of which backups one is chosen: the last ones."""

_HOUR = 60 * 60
_HOURS_WITHOUT_BACKUP = 30
"""A day, the hour in which one begins, and five in which it ends."""

_DAYS_WITHOUT_RESTORE = 5
"""Tests are four days apart at most; an alarm looks back seven at most."""

_MISSING: Mapping[str, Any] = {"raised": "below", "without_data": "raised"}
"""Of metrics that are only there when they are not zero."""

_DATABASES = {"instance": "db", "cluster": "cluster"}
"""What an ARN of RDS has, by `aws.database.deployment`."""


class Recovery(Component):
    """Vaults, plan, restore tests and their alarms; exports, and the escrowed key.

    Attributes:
        exports: the bucket for exports.
    """

    area = "aws"

    exports: Exports

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        backup_key_arn: pulumi.Input[str],
        data_key_arn: pulumi.Input[str],
        escrow_key_arn: pulumi.Input[str],
        database_subnet_group: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            backup_key_arn: KMS key of backups; multi-region with a peer.
            data_key_arn: KMS key of exports; multi-region with a peer.
            escrow_key_arn: KMS key of n8n's escrowed encryption key; multi-region with a peer.
            database_subnet_group: where tests restore the database to; None: nothing to restore.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        vaults = self._create_vaults(backup_key_arn) if environment.failover.home else []
        self._create_plan()
        self._create_notifications(vaults)
        self._create_alarms()
        if database_subnet_group is not None:
            self._create_restore_tests(database_subnet_group)
            self._create_restore_alarms()
        self.exports = Exports(
            "exports",
            settings=settings,
            environment=environment,
            key_arn=data_key_arn,
            opts=self.child_options(),
        )
        if environment.failover.home and environment.recovery.escrow == "secrets-manager":
            Escrow(
                "escrow",
                settings=settings,
                environment=environment,
                key_arn=escrow_key_arn,
                opts=self.child_options(),
            )
        self.register_outputs({"exports": self.exports.bucket})

    def _create_vaults(self, key: pulumi.Input[str]) -> list[pulumi.Resource]:
        own = self._environment.region
        vaults: list[pulumi.Resource] = []
        for region in regions(self._environment):
            vault = aws.backup.Vault(
                f"backups-{region}",
                name=vault_name(self._environment),
                kms_key_arn=in_region(key, region, own=own),
                region=region,
                tags=tags(self._settings),
                opts=self.child_options(protect=True),
            )
            vaults.append(vault)
            recovery = self._environment.recovery
            compliance = recovery.vault_lock == "compliance"
            aws.backup.VaultLockConfiguration(
                f"backups-{region}",
                backup_vault_name=vault.name,
                min_retention_days=recovery.minimum_backup_days,
                max_retention_days=recovery.maximum_backup_days,
                # With it the lock becomes final, which is what `compliance` means.
                changeable_for_days=recovery.vault_lock_grace_days if compliance else None,
                region=region,
                opts=self.child_options(),
            )
        return vaults

    def _create_plan(self) -> None:
        environment, days = self._environment, self._environment.recovery.backup_days
        copies = (
            [
                aws.backup.PlanRuleCopyActionArgs(
                    destination_vault_arn=vault_arn(self._environment, environment.peer.region),
                    lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=days),
                )
            ]
            if environment.peer
            else []
        )
        plan = aws.backup.Plan(
            "backups",
            name=environment.name,
            rules=[
                aws.backup.PlanRuleArgs(
                    rule_name="daily",
                    target_vault_name=vault_name(self._environment),
                    schedule=windows.BACKUP,
                    start_window=windows.BACKUP_START_MINUTES,
                    completion_window=windows.BACKUP_COMPLETION_MINUTES,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days),
                    copy_actions=copies,
                )
            ],
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        aws.backup.Selection(
            "backups",
            name=environment.name,
            plan_id=plan.id,
            iam_role_arn=self._create_role("backups", backup_roles.backups(self._environment)),
            # By type as well: what is chosen by a tag alone is left out where somebody has switched
            # its type off in the account, which nothing would tell.
            # https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
            resources=[
                f"arn:aws:rds:*:*:{_DATABASES[environment.database.deployment]}:*",
                "arn:aws:s3:::*",
            ],
            conditions=[
                aws.backup.SelectionConditionArgs(
                    string_equals=[
                        aws.backup.SelectionConditionStringEqualArgs(
                            key=f"aws:ResourceTag/{BACKUP}", value=environment.name
                        )
                    ]
                )
            ],
            opts=self.child_options(),
        )

    def _create_restore_tests(self, subnet_group: pulumi.Input[str]) -> None:
        name = self._environment.name.replace("-", "_")
        plan = aws.backup.RestoreTestingPlan(
            "restore-tests",
            name=name,
            schedule_expression=windows.RESTORE_TEST,
            start_window_hours=windows.RESTORE_TEST_START_HOURS,
            recovery_point_selection=aws.backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="RANDOM_WITHIN_WINDOW",
                include_vaults=[vault_arn(self._environment, self._environment.region)],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=_RESTORED_DAYS,
            ),
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        aws.backup.RestoreTestingSelection(
            "restore-tests",
            name=f"{name}_database",
            restore_testing_plan_name=plan.name,
            protected_resource_type="RDS",
            # Of those in the vault, which in a standby are the primary's, copied.
            protected_resource_arns=["*"],
            # No validation window: nothing here looks into the restored database, which is deleted
            # at once. The test says that a backup opens with its key and becomes a server; what is
            # in it, n8n's own backups say (`components/jobs/backup.py`), which are read back.
            # As private as the database itself.
            restore_metadata_overrides={
                "dbSubnetGroupName": subnet_group,
                "publiclyAccessible": "false",
            },
            iam_role_arn=self._create_role(
                "restore-tests", backup_roles.restores(self._environment)
            ),
            opts=self.child_options(),
        )

    def _create_notifications(self, after: Sequence[pulumi.Resource]) -> None:
        """Of what no metric counts: a backup of a bucket ends well without some of its objects."""
        aws.backup.VaultNotifications(
            "backups",
            backup_vault_name=vault_name(self._environment),
            sns_topic_arn=topic_arn(self._environment),
            backup_vault_events=["S3_BACKUP_OBJECT_FAILED"],
            opts=self.child_options(depends_on=list(after)),
        )

    def _create_alarms(self) -> None:
        vault = {"BackupVaultName": vault_name(self._environment)}
        for name, metric, what in (
            ("backups-failed", "NumberOfBackupJobsFailed", "A backup failed"),
            ("backups-expired", "NumberOfBackupJobsExpired", "A backup did not begin in time"),
            # In the peer's vault, which has the same name.
            ("backup-copies-failed", "NumberOfCopyJobsFailed", "A copy of a backup failed"),
        ):
            self._create_alarm(name, metric, what, dimensions=vault)
        backed_up = {"exports": "S3"}
        if self._environment.database.create and not self._environment.database.source_arn:
            backed_up["database"] = "RDS"
        for what, kind in backed_up.items():
            self._create_alarm(
                f"backups-missing-{what}",
                "NumberOfBackupJobsCompleted",
                f"No backup of the {what} for {_HOURS_WITHOUT_BACKUP} hours",
                # With its vault's name alone the one would stand in for the other.
                dimensions={"ResourceType": kind},
                period=_HOUR,
                periods=_HOURS_WITHOUT_BACKUP,
                **_MISSING,
            )

    def _create_restore_alarms(self) -> None:
        databases = {"ResourceType": "RDS"}
        self._create_alarm(
            "restore-tests-failed",
            "NumberOfRestoreJobsFailed",
            "A restore failed",
            dimensions=databases,
        )
        self._create_alarm(
            "restore-tests-missing",
            "NumberOfRestoreJobsCompleted",
            f"No restore was tried for {_DAYS_WITHOUT_RESTORE} days",
            dimensions=databases,
            periods=_DAYS_WITHOUT_RESTORE,
            **_MISSING,
        )

    def _create_alarm(
        self, name: str, metric: str, description: str, *, period: int = _DAY, **more: Any
    ) -> None:
        create_alarm(
            name,
            description,
            settings=self._settings,
            environment=self._environment,
            namespace="AWS/Backup",
            metric=metric,
            period=period,
            opts=self.child_options(),
            **more,
        )

    def _create_role(
        self, name: str, statements: Sequence[Mapping[str, object]]
    ) -> pulumi.Output[str]:
        role = aws.iam.Role(
            name,
            # Roles belong to the account: the region keeps those of a pair apart.
            name=f"{self._environment.name}-{name}-{self._environment.region}",
            assume_role_policy=assumed_by("backup.amazonaws.com", self._environment.account_id),
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        aws.iam.RolePolicy(
            name, role=role.name, policy=policy(*statements), opts=self.child_options()
        )
        return role.arn
