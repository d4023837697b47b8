"""Rules of where secrets come from."""

from collections.abc import Iterator

from esc.rotated import record
from esc.rotated.record import RecordError
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules


def esc_is_named(settings: Settings) -> Iterator[Problem]:
    """Secrets that come from Pulumi ESC come from an environment that is named."""
    if settings.secrets.source != "esc":
        return
    for key in ("organization", "project", "environment"):
        if not getattr(settings.esc, key):
            yield Problem(
                key=f"esc.{key}",
                given="empty",
                wanted=f"the {key} in Pulumi ESC, as secrets.source is esc",
                compares=("secrets.source",),
            )


def rotations_are_recorded(settings: Settings) -> Iterator[Problem]:
    """What is written down of the age of keys can be read, and is about keys that there are."""
    if settings.secrets.source != "esc":
        return
    try:
        record.load(settings.esc.project, settings.esc.environment)
    except RecordError as error:
        for problem in error.problems:
            yield Problem(
                key="esc.environment", given=None, wanted=problem, compares=("secrets.source",)
            )


RULES: Rules = (esc_is_named, rotations_are_recorded)
