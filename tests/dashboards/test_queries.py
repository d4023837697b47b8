"""Queries are evaluated by a real Prometheus that scrapes recordings of the real programs."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.objectives import slos
from alerts.rotation import DUE
from dashboards import JOBS, all_dashboards, documents, promql
from policies import exceptions
from tests.alerts import promtool
from tests.dashboards.boards import FILES, PANELS, Shown, panels
from tests.monitoring import prometheus
from tests.monitoring.prometheus import Prometheus
from tests.waiting import eventually

_SCALER = {"horizontalpodautoscaler": "n8n-webhook"}
_VOLUME = {"persistentvolumeclaim": "data-redis-a-0"}
_CLUSTER: dict[str, list[dict[str, str]]] = {
    "kube_deployment_spec_replicas": [{"deployment": "n8n-webhook"}],
    "kube_deployment_status_replicas_available": [{"deployment": "n8n-webhook"}],
    "kube_horizontalpodautoscaler_status_current_replicas": [_SCALER],
    "kube_horizontalpodautoscaler_status_desired_replicas": [_SCALER],
    "kube_horizontalpodautoscaler_spec_max_replicas": [_SCALER],
    "kube_pod_container_resource_limits": [
        {"container": "n8n", "pod": pod, "resource": "memory"}
        for pod in ("n8n-webhook-5c9f-x2", "n8n-worker-blue-5c9f-x2")
    ],
    "kube_resourcequota": [
        {"resource": resource, "type": kind}
        for resource in ("pods", "requests.cpu")
        for kind in ("hard", "used")
    ],
    "kubelet_volume_stats_available_bytes": [_VOLUME],
    "kubelet_volume_stats_capacity_bytes": [_VOLUME],
    "kubelet_volume_stats_inodes": [_VOLUME],
    "kubelet_volume_stats_inodes_used": [_VOLUME],
    "kube_cronjob_status_last_successful_time": [{"cronjob": "n8n-backup"}],
    "externalsecret_status_condition": [
        {"name": "n8n", "condition": "Ready", "status": status} for status in ("True", "False")
    ],
}
"""Series of programs of the cluster, with the labels that these give them. There are no recordings
of them, so that rules stand in for them, which always say 1."""

_NOW = {
    "$namespace": "n8n",
    # As Grafana writes all of a variable's values.
    "$tier": "(main|webhook|worker)",
    "$__rate_interval": "1m",
    "$__range_s": "60",
    "$__range": "1m",
}
"""What Grafana writes for variables, longer names first."""

each_panel = pytest.mark.parametrize("shown", PANELS, ids=str)


def _filled_in(expr: str) -> str:
    for variable, value in _NOW.items():
        expr = expr.replace(variable, value)
    assert not re.search(r"\$\{?[a-z_]", expr)
    return expr


def _fast(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those of long windows are evaluated seldom: a test need not wait for it."""
    return [{"name": group["name"], "rules": group["rules"]} for group in rules]


def _rules() -> list[dict[str, Any]]:
    cluster = [
        {"record": name, "expr": "vector(1)", "labels": {"namespace": "n8n", **labels}}
        for name, series in _CLUSTER.items()
        for labels in series
    ]
    return [*_fast(promtool.GROUPS), {"name": "cluster", "rules": cluster}]


def _wait_for_budgets(running: Prometheus) -> None:
    last = "slo:error_budget_remaining:ratio"
    eventually(
        lambda: len(running.query(last)) == len(slos(promtool.EXPECTED)),
        "every objective has a budget",
        seconds=60,
    )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus.running(tmp_path_factory.mktemp("prometheus"), groups=_rules()) as running:
        _wait_for_budgets(running)
        eventually(
            lambda: all(running.query(name) for name in _CLUSTER), "stand-ins are there", seconds=60
        )
        yield running


