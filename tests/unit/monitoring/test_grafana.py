"""Grafana's dashboards and its administrator, and what else the chart is told of a stack."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

import settings
from components.monitoring.values import values
from components.secrets.operator import ExternalSecretsOperator
from tests.unit.mocks import Recorded, record
from tests.unit.monitoring.watched import ESC, installed, stack_with, watched


def chart(resources: Recorded, name: str = "kube-prometheus-stack") -> Mapping[str, Any]:
    [found] = [each for each in resources.of("Chart") if each.inputs["chart"] == name]
    return found.inputs


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
