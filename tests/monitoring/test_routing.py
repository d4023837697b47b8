"""Whom each alert reaches, and which are held back: with Alertmanager and its own amtool."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

import alerts
from alerts.availability import PROGRAMS
from alerts.documents import receivers as documented
from alerts.inhibition import INHIBITIONS
from alerts.rule import EVALUATION_SECONDS, GROUP_WAIT_SECONDS, SCRAPE_SECONDS, Alert
from components.monitoring import receivers
from components.monitoring.values import values
from settings.file import load_file
from settings.monitoring import MonitoringSettings
from tests.monitoring import alertmanager, binaries
from tests.monitoring.alertmanager import Alertmanager
from tests.waiting import eventually

_SINKS: dict[str, Any] = {
    "slack": {"channel": "#alerts", "executiveChannel": "#executives"},
    "pagerDuty": {},
    "email": {
        "to": "team@example.com",
        "sender": "alerts@example.com",
        "user": "alerts",
        "smarthost": "smtp.example.com:587",
    },
    "heartbeat": {},
}

_DECLARED = [
    alert
    for group in alerts.declared({program.job: 2 for program in PROGRAMS}, {"KEY": 0}).values()
    for alert in group
]
_BY_ID = {f"{alert.name} {alert.severity}": alert for alert in _DECLARED}


def _configuration(**monitoring: Any) -> dict[str, Any]:
    spec = receivers.spec(MonitoringSettings.model_validate(monitoring))
    assert spec is not None
    return alertmanager.configuration(spec)


def _labels(alert: Alert, namespace: str = "n8n", **labels: str) -> dict[str, str]:
    return {
        "alertname": alert.name,
        "namespace": namespace,
        "severity": alert.severity,
        **labels,
        **alert.labels,
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yml"
    found.write_text(yaml.safe_dump(_configuration(**_SINKS)))
    return found


@pytest.mark.parametrize(
    "sinks",
    [
        *({name: sink} for name, sink in _SINKS.items() if name != "heartbeat"),
        {"slack": {"channel": "#alerts"}, "heartbeat": {}},
        _SINKS,
    ],
    ids=lambda sinks: ", ".join(sinks),
)
def test_amtool_finds_no_fault_with_the_configuration(
    sinks: Mapping[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(_configuration(**sinks)))
    assert "SUCCESS" in alertmanager.check(file)


@pytest.mark.parametrize("alert", _BY_ID.values(), ids=_BY_ID)
def test_an_alert_reaches_those_whom_the_document_names(alert: Alert, file: Path) -> None:
    assert alertmanager.receivers(file, _labels(alert)) == list(documented(alert))


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"severity": "critical"}, ["on-call"]),
        ({"severity": "warning"}, ["team"]),
        ({"severity": "warning", "gdpr": "breach"}, ["on-call"]),
        ({"severity": "critical", "audience": "executive"}, ["executives", "on-call"]),
        ({"severity": "info"}, ["nobody"]),
        # The chart's own watchdog, and what it uses to hold back others.
        ({"severity": "none", "alertname": "Watchdog"}, ["nobody"]),
        ({"severity": "info", "alertname": "N8nWatchdog"}, ["heartbeat"]),
        # Of the cluster, without the platform's namespace.
        ({"severity": "critical", "namespace": "kube-system"}, ["on-call"]),
    ],
    ids=str,
)
def test_labels_decide_whom_an_alert_reaches(
    labels: Mapping[str, str], told: list[str], file: Path
) -> None:
    assert alertmanager.receivers(file, {"alertname": "Any", **labels}) == told


def test_the_document_counts_with_the_intervals_that_prometheus_and_alertmanager_have(
    file: Path,
) -> None:
    spec = values(load_file("local"))["prometheus"]["prometheusSpec"]
    assert spec["scrapeInterval"] == f"{SCRAPE_SECONDS}s"
    assert spec["evaluationInterval"] == f"{EVALUATION_SECONDS}s"
    (route,) = yaml.safe_load(file.read_text())["route"]["routes"]
    assert route["group_wait"] == f"{GROUP_WAIT_SECONDS}s"


def test_on_call_is_told_by_every_way_and_the_team_is_not_called(file: Path) -> None:
    written = yaml.safe_load(file.read_text())["receivers"]
    ways = {each["name"].split("/")[-1]: each.keys() - {"name"} for each in written}
    assert ways["team"] == {"slack_configs", "email_configs"}
    assert ways["on-call"] == ways["team"] | {"pagerduty_configs"}
    assert ways["executives"] == {"slack_configs"}
    assert ways["heartbeat"] == {"webhook_configs"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    try:
        binaries.alertmanager()
    except LookupError as error:
        pytest.fail(str(error), pytrace=False)
    # Nobody to tell, so that nothing leaves this machine.
    silent = _configuration(**_SINKS)
    silent["receivers"] = [{"name": each["name"]} for each in silent["receivers"]]
    with alertmanager.running(tmp_path_factory.mktemp("alertmanager"), silent) as found:
        yield found


def _held_back(running: Alertmanager, posted: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those of the alerts that others hold back, as soon as Alertmanager has looked at all."""
    running.post(posted)
    namespaces = {labels["namespace"] for labels in posted}
    # The one that comes last shows that those before it have been looked at.
    last = {"namespace": f"after {min(namespaces)}", "job": "n8n-main"}
    effect = {**last, "alertname": "N8nNoLeader", "severity": "critical"}
    running.post([{**last, "alertname": "N8nMainDown", "severity": "critical"}, effect])

    def held_back() -> list[dict[str, str]]:
        return [each["labels"] for each in running.alerts() if each["status"]["inhibitedBy"]]

    eventually(lambda: effect in held_back(), "the last alert is held back", seconds=30)
    return [labels for labels in held_back() if labels["namespace"] in namespaces]


