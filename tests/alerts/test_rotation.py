"""What is told of keys that are to be replaced."""

from pathlib import Path

from alerts.rotation import DUE
from tests.alerts import promtool
from tests.alerts.health import HEALTHY, NEVER, series


def test_each_key_that_is_due_is_named_and_those_of_unknown_age_are_counted(
    tmp_path: Path,
) -> None:
    keys = {
        series(DUE, key="SLACK_BOT_TOKEN"): "600x100",
        series(DUE, key="STRIPE_SECRET_KEY"): "4000x100",
        **{series(DUE, key=key): NEVER for key in ("GITHUB_TOKEN", "NOTION_TOKEN")},
    }
    unknown = (
        "2 keys have no day in esc/rotated.yaml, and count as due: `make integrations` names them, "
        "`make rotated` writes down when they were set."
    )
    slack = "SLACK_BOT_TOKEN should have been replaced 0 days ago: `make rotate`."
    told = [
        ("N8nKeyRotationDue", "9m", {unknown: {}}),
        ("N8nKeyRotationDue", "11m", {unknown: {}, slack: {"key": "SLACK_BOT_TOKEN"}}),
    ]
    # Those of the rules are recorded as the stack says.
    moments = {
        f'{DUE}{{key="{key}",namespace="n8n"}}': moment for key, moment in promtool.DUE.items()
    }
    recorded = (f"{DUE} > 1e9", "11m", moments)
    promtool.expect(tmp_path, {**HEALTHY, **keys}, [recorded], told=told)
