"""Runs rules on made-up series, with Prometheus' own promtool."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import alerts
from alerts.objectives import GATEWAY, WEBHOOK_AVAILABILITY
from alerts.rule import Rule
from tests.monitoring import binaries

EXPECTED = {
    "n8n-main": 1,
    "n8n-webhook": 2,
    "n8n-worker": 2,
    "redis": 6,
    "postgres": 1,
    "gateway": 1,
    "ai-router": 2,
    "probe-redis": 6,
    "probe-webhooks": 1,
    "probe-editor": 1,
}
"""The fewest pods of each job, as in the series of `faults`."""
DUE = {"OPENAI_API_KEY": 4102444800, "REDIS_PASSWORD": 4102444800}
"""Keys that are due in 2100: after 45 minutes of the 1970 of promtool, and today."""
RUNBOOKS = "https://runbooks.example"


def _groups(expected: Mapping[str, int]) -> list[Rule]:
    return alerts.groups(namespace="n8n", runbooks=f"{RUNBOOKS}/", expected=expected, due=DUE)


GROUPS = _groups(EXPECTED)
WITHOUT_GATEWAY = _groups({job: pods for job, pods in EXPECTED.items() if job != GATEWAY})
"""Of a stack whose gateway Prometheus does not read."""
AVAILABILITY = [
    {**group, "rules": rules}
    for group in GROUPS
    if (
        rules := [
            rule
            for rule in group["rules"]
            if rule.get("labels", {}).get("slo") == WEBHOOK_AVAILABILITY.name
        ]
    )
]
"""What one service level alone needs: all rules over a day of series take minutes."""
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]

FIRING = 'group by (alertname, severity) (ALERTS{alertstate="firing",alertname!="N8nWatchdog"})'
"""Which alerts fire, however many series of each."""


def check(folder: Path) -> str:
    """What promtool says of the rules; raises if it finds fault with them."""
    return _run("check", "rules", str(_write(folder, GROUPS)))


def expect(
    folder: Path,
    series: Mapping[str, str | None],
    expressions: Iterable[tuple[str, str, Mapping[str, float]]],
    *,
    told: Iterable[tuple[str, str, Mapping[str, Mapping[str, str]]]] = (),
    groups: Sequence[Rule] = GROUPS,
) -> None:
    """Evaluate rules on series, then expressions at moments; raises if other samples result.

    Args:
        folder: to write to.
        series: values by series, one each 30 seconds.
        expressions: expression, moment such as `45m`, and values by series.
        told: name of an alert, moment, and by its description the labels that each one that fires
            has besides those of its rule.
        groups: of the rules.
    """
    test = {
        "interval": "30s",
        "input_series": [
            {"series": name, "values": values} for name, values in series.items() if values
        ],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": moment,
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in samples.items()
                ],
            }
            for expression, moment, samples in expressions
        ],
        "alert_rule_test": [
            {
                "alertname": name,
                "eval_time": moment,
                "exp_alerts": [
                    _told(name, description, labels) for description, labels in firing.items()
                ],
            }
            for name, moment, firing in told
        ],
    }
    document = {
        "rule_files": [str(_write(folder, groups))],
        "evaluation_interval": "30s",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [test],
    }
    file = folder / "test.yaml"
    file.write_text(json.dumps(document))
    _run("test", "rules", str(file))


def firing(alerts: Iterable[str]) -> dict[str, float]:
    """Samples of `FIRING` for alerts written as `name severity`."""
    pairs = [each.split() for each in alerts]
    return {f'{{alertname="{name}",severity="{severity}"}}': 1 for name, severity in pairs}


def _told(name: str, description: str, labels: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    (rule,) = (each for each in ALERTS if each["alert"] == name)
    return {
        "exp_labels": {**rule["labels"], **labels},
        "exp_annotations": {**rule["annotations"], "description": description},
    }


def _write(folder: Path, groups: Sequence[Rule]) -> Path:
    # JSON is YAML.
    rules = folder / "rules.yaml"
    rules.write_text(json.dumps({"groups": groups}))
    return rules


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [binaries.promtool(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
