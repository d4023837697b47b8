"""Which rules a stack gets, and what they are told of it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pytest

from policies import exceptions, parameters
from policies.conditions import ALL
from tests.policies.judging import judgements
from tests.policies.platform import of_stack
from tests.unit.mocks import Recorded
from tests.unit.monitoring.watched import ESC, RECEIVERS, jobs, watched


def rules_of(resources: Recorded) -> list[Mapping[str, Any]]:
    return list(resources.one("PrometheusRule")["spec"]["groups"])


def recorded_of(resources: Recorded) -> dict[str, tuple[str, str]]:
    """Of each key the moment from which on it is due, and the namespace that a rule records."""
    return {
        rule["labels"]["key"]: (rule["expr"], rule["labels"]["namespace"])
        for group in rules_of(resources)
        for rule in group["rules"]
        if rule.get("record", "").startswith("esc:")
    }


def alerts_of(resources: Recorded) -> set[str]:
    return {
        rule["alert"] for group in rules_of(resources) for rule in group["rules"] if "alert" in rule
    }


def test_every_alert_links_to_its_page_below_the_settings_address() -> None:
    rules = [
        rule
        for group in watched(monitoring={"runbookUrl": "https://runbooks.example.com/n8n/"}).one(
            "PrometheusRule"
        )["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert rules
    for rule in rules:
        assert rule["annotations"]["runbook_url"].startswith("https://runbooks.example.com/n8n/")


def test_no_alert_waits_for_metrics_that_nobody_scrapes() -> None:
    resources = watched(**ESC)
    asked = set(
        re.findall(r'\bup\{[^}]*job="([^"]+)"', json.dumps(rules_of(resources)).replace("\\", ""))
    )
    assert asked
    # Of the operator's namespace they ask for none: `up` there is not the platform's.
    probes = {each.inputs["spec"]["jobName"] for each in resources.of("Probe")}
    assert asked <= jobs(resources).keys() - {"external-secrets"} | probes


def test_rules_know_from_the_record_when_each_key_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    file = tmp_path / "rotated.yaml"
    file.write_text("n8n-platform/sophia-ai-staging:\n  OPENAI_API_KEY: 2024-01-01\n")
    monkeypatch.setattr("esc.rotated.record.FILE", str(file))
    resources = watched(**ESC, integrations={"set": "minimal"}, platform={"namespace": "sophia-ai"})
    found = recorded_of(resources)
    # 90 days later, 2024-03-31 in UTC.
    assert found["OPENAI_API_KEY"] == ("vector(1711843200)", "sophia-ai")
    assert found["REDIS_PASSWORD"] == ("vector(0)", "sophia-ai")
    assert "N8N_ENCRYPTION_KEY" not in found
    assert "N8nKeyRotationDue" in alerts_of(resources)
    # Whoever deploys is told how many keys nobody has dated.
    (line,) = said
    assert f"no day of {len(found) - 1} key(s) of n8n-platform/sophia-ai-staging" in line


def test_where_no_key_is_kept_in_esc_none_is_due() -> None:
    resources = watched()
    assert recorded_of(resources) == {}
    assert "N8nKeyRotationDue" not in alerts_of(resources)
    assert all(group["rules"] for group in rules_of(resources))


def test_webhooks_are_measured_where_prometheus_sees_them() -> None:
    for routing, at_gateway in (({}, True), ({"envoyGateway": False}, False)):
        text = json.dumps(rules_of(watched(routing=routing)))
        assert ("envoy_cluster_upstream_rq{" in text) is at_gateway
        assert ("gateway-latency" in text) is at_gateway
        assert ("N8nGatewayDown" in text) is at_gateway
        # What callers of the platform are promised is one, wherever it is seen.
        records = [
            rule
            for group in rules_of(watched(routing=routing))
            for rule in group["rules"]
            if rule.get("record") == "slo:objective:ratio"
            and rule["labels"]["slo"] == "webhook-availability"
        ]
        assert [rule["expr"] for rule in records] == ["vector(0.9995)"]


@pytest.mark.parametrize(
    ("environment", "stack"),
    [("local", "installed"), ("staging", "install"), ("staging", "installed")],
)
def test_an_environment_that_is_watched_violates_no_policy(environment: str, stack: str) -> None:
    # Staging's own receivers, as its ESC environment has the keys of these alone.
    receivers = {} if environment == "staging" else RECEIVERS
    resources = of_stack(
        environment,
        monitoring={"stack": stack, **receivers},
        # What a chart makes is not known here, nor where egress to every address goes.
        esc={"operator": "installed"},
    )
    grants = exceptions.load(environment, ALL, datetime.now(UTC).date())
    ids = [each.id for each in ALL]
    found = {
        (each.condition.id, each.resource.name, finding.found)
        for each in judgements(resources, *resources, parameters=parameters.load(environment, ids))
        for finding in each.findings
        if not any(grant.covers(each.condition, each.resource) for grant in grants)
    }
    assert found == set()
