"""Rules of where secrets come from."""

from collections.abc import Iterator

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


RULES: Rules = (esc_is_named,)
