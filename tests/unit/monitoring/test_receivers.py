"""Whom an alert reaches."""

import re
from collections.abc import Mapping
from typing import Any

from tests.unit.mocks import Recorded
from tests.unit.monitoring.watched import RECEIVERS, watched


def receivers_of(resources: Recorded) -> Mapping[str, Any]:
    return resources.one("AlertmanagerConfig")["spec"]


def told(spec: Mapping[str, Any], **alert: str) -> list[str]:
    """The receivers that an alert with these labels reaches, as Alertmanager walks its routes."""
    reached = []
    for route in spec["route"]["routes"]:
        if all(_matches(each, alert) for each in route["matchers"]):
            reached.append(route["receiver"])
            if not route.get("continue"):
                return reached
    return reached or [spec["route"]["receiver"]]


def _matches(matcher: Mapping[str, str], alert: Mapping[str, str]) -> bool:
    value = alert.get(matcher["name"], "")
    if matcher["matchType"] == "=~":
        return re.fullmatch(matcher["value"], value) is not None
    return value == matcher["value"]


def test_alerts_reach_whom_they_are_for() -> None:
    spec = receivers_of(watched(monitoring=RECEIVERS))
    assert told(spec, alertname="N8nMainAbsent", severity="critical") == ["on-call"]
    assert told(spec, alertname="N8nQueueGrowing", severity="warning") == ["team"]
    assert told(spec, alertname="N8nSomething", severity="info") == ["nobody"]
    assert told(spec, severity="warning", gdpr="breach") == ["on-call"]
    assert told(spec, severity="critical", audience="executive") == ["executives", "on-call"]
    assert told(spec, alertname="N8nWatchdog", severity="info") == ["heartbeat"]


def test_each_route_leads_to_a_receiver_that_exists() -> None:
    slack = {"slack": {"channel": "#alerts"}}
    for monitoring in (RECEIVERS, slack, {"pagerDuty": {}}, {"email": RECEIVERS["email"]}):
        spec = receivers_of(watched(monitoring=monitoring))
        routes = [spec["route"], *spec["route"]["routes"]]
        names = {each["name"] for each in spec["receivers"]}
        assert {route["receiver"] for route in routes} <= names


def test_no_receiver_has_a_secret_in_plain_text() -> None:
    [slack] = next(
        each["slackConfigs"]
        for each in receivers_of(watched(monitoring=RECEIVERS))["receivers"]
        if each["name"] == "team"
    )
    assert slack["apiURL"] == {"name": "alertmanager-slack", "key": "url"}


def test_nobody_is_told_where_nobody_is_named() -> None:
    assert watched().of("AlertmanagerConfig") == []
