"""Rules of n8n's own backup."""

from collections.abc import Iterator

from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules


def backups_are_kept_within_bounds(settings: Settings) -> Iterator[Problem]:
    """A backup is kept long enough to be of use, and not longer than allowed."""
    backup = settings.backup
    if backup.minimum_days > backup.maximum_days:
        yield Problem(
            key="backup.minimumDays",
            given=str(backup.minimum_days),
            wanted=f"at most backup.maximumDays, which is {backup.maximum_days}",
            compares=("backup.maximumDays",),
        )
    elif not backup.minimum_days <= backup.days <= backup.maximum_days:
        yield Problem(
            key="backup.days",
            given=str(backup.days),
            wanted=f"from {backup.minimum_days} to {backup.maximum_days} (backup.minimumDays and "
            "…maximumDays)",
            compares=("backup.minimumDays", "backup.maximumDays"),
        )


RULES: Rules = (backups_are_kept_within_bounds,)
