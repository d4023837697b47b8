"""What the chart kube-prometheus-stack is told, held against what is known of it unrendered."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.utils.quantity import parse_quantity

import settings
from components.monitoring.stack import KubePrometheusStack
from components.monitoring.values import QUOTA, values
from components.secrets.operator import controller_values
from tests.policies.judging import judgements
from tests.policies.judging import resource as judged
from tests.policies.platform import of_stack
from tests.unit.mocks import Recorded, record

INSTALL = {"monitoring": {"stack": "install"}}
KEYS = Path(__file__).with_name("kube_prometheus_stack.yaml")
"""Keys that the chart has; the file says whence."""

PROMETHEUS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
}


def chart(**areas: Any) -> dict[str, Any]:
    return values(settings.parse({**INSTALL, **areas}))


def installed(**areas: Any) -> Recorded:
    stack = settings.parse({**INSTALL, **areas})
    return record(lambda: KubePrometheusStack("stack", settings=stack))


def unknown(given: Mapping[str, Any], known: Mapping[str, Any], part: str = "") -> Iterator[str]:
    """The keys that the chart does not have, below a part of its values."""
    if known[part] == "any":
        return
    for key, value in given.items():
        path = f"{part}.{key}" if part else key
        if key not in known[part]:
            yield path
        elif isinstance(value, dict):
            yield from unknown(value, known, path)


def test_the_chart_knows_every_value_that_it_is_given() -> None:
    known = yaml.safe_load(KEYS.read_text())
    assert list(unknown(chart(), known)) == []
    assert list(unknown({"grafana": {"sidecar": {"dashboard": {}}}}, known)) == [
        "grafana.sidecar.dashboard"
    ]


def test_nothing_is_left_to_a_hook_which_pulumi_would_not_run() -> None:
    given = chart()
    hooks = (
        given["crds"]["upgradeJob"],
        given["prometheusOperator"]["admissionWebhooks"],
        given["prometheusOperator"]["admissionWebhooks"]["patch"],
        given["grafana"]["testFramework"],
    )
    assert [hook["enabled"] for hook in hooks] == [False] * 4
    # With TLS the operator waits for the certificate that those Jobs make.
    assert given["prometheusOperator"]["tls"]["enabled"] is False


def test_prometheus_selects_what_the_platform_declares_and_not_the_releases_alone() -> None:
    spec = chart()["prometheus"]["prometheusSpec"]
    selectors = {key: value for key, value in spec.items() if key.endswith("NilUsesHelmValues")}
    kinds = {"rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig"}
    assert selectors == {f"{kind}SelectorNilUsesHelmValues": False for kind in kinds}


def test_alertmanager_takes_the_platforms_receivers_for_alerts_of_every_namespace() -> None:
    spec = chart(platform={"namespace": "sophia-ai"})["alertmanager"]["alertmanagerSpec"]
    config = of_stack("staging", esc={"operator": "installed"})
    [receivers] = [each for each in config if each.kind == "AlertmanagerConfig"]
    assert receivers.at("metadata", "namespace").text == "sophia-ai"
    chosen = spec["alertmanagerConfigSelector"]["matchLabels"]
    assert chosen.items() <= receivers.at("metadata", "labels").value.items()
    assert spec["alertmanagerConfigNamespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "sophia-ai"
    }
    assert spec["alertmanagerConfigMatcherStrategy"] == {"type": "None"}


def test_a_configuration_of_alertmanager_that_tells_nobody_is_no_resource() -> None:
    """The chart's would be judged, and rightly so; the operator starts without one."""
    given = chart()["alertmanager"]
    assert given["alertmanagerSpec"]["useExistingSecret"] is True
    assert "config" not in given
    assert "configSecret" not in given["alertmanagerSpec"]


def test_the_prometheus_that_the_chart_makes_keeps_metrics_within_bounds() -> None:
    """Judged where the chart is rendered: a Prometheus with these properties of its values."""
    spec = chart()["prometheus"]["prometheusSpec"]
    kind = "kubernetes:monitoring.coreos.com/v1:Prometheus"
    results = {}
    for changed in ({}, {"retention": "3y"}, {"retentionSize": ""}):
        kept = {key: spec[key] for key in ("retention", "retentionSize")} | changed
        resource = judged(kind, {"spec": kept})
        [result] = [
            len(each.findings)
            for each in judgements([resource], resource)
            if each.condition.id == "metrics-are-deleted-in-time"
        ]
        results[tuple(changed)] = result
    assert results == {(): 0, ("retention",): 1, ("retentionSize",): 1}