def test_of_two_alerts_that_one_is_held_back_which_says_nothing_new(
    running: Alertmanager,
) -> None:
    posted: list[dict[str, str]] = []
    expected: list[dict[str, str]] = []
    for number, pair in enumerate(combinations(_DECLARED, 2)):
        job = next((each.labels["job"] for each in pair if "job" in each.labels), "n8n-webhook")
        one, other = (_labels(alert, f"pair-{number}", job=job) for alert in pair)
        posted += [one, other]
        expected += [
            effect for cause, effect in ((one, other), (other, one)) if _is_held_back(cause, effect)
        ]
    found = _held_back(running, posted)
    assert {frozenset(each.items()) for each in found} == {
        frozenset(each.items()) for each in expected
    }


def _is_held_back(cause: Mapping[str, str], effect: Mapping[str, str]) -> bool:
    severities = [cause["severity"], effect["severity"]]
    burns_less = severities in (["critical", "warning"], ["warning", "info"])
    if burns_less and cause.get("slo") and cause.get("slo") == effect.get("slo"):
        return True
    return any(
        cause["alertname"] in each.causes
        and effect["alertname"] in each.effects
        and all(cause.get(label) == effect.get(label) for label in each.equal)
        for each in INHIBITIONS
    )


def test_main_down_holds_back_what_is_missing_of_main_and_of_nothing_else(
    running: Alertmanager,
) -> None:
    down = _labels(_BY_ID["N8nMainDown critical"], "one")
    missing = _BY_ID["N8nReplicasMissing warning"]
    of_main = _labels(missing, "one", job="n8n-main", deployment="n8n-main")
    of_webhook = _labels(missing, "one", job="n8n-webhook", deployment="n8n-webhook")
    elsewhere = _labels(missing, "another", job="n8n-main", deployment="n8n-main")

    assert _held_back(running, [down, of_main, of_webhook, elsewhere]) == [of_main]


def test_no_inhibition_names_an_alert_that_there_is_not() -> None:
    named = {name for each in INHIBITIONS for name in (*each.causes, *each.effects)}
    assert named <= {alert.name for alert in _DECLARED}
