"""Rules of n8n itself: versions, addresses, how long data is kept."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules
from settings.types import image_version, parse_version


def runners_match_n8n(settings: Settings) -> Iterator[Problem]:
    """n8n and its task runners speak a protocol that changes between versions."""
    if image_version(settings.n8n.image) != image_version(settings.n8n.runners_image):
        yield Problem(
            key="n8n.runnersImage",
            given=settings.n8n.runners_image,
            wanted=f"the version of n8n.image, {settings.n8n.image}",
            compares=("n8n.image",),
        )


def n8n_has_no_known_flaw(settings: Settings) -> Iterator[Problem]:
    """n8n is not older than the oldest safe release of its line."""
    version = image_version(settings.n8n.image)
    floors = sorted(parse_version(floor) for floor in settings.n8n.minimum_versions)
    # A line newer than every floor's is safe; one older than every floor's is not.
    applicable = [floor for floor in floors if floor[:2] <= version[:2]]
    floor = applicable[-1] if applicable else floors[0]
    if version < floor:
        yield Problem(
            key="n8n.image",
            given=settings.n8n.image,
            wanted=f"n8n {'.'.join(map(str, floor))} or newer, because of known flaws "
            "(n8n.minimumVersions)",
            compares=("n8n.minimumVersions",),
        )


def addresses_fit_together(settings: Settings) -> Iterator[Problem]:
    """The public webhooks and the editor differ in host, and agree on TLS."""
    webhook, editor = urlsplit(settings.n8n.webhook_url), urlsplit(settings.n8n.editor_url)
    if webhook.hostname == editor.hostname:
        yield Problem(
            key="n8n.editorUrl",
            given=settings.n8n.editor_url,
            wanted="another host than n8n.webhookUrl, so that the editor is never public with it",
            compares=("n8n.webhookUrl",),
        )
    if webhook.scheme != editor.scheme:
        yield Problem(
            key="n8n.editorUrl",
            given=settings.n8n.editor_url,
            wanted=f"the scheme of n8n.webhookUrl, {webhook.scheme}",
            compares=("n8n.webhookUrl",),
        )


def retention_is_bounded_both_ways(settings: Settings) -> Iterator[Problem]:
    """Data is kept long enough to trace an incident and not longer than allowed."""
    low, high = settings.n8n.retention_minimum_hours, settings.n8n.retention_maximum_hours
    if low > high:
        yield Problem(
            key="n8n.retentionMinimumHours",
            given=str(low),
            wanted=f"at most n8n.retentionMaximumHours, which is {high}",
            compares=("n8n.retentionMaximumHours",),
        )
        return
    for key, hours in (
        ("executionRetentionHours", settings.n8n.execution_retention_hours),
        ("workflowHistoryHours", settings.n8n.workflow_history_hours),
    ):
        if not low <= hours <= high:
            yield Problem(
                key=f"n8n.{key}",
                given=str(hours),
                wanted=f"from {low} to {high} (n8n.retentionMinimumHours and …MaximumHours)",
                compares=("n8n.retentionMinimumHours", "n8n.retentionMaximumHours"),
            )


RULES: Rules = (
    runners_match_n8n,
    n8n_has_no_known_flaw,
    addresses_fit_together,
    retention_is_bounded_both_ways,
)