@each_panel
def test_metrics_are_those_of_real_programs(shown: Shown) -> None:
    recorded = {rule["record"] for rule in promtool.RULES if "record" in rule}
    # Prometheus' own: whether a target answered, and which alerts fire.
    assert shown.metrics <= prometheus.metric_names() | recorded | {"up", "ALERTS"}
    # How long an exception from a policy still holds no program tells.
    assert shown.metrics or shown.panel["title"] == "Time until exceptions end"


@each_panel
def test_queries_return_data(shown: Shown, loaded: Prometheus) -> None:
    for expr in shown.exprs:
        values = loaded.values(_filled_in(expr))
        assert values, expr
        assert all(map(math.isfinite, values)), expr


@each_panel
def test_series_of_one_query_have_names_of_their_own(shown: Shown, loaded: Prometheus) -> None:
    for target in shown.panel["targets"]:
        labels = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
        series = [each["metric"] for each in loaded.query(_filled_in(target["expr"]))]
        assert all(label in each for each in series for label in labels)
        names = [tuple(each[label] for label in labels) for each in series]
        assert len(set(names)) == len(names), f"{target['legendFormat']} names several series"


@pytest.mark.parametrize("file", FILES)
def test_the_namespace_can_be_chosen(file: str, loaded: Prometheus) -> None:
    (query,) = [
        variable["query"]
        for variable in FILES[file]["templating"]["list"]
        if variable["name"] == "namespace"
    ]
    metric = query.removeprefix("label_values(").partition(",")[0]
    assert {each["metric"].get("namespace") for each in loaded.query(metric)} == {"n8n"}


_CALLS = "n8n_webhook_request_duration_seconds_count"
_ENDED = "n8n_workflow_execution_duration_seconds_count"


@pytest.mark.parametrize(
    ("panel", "part", "whole"),
    [
        (
            "n8n-performance: Webhook calls answered with 5xx",
            f'{_CALLS}{{status_code="500"}}',
            f'{_CALLS}{{status_code!="404"}}',
        ),
        (
            "n8n-performance: Webhook calls answered with 5xx at the gateway",
            'envoy_cluster_upstream_rq{envoy_cluster_name=~".+webhooks.+",envoy_response_code=~"5.."}',
            'envoy_cluster_upstream_rq{envoy_cluster_name=~".+webhooks.+",envoy_response_code!="404"}',
        ),
        (
            "executive-intelligence: Successful executions",
            f'{_ENDED}{{status="success"}}',
            f'{_ENDED}{{status=~"success|failed"}}',
        ),
        (
            "ai-gateway-costs: Saved by routing",
            "(sum(ai_baseline_cost_dollars_total) - sum(ai_cost_dollars_total))",
            "ai_baseline_cost_dollars_total",
        ),
    ],
)
def test_a_share_is_that_of_the_recording(
    panel: str, part: str, whole: str, loaded: Prometheus
) -> None:
    # Every counter grows by what it was recorded with, so shares of totals are those of rates.
    (expected,) = loaded.values(f"sum({part}) / sum({whole})")
    assert 0 < expected < 1
    (shown,) = _values(loaded, panel)
    assert shown == pytest.approx(expected)


def test_exceptions_end_after_their_last_day(loaded: Prometheus) -> None:
    (shown,) = [each for each in PANELS if each.panel["title"] == "Time until exceptions end"]
    (expr,) = shown.exprs
    (now,) = loaded.values("time()")
    ends = {
        # The two queries are not of the same moment.
        each["metric"]["exception"]: round(now + float(each["value"][1]), -2)
        for each in loaded.query(expr)
    }
    written: dict[str, list[str]] = {}
    for each in yaml.safe_load(exceptions.FILE.read_text()):
        name = f"{each['condition']} ({', '.join(each['stacks'])})"
        written.setdefault(name, []).append(each["expires"])
    assert ends == {
        name: (datetime.fromisoformat(f"{min(days)}T00:00Z") + timedelta(days=1)).timestamp()
        for name, days in written.items()
    }