def test_what_reads_secrets_of_the_cluster_does_not_come_with_the_chart() -> None:
    given = chart(monitoring={"stack": "install", "namespace": "observability"})
    collectors = given["kube-state-metrics"]["collectors"]
    assert not {"secrets", "configmaps"} & set(collectors)

    grafana = given["grafana"]
    role = installed(monitoring={"stack": "install", "namespace": "observability"}).one(
        "Role", grafana["rbac"]["useExistingRole"]
    )
    assert role["metadata"]["namespace"] == "observability"
    assert [rule["resources"] for rule in role["rules"]] == [["configmaps"]]
    # What the role refuses, a sidecar must not ask for.
    assert grafana["rbac"]["namespaced"] is True
    assert grafana["sidecar"]["dashboards"]["searchNamespace"] == "observability"
    for part in ("dashboards", "datasources"):
        assert grafana["sidecar"][part]["resource"] == "configmap"

    alertmanager = given["alertmanager"]
    for part in ("serviceAccount", "alertmanagerSpec"):
        assert alertmanager[part]["automountServiceAccountToken"] is False


def test_prometheus_may_go_where_the_platform_lets_it_in() -> None:
    resources = of_stack("staging", esc={"operator": "install"})
    policies = [each.properties.value for each in resources if each.kind == "NetworkPolicy"]
    let_in = {
        port["port"]
        for policy in policies
        for rule in policy["spec"].get("ingress") or ()
        if PROMETHEUS in rule.get("from", ())
        for port in rule["ports"]
    }
    assert len(let_in) >= 5
    allowed = {
        port["port"]
        for policy in policies
        if policy["metadata"]["namespace"] == "monitoring"
        and policy["metadata"]["name"] == "prometheus"
        for rule in policy["spec"]["egress"]
        for port in rule["ports"]
    }
    assert let_in <= allowed


def test_the_api_server_is_scraped_whose_audit_log_an_alert_watches() -> None:
    given = chart().get("kubeApiServer", {})
    assert given.get("enabled", True)
    # The chart's own rule drops buckets of histograms, which the alert does not read.
    assert "serviceMonitor" not in given


def test_only_the_stacks_own_pods_are_let_in() -> None:
    """Who looks comes through `kubectl port-forward`, which the kubelet opens."""
    policies = installed().of("NetworkPolicy")
    peers = [
        peer
        for policy in policies
        for rule in policy.inputs["spec"].get("ingress") or ()
        for peer in rule["from"]
    ]
    assert peers == [{"podSelector": {}}]


def _sized(given: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """How often each container runs at most, and its size."""
    operator = given["prometheusOperator"]
    spec, alertmanager = given["prometheus"]["prometheusSpec"], given["alertmanager"]
    pairs = spec["replicas"], alertmanager["alertmanagerSpec"]["replicas"]
    yield pairs[0], spec["resources"]
    yield pairs[1], alertmanager["alertmanagerSpec"]["resources"]
    yield sum(pairs), operator["prometheusConfigReloader"]["resources"]
    # Deployments, which start a pod before they end another; Grafana has two sidecars.
    yield 2, operator["resources"]
    yield 2, given["kube-state-metrics"]["resources"]
    yield 2, given["grafana"]["resources"]
    yield 2 * 2, given["grafana"]["sidecar"]["resources"]
    controller = controller_values("monitoring")
    yield controller["replicaCount"] + 1, controller["resources"]


@pytest.mark.parametrize("kind", ["requests", "limits"])
@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_the_chart_fits_its_namespaces_quota_while_everything_is_replaced(
    kind: str, resource: str
) -> None:
    need = sum(count * parse_quantity(size[kind][resource]) for count, size in _sized(chart()))
    assert need <= parse_quantity(getattr(QUOTA, f"{resource}_{kind}"))
