"""Runs rules on made-up series, with Prometheus' own promtool."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import alerts
from tests.monitoring import binaries

EXPECTED = {
    "n8n-main": 1,
    "n8n-webhook": 2,
    "n8n-worker": 2,
    "redis": 6,
    "postgres": 1,
    "ai-router": 2,
    "probe-redis": 6,
    "probe-webhooks": 1,
    "probe-editor": 1,
}
"""The fewest pods of each job, as in the series of `faults`."""
RUNBOOKS = "https://runbooks.example"
GROUPS = alerts.groups(namespace="n8n", runbooks=f"{RUNBOOKS}/", expected=EXPECTED)
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]

FIRING = 'group by (alertname, severity) (ALERTS{alertstate="firing",alertname!="N8nWatchdog"})'
"""Which alerts fire, however many series of each."""


def check(folder: Path) -> str:
    """What promtool says of the rules; raises if it finds fault with them."""
    return _run("check", "rules", str(_write(folder)))


def expect(
    folder: Path,
    series: Mapping[str, str | None],
    expressions: Iterable[tuple[str, str, Mapping[str, float]]],
) -> None:
    """Evaluate rules on series, then expressions at moments; raises if other samples result.

    Args:
        folder: to write to.
        series: values by series, one each 30 seconds.
        expressions: expression, moment such as `45m`, and values by series.
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
    }
    document = {
        "rule_files": [str(_write(folder))],
        "evaluation_interval": "30s",
        "group_eval_order": [group["name"] for group in GROUPS],
        "tests": [test],
    }
    file = folder / "test.yaml"
    file.write_text(json.dumps(document))
    _run("test", "rules", str(file))


def firing(alerts: Iterable[str]) -> dict[str, float]:
    """Samples of `FIRING` for alerts written as `name severity`."""
    pairs = [each.split() for each in alerts]
    return {f'{{alertname="{name}",severity="{severity}"}}': 1 for name, severity in pairs}


def _write(folder: Path) -> Path:
    # JSON is YAML.
    rules = folder / "rules.yaml"
    rules.write_text(json.dumps({"groups": GROUPS}))
    return rules


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [binaries.promtool(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