def test_an_idle_platform_has_no_bad_share(loaded: Prometheus) -> None:
    for panel in PANELS:
        for expr in panel.exprs:
            if "clamp_min" in expr:
                idle = _filled_in(expr.replace("$namespace", "another"))
                (value,) = loaded.values(idle)
                assert value == (1 if expr.startswith("1 -") else 0), str(panel)


_FAULT = re.compile(
    r"^(n8n_\w+_failed_total|ai_(errors|fallbacks|retries|usage_\w+)_total)\b.*\n"
    r'|^\w+\{[^}]*(status(_code)?|envoy_response_code)="(failed|4xx|5xx|4..|5..)".*\n',
    re.MULTILINE,
)
"""Series that programs have after something went wrong, and not before."""


def test_in_health_only_marked_panels_are_empty(tmp_path: Path) -> None:
    # As on the embedded cluster: no external store, and nothing of kube-state-metrics or kubelets.
    recordings = prometheus.recordings().items()
    healthy = {job: _FAULT.sub("", text) for job, text in recordings if job != "kubelet"}
    shown = all_dashboards(jobs=JOBS - {"external-secrets"})
    page = documents.files()["dashboards.md"]
    marked = set(re.findall(r"^\| ([^|]+) <sup>", page, re.MULTILINE))
    with prometheus.running(tmp_path, groups=_fast(promtool.GROUPS), texts=healthy) as running:
        _wait_for_budgets(running)
        empty = {
            panel.panel["title"]
            for panel in panels({name: json.loads(text) for name, text in shown.items()})
            if not any(running.query(_filled_in(expr)) for expr in panel.exprs)
        }
    assert empty == marked


def test_an_alert_counts_once_each_time_it_begins(tmp_path: Path) -> None:
    # Where the platform's own rules have no alerts.
    elsewhere = "elsewhere"
    fires = f'alertstate="firing",namespace="{elsewhere}"'
    pends = fires.replace("firing", "pending")
    series = {
        f'ALERTS{{alertname="A",audience="executive",{fires}}}': "_x4 1x9 stale _x19 1x3 stale",
        f'ALERTS{{alertname="B",audience="executive",{fires}}}': "_x30 1x30",
        f'ALERTS{{alertname="C",audience="executive",{pends}}}': "1x60",
        f'ALERTS{{alertname="D",{fires}}}': "1x60",
    }
    begun, firing = (
        each('audience="executive"').replace("$namespace", elsewhere).replace("$__range", "30m")
        for each in (promql.begun, promql.firing)
    )
    expected = [
        (begun, "1m", {"{}": 0}),
        (begun, "30m", {"{}": 3}),
        (firing, "1m", {"{}": 0}),
        (firing, "5m", {"{}": 1}),
        (firing, "17m30s", {"{}": 2}),
    ]
    promtool.expect(tmp_path, series, expected)


def test_keys_are_shown_by_when_they_are_due(tmp_path: Path) -> None:
    # Half an hour after 1970 began, where the platform's own rules record none.
    due = {"OLD": 600, "OLDER": 300, "YOUNG": 4000, "UNKNOWN": 0}
    series = {f'{DUE}{{key="{key}",namespace="x"}}': f"{at}x100" for key, at in due.items()}
    (number,), (left,) = (
        [each for each in PANELS if each.panel["title"] == title]
        for title in ("Keys to be replaced", "Time until keys are due")
    )
    overdue, without, until = (
        expr.replace("$namespace", "x") for expr in (*number.exprs, *left.exprs)
    )
    seconds = {
        f'{{key="{key}",namespace="x"}}': at - 1800 for key, at in due.items() if key != "UNKNOWN"
    }
    expected = [
        (overdue, "30m", {"{}": 2}),
        (without, "30m", {"{}": 1}),
        (until, "30m", seconds),
    ]
    promtool.expect(tmp_path, series, expected)


def _values(loaded: Prometheus, panel: str) -> list[float]:
    (shown,) = [shown for shown in PANELS if str(shown) == panel]
    (expr,) = shown.exprs
    return loaded.values(_filled_in(expr))
