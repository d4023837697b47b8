"""The audit log of Kubernetes is counted as it reaches CloudWatch, and its end is told."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.unit.aws.foundation import EXISTING, REGION, away, recorded, values

TOPIC = f"arn:aws:sns:{REGION}:111122223333:alarms"

EVENT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "Metadata",
    "auditID": "6134a20d-7699-4311-bfe2-8eb8185a5dec",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/n8n/secrets/n8n-database",
    "verb": "get",
    "user": {"username": "kubernetes-admin"},
}


def counted(of: Mapping[str, Any]) -> Mapping[str, Any]:
    (found,) = recorded(of).typed("cloudwatch/logMetricFilter:LogMetricFilter")
    return found.inputs


def alarm(of: Mapping[str, Any]) -> Mapping[str, Any]:
    return recorded(of).named("cloudwatch/metricAlarm:MetricAlarm", "audit-log-silent")


def matches(pattern: str, line: str) -> bool:
    """Whether CloudWatch counts a line: all that is asked of its JSON is so, if it is any."""
    asked = re.fullmatch(r'\{ (\$\.\w+ = "[^"]+"(?: && (?=\$)|(?= \})))+ \}', pattern)
    assert asked, "more than this can read"
    try:
        read = json.loads(line)
    except ValueError:
        return False
    return all(
        fnmatchcase(str(read.get(key)), value)
        for key, value in re.findall(r'\$\.(\w+) = "([^"]+)"', pattern)
    )


@pytest.mark.parametrize("of", [values(), away("standby")], ids=["primary", "standby"])
def test_what_the_alarm_watches_is_counted_in_the_cluster_s_log_group(
    of: Mapping[str, Any],
) -> None:
    group = recorded(of).named("cloudwatch/logGroup:LogGroup", "control-plane")
    metric = counted(of)["metricTransformation"]

    assert counted(of)["logGroupName"] == group["name"]
    assert (alarm(of)["namespace"], alarm(of)["metricName"]) == (
        metric["namespace"],
        metric["name"],
    )
    # Each event counts one, so that none is less than one.
    assert (metric["value"], alarm(of)["statistic"], alarm(of)["threshold"]) == ("1", "Sum", 1)


@pytest.mark.parametrize(
    ("line", "is_counted"),
    [
        (json.dumps(EVENT), True),
        ('time="2026-11-30T01:00:00Z" level=info msg="access granted" username=admin', False),
        ("I1130 01:00:00.000000      11 trace.go:236] Event", False),
        (json.dumps({"kind": "Event", "apiVersion": "events.k8s.io/v1"}), False),
    ],
    ids=["audit", "authenticator", "api", "an event of Kubernetes"],
)
def test_of_the_five_logs_in_the_group_only_the_audit_log_is_counted(
    line: str, is_counted: bool
) -> None:
    assert matches(counted(values())["pattern"], line) is is_counted


def test_a_quarter_of_an_hour_without_an_event_or_without_any_log_is_told() -> None:
    raised = alarm(values(alarms={"topics": [TOPIC]}))

    assert raised["comparisonOperator"] == "LessThanThreshold"
    assert raised["period"] * raised["evaluationPeriods"] == 15 * 60
    assert raised["treatMissingData"] == "breaching"
    assert TOPIC in raised["alarmActions"]
    assert raised["alarmActions"] == raised["okActions"]


def test_environments_of_one_account_are_counted_apart() -> None:
    one, other = (counted(values(name=name))["metricTransformation"] for name in ("one", "other"))
    assert one["name"] != other["name"]


def test_before_there_is_a_cluster_nobody_hears_of_it() -> None:
    made = recorded(values())
    assert made.waits_for("n8n-platform:aws:AuditLog", "audit-log") == {("Cluster", "cluster")}


def test_who_brought_a_cluster_watches_its_log() -> None:
    made = recorded(EXISTING)
    assert not made.typed("cloudwatch/logMetricFilter:LogMetricFilter")
    assert not made.typed("cloudwatch/metricAlarm:MetricAlarm")
