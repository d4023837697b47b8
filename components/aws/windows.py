"""When in the week AWS does what with the database, in UTC, so that nothing falls into another.

AWS Backup often fails when it begins within a database's own backup or maintenance window, or in
the hour before one:
https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html

Windows belong to the region, not to its role: a failover changes none of them. While nothing is
lost, the home environment's database has a replica, and RDS upgrades no source before its replicas:
the replica's turn is a day earlier. With the roles exchanged the source's upgrade is put off until
its next window, a week later.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html
"""

from settings.aws import AwsSettings

BACKUP = "cron(0 5 * * ? *)"
"""Backups of AWS Backup: every day."""

BACKUP_START_MINUTES = 60
"""Within which one begins, or counts as expired."""

BACKUP_COMPLETION_MINUTES = 8 * 60
"""After which AWS Backup gives up: before the next one begins."""

RESTORE_TEST = "cron(0 14 ? * MON,THU *)"
"""Tests of restores, in working hours: somebody is there to look into a failure."""

RESTORE_TEST_START_HOURS = 1
"""Within which one begins; without it AWS takes any time of a day."""


def automated_backup(environment: AwsSettings) -> str:
    """When RDS makes its own daily backup; never in both regions at once, so that a failover finds
    one database that is not at it."""
    return "01:00-02:00" if environment.failover.home else "22:00-23:00"


def maintenance(environment: AwsSettings) -> str:
    """When RDS upgrades, replaces and patches."""
    return "sun:03:00-sun:04:00" if environment.failover.home else "sat:03:00-sat:04:00"
