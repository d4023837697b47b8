"""The recordings, and the Prometheus that scrapes them."""

import re
from datetime import date
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import versions
from tests.monitoring import prometheus
from tests.monitoring.prometheus import SCRAPES, Prometheus
from tests.waiting import eventually

_RECORDED = sorted(SCRAPES.glob("*.prom"))
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@pytest.mark.parametrize("file", _RECORDED, ids=lambda file: file.stem)
def test_a_recording_says_what_it_is_of_and_is_metrics(file: Path) -> None:
    text = file.read_text()
    said = re.fullmatch(r"# .*\w, recorded (\S+)", text.splitlines()[0])
    assert said
    date.fromisoformat(said[1])
    families = list(text_string_to_metric_families(text))
    assert [sample for family in families for sample in family.samples]


def test_postgres_exporter_is_recorded_in_the_version_that_is_deployed() -> None:
    said = (SCRAPES / "postgres.prom").read_text().splitlines()[0]
    assert f"postgres_exporter {versions.POSTGRES_EXPORTER.rpartition(':v')[2]}," in said


@pytest.mark.parametrize("file", sorted(SCRAPES.glob("*.names")), ids=lambda file: file.stem)
def test_a_list_of_names_says_where_they_are_from_and_is_names(file: Path) -> None:
    assert file.read_text().startswith("# ")
    names = prometheus.names_in(file)
    assert names
    assert not [name for name in names if not _NAME.fullmatch(name)]


def test_names_are_those_of_the_jobs_asked_for() -> None:
    queue = "n8n_scaling_mode_queue_jobs_waiting"
    assert queue in prometheus.metric_names("n8n-main")
    assert queue not in prometheus.metric_names("n8n-worker", "redis")
    assert {queue, "redis_up", "pg_up"} <= prometheus.metric_names()


def test_counters_and_histograms_advance_and_gauges_do_not() -> None:
    text = """\
# TYPE a_total counter
a_total{path="/x y"} 2.0
# TYPE b gauge
b 3.0
# TYPE c histogram
c_bucket{le="+Inf"} 4.0
c_sum 5.0
c_count 4.0
# TYPE d counter
d 1.0
"""
    assert prometheus.advanced(text, 0) == text
    grown = prometheus.advanced(text, 2).splitlines()
    assert [line for line in grown if not line.startswith("#")] == [
        'a_total{path="/x y"} 6.0',
        "b 3.0",
        'c_bucket{le="+Inf"} 12.0',
        "c_sum 15.0",
        "c_count 12.0",
        "d 3.0",
    ]


def test_every_recording_is_scraped_whole(recorded: Prometheus) -> None:
    for job in prometheus.jobs():
        series = recorded.query(f'count by (__name__) ({{job="{job}"}})')
        scraped = {each["metric"]["__name__"] for each in series}
        assert prometheus.names_in(SCRAPES / f"{job}.prom") <= scraped, job


def test_a_target_carries_the_labels_of_its_pod(recorded: Prometheus) -> None:
    (series,) = recorded.query('ai_metering_failures_total{job="ai-router"}')
    assert (
        series["metric"].items()
        >= {
            "namespace": "n8n",
            "pod": "n8n-worker-0",
            "container": "ai-router",
        }.items()
    )


def test_rates_have_data(recorded: Prometheus) -> None:
    (started,) = recorded.values('sum(rate(n8n_workflow_started_total{job="n8n-webhook"}[1m]))')
    assert started > 0


def test_a_wrong_expression_is_refused_with_the_reason(recorded: Prometheus) -> None:
    with pytest.raises(ValueError, match="parse error"):
        recorded.query("rate(up)")


def test_rules_are_evaluated(tmp_path: Path) -> None:
    groups = [
        {
            "name": "of-this-test",
            "rules": [
                {"record": "queue:waiting", "expr": "sum(n8n_scaling_mode_queue_jobs_waiting)"}
            ],
        }
    ]
    with prometheus.running(tmp_path, groups=groups) as running:
        eventually(
            lambda: bool(running.query("queue:waiting")), "the rule was evaluated", seconds=30
        )
        (group,) = running.rules()
        assert group["rules"][0]["health"] == "ok"
