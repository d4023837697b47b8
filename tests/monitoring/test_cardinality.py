"""How many series Prometheus has of the platform, however many workflows and callers there are."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import settings
from components.monitoring import monitors
from components.n8n import webhook
from local.environment import REPOSITORY
from local.images import npm
from local.images.layers import key
from local.toolchain import cache
from tests.monitoring import prometheus
from tests.monitoring.prometheus import Prometheus

HOOK = Path(webhook.__file__).with_name("webhook_metrics.cjs")

_WORKFLOWS = 1000
_CALLS = "n8n_webhook_request_duration_seconds"
_PROM_CLIENT = Path(__file__).parent / "prom-client"
_OF_WORKFLOWS = re.compile(r"(n8n_(?:workflow|node|audit_workflow)_\w+)(?:\{(.*)\})? (\S+)")
"""Samples of the metrics that n8n can be told to count by workflow."""


def bound(job: str) -> int:
    """The most series of one pod that docs/monitoring.md promises."""
    text = (REPOSITORY / "docs" / "monitoring.md").read_text()
    (row,) = re.findall(rf"^\| `{job}`.*\| ([\d,]+) \|$", text, re.MULTILINE)
    return int(row.replace(",", ""))


def in_prometheus(relabeling: Mapping[str, Any]) -> dict[str, Any]:
    """A relabeling as the operator writes it for Prometheus."""
    words = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    return {words.get(name, name): value for name, value in relabeling.items()}


def relabelings() -> dict[str, list[dict[str, Any]]]:
    """What the platform's PodMonitors do to the series of each job."""
    return {
        scrape.job: [
            in_prometheus(each)
            for each in scrape.spec()["podMetricsEndpoints"][0]["metricRelabelings"]
        ]
        for scrape in monitors.scrapes(settings.parse({}))
    }


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with prom-client, in n8n's version."""
    folder = cache.root() / f"prom-client-{key(npm.inputs(_PROM_CLIENT))}"
    with cache.filling(folder) as partial:
        if partial is not None:
            npm.install(_PROM_CLIENT, partial, lambda _: None)
    return folder / "node_modules"


def node(packages: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A program of Node.js, which has ended."""
    variables = {"NODE_PATH": str(packages)}
    return subprocess.run(
        (npm.NODE, *command), env=variables, capture_output=True, text=True, check=False
    )


def of_webhooks(packages: Path, *, hook: Path | None) -> str:
    """What a webhook pod answers after a call of each workflow and as many of nobody's paths."""
    done = node(packages, _PROM_CLIENT / "calls.cjs", hook or "", str(2 * _WORKFLOWS))
    assert done.returncode == 0, done.stderr
    recorded = prometheus.recordings()["n8n-webhook"].splitlines()
    return "\n".join([*(line for line in recorded if _CALLS not in line), done.stdout])


def by_workflow(text: str) -> str:
    """The recording as n8n would answer it with N8N_METRICS_INCLUDE_WORKFLOW_ID_LABEL."""
    return "\n".join(_multiplied(text)) + "\n"


def _multiplied(text: str) -> Iterator[str]:
    for line in text.splitlines():
        sample = _OF_WORKFLOWS.fullmatch(line)
        if not sample:
            yield line
            continue
        name, labels, value = sample.groups()
        for number in range(_WORKFLOWS):
            of = [*filter(None, [labels]), f'workflow_id="workflow-{number}"']
            yield f"{name}{{{','.join(of)}}} {value}"


def series(running: Prometheus, job: str) -> int:
    """How many series of one pod Prometheus has, its own of the scrape included."""
    (count,) = running.values(f'count({{job="{job}"}})')
    return int(count)


def test_webhook_pods_count_the_same_series_for_any_number_of_workflows_and_paths(
    packages: Path, tmp_path: Path
) -> None:
    texts = {"n8n-webhook": of_webhooks(packages, hook=HOOK)}
    with prometheus.running(tmp_path, scrapes=2, texts=texts, relabelings=relabelings()) as running:
        assert series(running, "n8n-webhook") <= bound("n8n-webhook")
        # What the service levels are made of: all calls, by status.
        last = running.query(f"sum by (status_code) ({_CALLS}_count)")
        calls = {each["metric"]["status_code"]: float(each["value"][1]) for each in last}
    assert calls["200"] == calls["404"] + calls["500"] >= _WORKFLOWS


def test_series_of_single_workflows_and_paths_do_not_reach_prometheus(
    packages: Path, tmp_path: Path
) -> None:
    recorded = prometheus.recordings()
    texts = {
        "n8n-main": by_workflow(recorded["n8n-main"]),
        "n8n-webhook": by_workflow(of_webhooks(packages, hook=None)),
        "n8n-worker": by_workflow(recorded["n8n-worker"]),
    }
    found = []
    for rules in (relabelings(), {}):
        folder = tmp_path / str(len(found))
        folder.mkdir()
        with prometheus.running(folder, scrapes=1, texts=texts, relabelings=rules) as running:
            found.append({job: series(running, job) for job in texts})
    kept, all_of_them = found
    for job in texts:
        assert kept[job] <= bound(job)
        assert all_of_them[job] > _WORKFLOWS


def test_what_is_recorded_of_each_program_is_within_its_bound(recorded: Prometheus) -> None:
    watched = {*relabelings(), "ai-router"} & set(prometheus.jobs())
    found = {job: series(recorded, job) for job in watched}
    assert {job for job, count in found.items() if count > bound(job)} == set()


def test_a_webhook_pod_does_not_start_where_there_is_nothing_to_bound(
    packages: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other-n8n.cjs"
    other.write_text("require(process.argv[2]).n8n.ready[0]();")
    done = node(packages, other, HOOK)
    assert done.returncode != 0
    assert f"this version of n8n has no {_CALLS}" in done.stderr
