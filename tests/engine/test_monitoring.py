"""A watched platform on a real API server: what it makes of each object, and that it goes again.

The definitions are those of the Prometheus operator, and a field that they do not have is refused.
The operator itself does not run on simulated nodes; it does in `tests/e2e`. The tests share one
stack and run in the order in which they stand.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import REPOSITORY, Environment
from tests.engine.cluster import Cluster
from tests.engine.stacks import Stack
from tests.unit.pod_security import containers_of

PACKS = [str(REPOSITORY / "policies" / name) for name in ("soc2", "gdpr")]
JOBS = {"n8n-main", "n8n-webhook", "n8n-worker", "ai-router", "redis", "postgres", "gateway"}

_COMMITTED = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]
_LOCAL: dict[str, Any] = {
    key.removeprefix("n8n-platform:"): value for key, value in _COMMITTED.items()
}
WATCHED = {
    **_LOCAL,
    "monitoring": {
        "stack": "installed",
        "slack": {"channel": "#n8n-alerts", "executiveChannel": "#ceo-urgent"},
        "pagerDuty": {},
        "email": {
            "to": "team@example.com",
            "sender": "alerts@example.com",
            "user": "alerts",
            "smarthost": "smtp.example.com:587",
        },
        "heartbeat": {},
    },
}
UNWATCHED = {**_LOCAL, "monitoring": {"stack": "none"}}

_KINDS = ("PodMonitor", "Probe", "PrometheusRule", "AlertmanagerConfig")
_DASHBOARDS = ("--namespace", "monitoring", "-l", "grafana_dashboard=1", "-o", "name")


@pytest.fixture(scope="module")
def stack(environment: Environment, program: Path) -> Iterator[Stack]:
    """The committed stack with every receiver that there is."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("N8N_PLATFORM_CHANGE", "tested")
        # The policy packs find the stack's configuration and exceptions by its name.
        stack = Stack(environment, program, "local")
        stack.configure(WATCHED)
        yield stack
        stack.destroy()


def containers(cluster: Cluster) -> dict[tuple[str, str], dict[str, Any]]:
    """By workload and name: what each container runs, and how large it is."""
    return {
        (workload["metadata"]["name"], each["name"]): {
            field: each.get(field) for field in ("image", "command", "args", "resources")
        }
        for kind in ("deployments", "statefulsets")
        for workload in cluster.objects(kind)
        for each in containers_of(workload["spec"]["template"]["spec"])
    }


def tiers(cluster: Cluster) -> dict[str, Any]:
    """The pods of n8n's tiers, in every detail."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in cluster.objects("deployments")
        if each["metadata"]["labels"]["app.kubernetes.io/name"] == "n8n"
    }


def test_up_makes_the_platform_watched_and_both_packs_are_clean(
    stack: Stack, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    monkeypatch.setenv("POLICY_RECORD", str(record))
    stack.up(policy_packs=PACKS)

    judged = [
        json.loads(line) for file in record.iterdir() for line in file.read_text().splitlines()
    ]
    assert judged
    assert not [each for each in judged if each.get("result") == "violated"]
    assert set(cluster.names("podmonitors")) == JOBS
    # Under names of localhost without TLS nothing but Redis has a certificate.
    assert cluster.names("probes") == ["redis"]
    assert cluster.names("prometheusrules") == ["n8n-platform"]
    assert cluster.names("alertmanagerconfigs") == ["n8n-platform"]
    assert cluster.kubectl("get", "configmaps", *_DASHBOARDS)


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    assert set(stack.up().summary.resource_changes or {}) == {"same"}


def test_a_platform_that_is_watched_no_more_runs_what_it_ran(
    stack: Stack, cluster: Cluster
) -> None:
    before, n8n = containers(cluster), tiers(cluster)
    stack.configure(UNWATCHED)
    stack.up()

    for kind in _KINDS:
        assert cluster.names(kind) == []
    assert not cluster.kubectl("get", "configmaps", *_DASHBOARDS)
    assert tiers(cluster) == n8n
    after = containers(cluster)
    assert {name for _, name in before.keys() - after.keys()} == {"exporter"}
    assert after == {key: before[key] for key in after}
