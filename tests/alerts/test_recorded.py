"""The rules on recordings of the real programs, whose series have labels that nobody made up."""

from pathlib import Path

from alerts.objectives import slos
from tests.alerts import promtool
from tests.monitoring import prometheus
from tests.waiting import eventually

_FASTER = [{**group, "interval": "1s"} for group in promtool.GROUPS]


def test_every_rule_is_evaluated_and_every_objective_has_data(tmp_path: Path):
    with prometheus.running(tmp_path, groups=_FASTER) as running:

        def left() -> set[str]:
            series = running.query("slo:error_budget_remaining:ratio")
            return {each["metric"]["slo"] for each in series}

        wanted = {slo.name for slo in slos(promtool.EXPECTED)}
        eventually(lambda: left() == wanted, "each objective has a budget", seconds=60)
        eventually(
            lambda: all(
                rule["lastEvaluation"] > "0001-01-02"
                for group in running.rules()
                for rule in group["rules"]
            ),
            "each rule was evaluated",
            seconds=60,
        )
        errors = {
            rule["name"]: rule.get("lastError", rule["health"])
            for group in running.rules()
            for rule in group["rules"]
            if rule["health"] != "ok"
        }
    assert errors == {}
