"""What is scraped, as what, and who is let in to metrics."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

import settings
from components.postgres import Postgres
from components.secrets import PlatformSecrets
from settings import sizing
from tests.unit.conftest import TIERS, record_tiers
from tests.unit.mocks import Recorded, record
from tests.unit.monitoring.watched import ESC, ROUTER, jobs, watched
from tests.unit.pod_security import violations

PROMETHEUS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
}


def postgres(**monitoring: Any) -> Recorded:
    stack = settings.parse({"monitoring": monitoring})
    return record(
        lambda: Postgres(
            "postgres", settings=stack, secrets=PlatformSecrets("secrets", settings=stack)
        )
    )


def callers(policy: Mapping[str, Any], port: int) -> list[Mapping[str, Any]]:
    """Whom a network policy lets in to a port."""
    return [
        peer
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
        if any(each["port"] == port for each in rule["ports"])
    ]


def test_every_program_with_metrics_is_scraped_under_its_own_job() -> None:
    assert jobs(watched(**ROUTER)) == {
        "n8n-main": ("main", "http"),
        "n8n-webhook": ("webhook", "http"),
        "n8n-worker": ("worker", "http"),
        "ai-router": ("worker", "ai-metrics"),
        "redis": ("node", "metrics"),
        "postgres": ("database", "metrics"),
        "gateway": ("n8n", "metrics"),
    }


def test_what_the_stack_does_not_run_is_not_scraped() -> None:
    external = {"mode": "external", "host": "db.example.com"}
    assert set(jobs(watched(database=external, routing={"envoyGateway": False}))) == {
        "n8n-main",
        "n8n-webhook",
        "n8n-worker",
        "redis",
    }


def test_what_external_secrets_says_of_the_platforms_namespace_keeps_that_namespace() -> None:
    resources = watched(**ESC)
    spec = resources.one("PodMonitor", "external-secrets")["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["external-secrets"]}
    assert spec["podMetricsEndpoints"][0]["honorLabels"] is True
    opened = resources.one("NetworkPolicy", "metrics")
    assert opened["metadata"]["namespace"] == "external-secrets"
    assert callers(opened, 8080) == [PROMETHEUS]


def test_what_the_envoys_of_this_gateway_say_is_about_the_platforms_namespace() -> None:
    spec = watched(platform={"namespace": "flows"}, routing={"gatewayNamespace": "edge"}).one(
        "PodMonitor", "gateway"
    )["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["edge"]}
    assert spec["selector"]["matchLabels"] == {
        "gateway.envoyproxy.io/owning-gateway-name": "n8n",
        "gateway.envoyproxy.io/owning-gateway-namespace": "flows",
    }
    [endpoint] = spec["podMetricsEndpoints"]
    assert endpoint["path"] == "/stats/prometheus"
    # The target's own label counts, and it is not where the pods are.
    assert "honorLabels" not in endpoint
    labels = {each["targetLabel"]: each["replacement"] for each in endpoint["relabelings"]}
    assert labels["namespace"] == "flows"


def test_of_an_envoy_only_series_of_the_platforms_routes_and_ports_are_kept() -> None:
    [endpoint] = watched().one("PodMonitor", "gateway")["spec"]["podMetricsEndpoints"]

    def kept(name: str, **labels: str) -> bool:
        series = {"__name__": name, **labels}
        return all(
            re.fullmatch(
                each["regex"], ";".join(series.get(key, "") for key in each["sourceLabels"])
            )
            for each in endpoint["metricRelabelings"]
        )

    webhooks, others = "httproute/n8n/webhooks/rule/0", "httproute/shop/webhooks/rule/0"
    port, health = "http-8080", "eg-ready-http"
    assert kept("envoy_cluster_upstream_rq", envoy_cluster_name=webhooks)
    assert kept("envoy_cluster_upstream_rq_time_bucket", envoy_cluster_name=webhooks, le="150")
    assert kept("envoy_http_rq_direct_response", envoy_http_conn_manager_prefix=port)
    assert not kept("envoy_cluster_upstream_rq", envoy_cluster_name=others)
    assert not kept("envoy_cluster_upstream_rq", envoy_cluster_name="xds_cluster")
    assert not kept("envoy_cluster_external_upstream_rq", envoy_cluster_name=webhooks)
    assert not kept("envoy_http_rq_direct_response", envoy_http_conn_manager_prefix=health)


@pytest.mark.parametrize("tier", TIERS)
def test_prometheus_alone_is_let_in_to_metrics_and_only_where_the_platform_is_watched(
    tier: str,
) -> None:
    router = (9464,) if tier == "worker" else ()
    for monitoring, wanted in (({}, []), ({"stack": "installed"}, [PROMETHEUS])):
        policy = record_tiers({**ROUTER, "monitoring": monitoring}).one(
            "NetworkPolicy", f"n8n-{tier}"
        )
        for port in (5678, *router):
            found = [peer for peer in callers(policy, port) if "podSelector" in peer]
            assert found == wanted


def test_the_router_of_the_ai_gateway_is_shut_where_there_is_none() -> None:
    tiers = record_tiers({"monitoring": {"stack": "installed"}})
    assert callers(tiers.one("NetworkPolicy", "n8n-worker"), 9464) == []


def test_postgres_is_as_it_was_where_nothing_is_watched() -> None:
    resources = postgres()
    assert "monitoring" not in json.dumps([each.inputs for each in resources])
    pod = resources.one("StatefulSet")["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"]] == ["postgres"]


def test_the_exporter_of_postgres_is_known_by_its_user_and_has_no_password() -> None:
    resources = postgres(stack="installed")
    pod = resources.one("StatefulSet")["spec"]["template"]["spec"]
    database, exporter = pod["containers"]
    assert violations(pod) == []
    users = {each["securityContext"].get("runAsUser") for each in (pod, exporter)}
    assert len(users) == 2, "PostgreSQL's own user would be the exporter too"
    assert all("valueFrom" not in variable for variable in exporter["env"])
    assert "envFrom" not in exporter

    [socket] = exporter["volumeMounts"]
    assert socket in database["volumeMounts"]
    assert f"host={socket['mountPath']}" in exporter["env"][0]["value"]

    files = resources.one("ConfigMap")["data"]
    rules = [line.split() for line in files["pg_hba.conf"].splitlines() if line[:1] != "#"]
    assert rules[0][:4] == ["local", "all", "monitoring", "peer"]
    assert callers(resources.one("NetworkPolicy"), 9187) == [PROMETHEUS]


def test_the_exporter_of_postgres_is_in_the_quota() -> None:
    def need(mode: str, stack: str) -> Decimal:
        database = {"mode": mode, "host": "db.example.com"} if mode == "external" else {}
        chosen = settings.parse({"database": database, "monitoring": {"stack": stack}})
        return sizing.peak_need(chosen).memory_limits

    pod = postgres(stack="installed").one("StatefulSet")["spec"]["template"]["spec"]
    limit = pod["containers"][1]["resources"]["limits"]["memory"]
    added, added_elsewhere = (
        need(mode, "installed") - need(mode, "none") for mode in ("in-cluster", "external")
    )
    assert added - added_elsewhere == parse_quantity(limit)
