"""Monitoring: what is scraped and by whom, whom an alert reaches, and what the chart is told."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pulumi
import pytest
from kubernetes.utils.quantity import parse_quantity

import settings
from components.monitoring.platform import PlatformMonitoring
from components.monitoring.stack import KubePrometheusStack
from components.monitoring.values import values
from components.postgres import Postgres
from components.secrets import PlatformSecrets
from components.secrets.operator import ExternalSecretsOperator
from policies import exceptions, parameters
from policies.conditions import ALL
from settings import sizing
from tests.policies.judging import judgements
from tests.policies.platform import of_stack
from tests.unit.conftest import TIERS, record_tiers
from tests.unit.mocks import Recorded, record
from tests.unit.pod_security import violations

ROUTER = {
    "ai": {"gateway": "sidecar", "routerImage": "ghcr.io/example/ai-router:1.0.0"},
    "integrations": {"add": ["anthropic", "openai"]},
}
ESC = {
    "secrets": {"source": "esc"},
    "esc": {
        "organization": "scoobyjava-org",
        "project": "n8n-platform",
        "environment": "sophia-ai-staging",
    },
}
RECEIVERS = {
    "slack": {"channel": "#alerts", "executiveChannel": "#executives"},
    "pagerDuty": {},
    "email": {
        "to": "team@example.com",
        "sender": "alerts@example.com",
        "user": "alerts",
        "smarthost": "smtp.example.com:587",
    },
    "heartbeat": {},
}
PROMETHEUS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
}


def stack_with(
    *, monitoring: Mapping[str, Any] | None = None, **areas: Mapping[str, Any]
) -> settings.Settings:
    return settings.parse({"monitoring": {"stack": "install", **(monitoring or {})}, **areas})


def watched(**areas: Any) -> Recorded:
    stack = stack_with(**areas)
    return record(lambda: PlatformMonitoring("monitoring", settings=stack))


def installed(**areas: Any) -> Recorded:
    stack = stack_with(**areas)
    return record(lambda: KubePrometheusStack("stack", settings=stack))


def postgres(**monitoring: Any) -> Recorded:
    stack = settings.parse({"monitoring": monitoring})
    return record(
        lambda: Postgres(
            "postgres", settings=stack, secrets=PlatformSecrets("secrets", settings=stack)
        )
    )


def jobs(resources: Recorded) -> dict[str, tuple[str, str]]:
    """The name of each job, with the component and the port that it scrapes."""
    found = {}
    for monitor in resources.of("PodMonitor"):
        spec = monitor.inputs["spec"]
        [endpoint] = spec["podMetricsEndpoints"]
        [job] = [each for each in endpoint["relabelings"] if each["targetLabel"] == "job"]
        chosen = spec["selector"]["matchLabels"]
        known = ("component", "name")
        component = next(
            (chosen[label] for each in known if (label := f"app.kubernetes.io/{each}") in chosen),
            chosen.get("gateway.envoyproxy.io/owning-gateway-name"),
        )
        found[job["replacement"]] = (component, endpoint["port"])
    return found


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
    # Whoever deploys is told which keys nobody has dated.
    (line,) = said
    assert f"no day of {len(found) - 1} keys of n8n-platform/sophia-ai-staging" in line
    assert "REDIS_PASSWORD" in line
    assert "OPENAI_API_KEY" not in line


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


def rules_of(resources: Recorded) -> list[Mapping[str, Any]]:
    return list(resources.one("PrometheusRule")["spec"]["groups"])


def test_dashboards_are_where_grafanas_sidecar_looks_for_them() -> None:
    chosen = installed(monitoring={"namespace": "observability"}).one("Chart")["values"]
    sidecar = chosen["grafana"]["sidecar"]["dashboards"]
    resources = watched(monitoring={"namespace": "observability"})
    found = [each for each in resources.of("ConfigMap") if each.name.startswith("dashboard-")]
    assert found
    for each in found:
        metadata = each.inputs["metadata"]
        assert metadata["namespace"] == "observability"
        assert metadata["labels"][sidecar["label"]] == sidecar["labelValue"]
        [text] = each.inputs["data"].values()
        assert json.loads(text)["panels"]


def test_grafanas_password_is_generated_only_where_all_secrets_are() -> None:
    assert installed().of("Secret") == []
    secret = installed(secrets={"source": "generated"}).one("Secret", "grafana-admin")
    assert secret["metadata"]["namespace"] == "monitoring"
    assert set(secret["data"]) == {"user", "password"}


def test_grafanas_password_comes_from_esc_through_a_store_of_its_own_namespace() -> None:
    resources = installed(**ESC, monitoring={"namespace": "observability"})
    assert resources.of("Secret") == []
    spec = resources.one("ExternalSecret", "grafana-admin")["spec"]
    assert [each["remoteRef"]["key"] for each in spec["data"]] == ["GRAFANA_ADMIN_PASSWORD"]
    chosen = chart(resources)["values"]["grafana"]["admin"]
    assert spec["target"]["name"] == chosen["existingSecret"]
    assert set(spec["target"]["template"]["data"]) == {chosen["userKey"], chosen["passwordKey"]}
    for kind in ("ExternalSecret", "SecretStore", "ServiceAccount"):
        [found] = resources.of(kind)
        assert found.inputs["metadata"]["namespace"] == "observability"


def test_who_copies_grafanas_password_reads_secrets_of_that_namespace_alone() -> None:
    """The platform's own operator looks after the platform's namespace only."""
    chosen = chart(installed(**ESC), "external-secrets")
    assert chosen["namespace"] == chosen["values"]["scopedNamespace"] == "monitoring"
    assert chosen["values"]["scopedRBAC"] is True
    bound = installed(**ESC).one("RoleBinding", "pulumi-esc")
    assert bound["metadata"]["namespace"] == "monitoring"
    [subject] = bound["subjects"]
    # The chart names the service account after its release.
    release = "external-secrets-monitoring"
    assert (subject["name"], subject["namespace"]) == (release, "monitoring")
    assert release in [each.name for each in installed(**ESC).of("Chart")]
    # Definitions and the webhook are the operator's, of which a cluster has one.
    assert chosen["values"]["installCRDs"] is False
    parts = ("webhook", "certController")
    assert [chosen["values"][part]["create"] for part in parts] == [False, False]


def test_an_operator_that_the_cluster_has_copies_grafanas_password_too() -> None:
    esc = {**ESC["esc"], "operator": "installed"}
    charts = installed(**{**ESC, "esc": esc}).of("Chart")
    assert [each.inputs["chart"] for each in charts] == ["kube-prometheus-stack"]


def chart(resources: Recorded, name: str = "kube-prometheus-stack") -> Mapping[str, Any]:
    [found] = [each for each in resources.of("Chart") if each.inputs["chart"] == name]
    return found.inputs


def test_external_secrets_is_scraped_once() -> None:
    stack = stack_with(**ESC)
    operator = record(lambda: ExternalSecretsOperator("operator", settings=stack))
    for resources in (operator, installed(**ESC)):
        values_given = chart(resources, "external-secrets")["values"]
        assert values_given["serviceMonitor"] == {"enabled": False}


def test_the_volumes_are_bounded_and_the_metrics_end_before_they_do() -> None:
    spec = values(stack_with(platform={"storageClass": "gp3"}))["prometheus"]["prometheusSpec"]
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim["storageClassName"] == "gp3"
    kept = parse_quantity(spec["retentionSize"].removesuffix("B"))
    assert kept < parse_quantity(claim["resources"]["requests"]["storage"])
    assert spec["retention"] == "35d"


@pytest.mark.parametrize(
    ("areas", "key"),
    [
        ({"monitoring": {"retentionSize": "41Gi"}}, "monitoring.retentionSize"),
        ({"monitoring": {"stack": "installed", "namespace": "n8n"}}, "monitoring.namespace"),
        ({"monitoring": {"retentionDays": 30}}, "monitoring.retentionDays"),
        ({"monitoring": {"runbookUrl": "http://example.com/"}}, "monitoring.runbookUrl"),
        ({"monitoring": {"slack": {"channel": "alerts"}}}, "monitoring.slack.channel"),
    ],
)
def test_settings_that_cannot_work_are_refused(areas: dict[str, Any], key: str) -> None:
    with pytest.raises(settings.SettingsError) as refused:
        settings.parse(areas)
    assert [problem.key for problem in refused.value.problems] == [key]


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
