"""What goes wrong raises an alert, and the alert reaches somebody."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from policies.conditions import alerts
from policies.resources.resource import Resource
from tests.policies.judging import DEFAULTS, UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

STACK = resource("pulumi:pulumi:Stack")
POD = resource("kubernetes:core/v1:Pod")
RULE = "spec.groups[0].rules[0]"
GROUPS = "spec.groups of a PrometheusRule"
SLACK = "receivers: [{name: team, slack_configs: [{channel: '#alerts'}]}]"
NULL = "receivers: [{name: 'null'}]"


def rules(*listed: Any) -> Resource:
    return resource(
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
        {"spec": {"groups": [{"rules": list(listed)}]}},
    )


def alert(name: Any = "Down", severity: Any = "page", runbook: Any = "https://x.test") -> Any:
    return {
        "alert": name,
        "labels": {"severity": severity},
        "annotations": {"runbook_url": runbook},
    }


def test_an_alert_has_a_severity_and_a_runbook() -> None:
    condition = alerts.alerts_say_how_bad_and_what_to_do
    severity, runbook = f"{RULE}.labels.severity", f"{RULE}.annotations.runbook_url"

    assert said(condition, rules(alert(), {"record": "a:b"})) == []
    bare = rules(alert(severity=None, runbook=""))
    assert said(condition, bare) == [
        violated(condition, bare, found=f"{severity} not set", requires="a text", fix=severity),
        violated(condition, bare, found=f"{runbook} set otherwise", requires="a text", fix=runbook),
    ]
    unclear = rules(alert(runbook=UNKNOWN))
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=runbook, requires="a text")
    ]


def test_a_stack_with_workloads_has_an_alert() -> None:
    condition = alerts.required_alerts_exist
    requires = "an alert on what they do"

    assert said(condition, STACK) == []
    assert said(condition, STACK, POD, rules(alert())) == []
    assert said(condition, STACK, POD, rules({"record": "a:b"})) == [
        violated(
            condition,
            STACK,
            found="workloads without any alert",
            requires=requires,
            fix=GROUPS,
        )
    ]
    assert said(condition, STACK, POD, rules(UNKNOWN)) == [
        pending(condition, STACK, unknown="which alerts there are", requires=requires)
    ]


def test_every_required_alert_exists() -> None:
    condition = alerts.required_alerts_exist
    required = replace(DEFAULTS, required_alerts=("Down", "Full"))

    both = rules(alert("Down"), alert("Full"))
    assert said(condition, STACK, POD, both, parameters=required) == []
    assert said(condition, STACK, POD, rules(alert("Down")), parameters=required) == [
        violated(
            condition,
            STACK,
            found="no alert Full",
            requires="an alert of that name",
            fix=GROUPS,
        )
    ]
    unclear = rules(alert("Down"), alert(UNKNOWN))
    assert said(condition, STACK, POD, unclear, parameters=required) == [
        pending(
            condition, STACK, unknown="which alerts there are", requires="an alert of that name"
        )
    ]


def test_some_are_required_of_what_is_no_standby_alone() -> None:
    condition = alerts.required_alerts_exist
    required = replace(DEFAULTS, required_alerts_of_primaries=("Down",))
    database = "aws:rds/instance:Instance"
    follows = resource(database, {"replicateSourceDb": "arn:aws:rds:eu-west-1:1:db:it"})

    assert said(condition, STACK, follows, parameters=required) == []
    for primary in ([], [resource(database)], [follows, resource(database, name="another")]):
        (missing,) = said(condition, STACK, *primary, parameters=required)
        assert "found no alert Down" in missing


def holder(kind: str, data: Any, name: Any = "alertmanager-main", key: str = "data") -> Resource:
    return resource(f"kubernetes:core/v1:{kind}", {"metadata": {"name": name}, key: data})


def custom(receivers: Any) -> Resource:
    return resource(
        "kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig",
        {"spec": {"receivers": receivers}},
    )


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "judged",
    [
        custom([{"name": "null"}, {"name": "team", "slackConfigs": [{}]}]),
        holder("Secret", {"alertmanager.yaml": encoded(SLACK)}),
        holder("Secret", {"alertmanager.yaml": SLACK}, key="stringData"),
        holder("ConfigMap", {"config.yml": SLACK}),
        holder("ConfigMap", {"alertmanager.yml": SLACK}, name="other"),
    ],
)
def test_alertmanager_has_a_receiver_that_notifies(judged: Resource) -> None:
    assert said(alerts.alertmanager_notifies_somebody, judged) == []


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (custom([{"name": "null"}]), "spec.receivers"),
        (custom([{"name": "team", "slackConfigs": []}]), "spec.receivers"),
        (custom(None), "spec.receivers"),
        (
            holder("Secret", {"alertmanager.yaml": encoded(NULL)}),
            "data.alertmanager.yaml.receivers",
        ),
        (holder("Secret", {"alertmanager.yaml": "no base64"}), "data.alertmanager.yaml.receivers"),
        (holder("ConfigMap", {"alertmanager.yml": "]["}), "data.alertmanager.yml.receivers"),
    ],
)
def test_a_receiver_that_notifies_nobody_is_found(judged: Resource, place: str) -> None:
    condition = alerts.alertmanager_notifies_somebody

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"no receiver that sends anywhere in {place}",
            requires="one with somewhere to send to",
            fix=place,
        )
    ]


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (custom(UNKNOWN), "spec.receivers"),
        (custom([{"name": "null"}, UNKNOWN]), "spec.receivers"),
        (
            holder("Secret", {"alertmanager.yaml": UNKNOWN}),
            "data.alertmanager.yaml.receivers",
        ),
    ],
)
def test_unknown_receivers_are_undecided(judged: Resource, place: str) -> None:
    condition = alerts.alertmanager_notifies_somebody

    assert said(condition, judged) == [
        pending(condition, judged, unknown=place, requires="one with somewhere to send to")
    ]


def test_other_files_are_no_configuration_of_alertmanager() -> None:
    condition = alerts.alertmanager_notifies_somebody

    assert judgement(condition, holder("ConfigMap", {"a.yaml": "b: c"})) is None
    assert judgement(condition, holder("ConfigMap", {"a.yaml": SLACK}, name="other")) is None


def test_alerts_are_sent_to_somebody() -> None:
    condition = alerts.alerts_have_a_route

    assert said(condition, STACK, POD) == []
    assert said(condition, STACK, rules(alert()), custom([])) == []
    assert said(condition, STACK, rules(alert())) == [
        violated(
            condition,
            STACK,
            found="alerts, and no configuration of Alertmanager",
            requires="one with a receiver",
            fix="receivers of an AlertmanagerConfig",
        )
    ]
    assert said(condition, STACK, rules(UNKNOWN)) == [
        pending(
            condition,
            STACK,
            unknown="which alerts there are",
            requires="one with a receiver",
        )
    ]
