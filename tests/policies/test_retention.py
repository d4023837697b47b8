"""What is kept is deleted in time: neither before it is needed, nor after."""

from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import retention
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.n8n_pods import ENV, env, n8n

PRUNES = {
    "EXECUTIONS_DATA_PRUNE": "true",
    "EXECUTIONS_DATA_MAX_AGE": "336",
    "EXECUTIONS_DATA_PRUNE_MAX_COUNT": "50000",
}
HISTORY = "N8N_WORKFLOW_HISTORY_PRUNE_TIME"


def finding(condition: Condition, found: str, requires: str, fix: str, type_: str) -> str:
    return (
        f"[SOC2 C1.2] kubernetes:{type_} 'example': found {found}; requires {requires}. "
        f"Fix: {fix}. Exception: policies/exceptions.yaml, condition {condition.id}, "
        "with owner and expiry."
    )


def of_n8n(condition: Condition, place: str, state: str, requires: str) -> str:
    path = f"{ENV}[{place.partition('.')[0]}]{place[place.find('.') :] if '.' in place else ''}"
    return finding(condition, f"{path} {state}", requires, path, "apps/v1:Deployment")


def test_n8n_deletes_what_is_old_and_what_is_too_much() -> None:
    condition = retention.n8n_prunes_executions

    assert said(condition, n8n(*env(**PRUNES))) == []
    assert said(condition, n8n()) == [
        of_n8n(condition, "EXECUTIONS_DATA_PRUNE", "not set", "true"),
        of_n8n(condition, "EXECUTIONS_DATA_MAX_AGE", "not set", "24 to 8760 hours"),
        of_n8n(condition, "EXECUTIONS_DATA_PRUNE_MAX_COUNT", "not set", "more than 0"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "state", "requires"),
    [
        ("EXECUTIONS_DATA_PRUNE", "false", "false", "true"),
        ("EXECUTIONS_DATA_MAX_AGE", "23", "23", "24 to 8760 hours"),
        ("EXECUTIONS_DATA_MAX_AGE", "8761", "8761", "24 to 8760 hours"),
        ("EXECUTIONS_DATA_MAX_AGE", "a while", "set otherwise", "24 to 8760 hours"),
        ("EXECUTIONS_DATA_PRUNE_MAX_COUNT", "0", "0", "more than 0"),
    ],
)
def test_each_limit_of_executions_is_one_finding(
    name: str, value: str, state: str, requires: str
) -> None:
    condition = retention.n8n_prunes_executions

    assert said(condition, n8n(*env(**{**PRUNES, name: value}))) == [
        of_n8n(condition, f"{name}.value", state, requires)
    ]


def test_a_setting_that_is_kept_elsewhere_is_no_evidence() -> None:
    condition = retention.n8n_prunes_workflow_history
    source = {"name": HISTORY, "valueFrom": {"configMapKeyRef": {"name": "n8n", "key": "hours"}}}

    assert said(condition, n8n(source)) == [
        of_n8n(condition, f"{HISTORY}.valueFrom", "not visible in the manifest", "24 to 8760 hours")
    ]


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (n8n(*env(**{HISTORY: UNKNOWN})), f"{ENV}[{HISTORY}].value"),
        (n8n({"name": HISTORY, "valueFrom": UNKNOWN}), f"{ENV}[{HISTORY}].valueFrom"),
        (n8n({"name": UNKNOWN}), f"{ENV}[0].name"),
        (n8n(UNKNOWN), f"{ENV}[0]"),
        (n8n(env=UNKNOWN), f"{ENV}[*]"),
        (n8n(args=UNKNOWN), "spec.template.spec.containers[n8n].args"),
    ],
)
def test_what_may_be_the_setting_is_undecided(judged: Resource, place: str) -> None:
    assert said(retention.n8n_prunes_workflow_history, judged) == [
        f"[SOC2 C1.2] kubernetes:apps/v1:Deployment 'example': undecided until up, as {place} is "
        "not known at preview; will require 24 to 8760 hours."
    ]


def test_workflow_history_must_not_be_kept_for_ever() -> None:
    condition = retention.n8n_prunes_workflow_history

    assert said(condition, n8n(*env(**{HISTORY: "2160"}))) == []
    # Of two the later counts, as for Kubernetes.
    assert said(condition, n8n(*env(**{HISTORY: "2160"}), *env(**{HISTORY: "-1"}))) == [
        of_n8n(condition, f"{HISTORY}.value", "-1", "24 to 8760 hours")
    ]


@pytest.mark.parametrize(
    "judged",
    [
        n8n(args=None),
        n8n(args=("--tunnel",)),
        n8n(image="registry.example/mirror/n8nio/n8n@sha256:0", args=None),
        n8n(command=["sh", "-c", "n8n import:workflow --all && exec n8n start"], args=None),
        n8n({"name": "EXECUTIONS_MODE", "value": "queue"}, image="ours/automation", args=None),
        n8n({"name": "N8N_ENCRYPTION_KEY"}, image="ours/automation", command=["/run.sh"]),
    ],
)
def test_main_is_recognised_by_image_command_or_its_own_variables(judged: Resource) -> None:
    assert said(retention.n8n_prunes_workflow_history, judged) == [
        of_n8n(retention.n8n_prunes_workflow_history, HISTORY, "not set", "24 to 8760 hours")
    ]


@pytest.mark.parametrize(
    "judged",
    [
        n8n(args=("worker", "--concurrency=10")),
        n8n(command=["n8n", "webhook"], args=None),
        n8n(args=("export:workflow", "--all")),
        n8n(command=["chown", "-R", "1000", "/home/node"], args=None),
        n8n(image="docker.io/n8nio/runners:2.43.3", args=None),
        n8n(image=UNKNOWN, args=None),
    ],
)
def test_what_prunes_nothing_is_not_judged(judged: Resource) -> None:
    assert judgement(retention.n8n_prunes_workflow_history, judged) is None


def prometheus(**spec: Any) -> Resource:
    return resource("kubernetes:monitoring.coreos.com/v1:Prometheus", {"spec": spec})


def test_prometheus_deletes_by_age_and_by_size() -> None:
    condition = retention.metrics_are_deleted_in_time
    type_ = "monitoring.coreos.com/v1:Prometheus"

    assert said(condition, prometheus(retention="1w2d12h", retentionSize="18GB")) == []
    assert said(condition, prometheus()) == [
        finding(condition, "spec.retention not set", "1 to 365 days", "spec.retention", type_),
        finding(condition, "spec.retentionSize not set", "a size", "spec.retentionSize", type_),
    ]
    assert said(condition, prometheus(retention=UNKNOWN, retentionSize="18GB")) == [
        f"[SOC2 C1.2] kubernetes:{type_} 'example': undecided until up, as spec.retention is not "
        "known at preview; will require 1 to 365 days."
    ]


@pytest.mark.parametrize("period", ["2y", "12h", "0", "15 days", "15"])
def test_prometheus_keeps_metrics_within_bounds(period: str) -> None:
    judged = prometheus(retention=period, retentionSize="18GB")

    assert len(said(retention.metrics_are_deleted_in_time, judged)) == 1


LOKI = """
schema_config: {{}}
limits_config: {{retention_period: {period}}}
compactor: {{retention_enabled: {enabled}}}
"""


def loki(period: str = "100d", enabled: str = "true") -> Resource:
    file = LOKI.format(period=period, enabled=enabled)
    return resource("kubernetes:core/v1:ConfigMap", {"data": {"loki.yaml": file, "note": "x"}})


def test_loki_deletes_logs() -> None:
    condition = retention.logs_are_deleted_in_time
    file, type_ = "data.loki.yaml", "core/v1:ConfigMap"
    period, enabled = f"{file}.limits_config.retention_period", f"{file}.compactor"

    assert said(condition, loki()) == []
    assert said(condition, loki(period="7d", enabled="false")) == [
        finding(
            condition,
            f"{enabled}.retention_enabled false",
            "true",
            f"{enabled}.retention_enabled",
            type_,
        ),
        finding(condition, f"{period} set otherwise", "90 to 400 days", period, type_),
    ]
    other = resource("kubernetes:core/v1:ConfigMap", {"data": {"schema_config": "limits_config"}})
    assert judgement(condition, other) is None


def test_a_loki_stack_deletes_logs() -> None:
    condition = retention.logs_are_deleted_in_time
    type_, place = "loki.grafana.com/v1:LokiStack", "spec.limits.global.retention.days"

    def stack(days: Any) -> Resource:
        limits = {"global": {"retention": {"days": days}}}
        return resource(f"kubernetes:{type_}", {"spec": {"limits": limits}})

    assert said(condition, stack(100)) == []
    assert said(condition, stack(500)) == [
        finding(condition, f"{place} 500", "90 to 400 days", place, type_)
    ]
    assert said(condition, stack(UNKNOWN)) == [
        f"[SOC2 C1.2] kubernetes:{type_} 'example': undecided until up, as {place} is not known "
        "at preview; will require 90 to 400 days."
    ]
