"""The sound program's part in Kubernetes: every condition on it has something that passes."""

import json
from typing import Any

from tests.engine.policy_programs.running import Program
from tests.engine.policy_programs.workloads import DATA, WORKLOADS, kubernetes_object

_ENFORCE = "pod-security.kubernetes.io/enforce"
_RBAC, _NETWORKING = "rbac.authorization.k8s.io/v1", "networking.k8s.io/v1"
_EXTERNAL_SECRETS = "external-secrets.io/v1"
_MONITORING, _GATEWAY = "monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1"


def _in_apps(api: str, kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return kubernetes_object(api, kind, name, {"namespace": "apps"}, **properties)


LOKI = """\
schema_config: {configs: []}
limits_config: {retention_period: 2160h}
compactor: {retention_enabled: true}
"""
"""A configuration of Loki that deletes in time."""


def _alert(name: str, expression: str, **labels: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "labels": {"severity": "page", **labels},
        "annotations": {"runbook_url": "https://runbooks.example.com"},
    }


_ALERTS = [
    _alert("AppDown", "up == 0"),
    _alert("JobFailed", "kube_job_failed > 0"),
    _alert("CredentialsRead", "reads > 0", gdpr="breach"),
    _alert("KeyRotationDue", "age > 90"),
]


def routing(host: str) -> str:
    """Routes of an AI gateway to a host."""
    target = {"provider": "openai", "custom_host": f"https://{host}/v1"}
    return json.dumps({"strategy": {"mode": "fallback"}, "targets": [target]})


_STORE = {"provider": {"aws": {"service": "SecretsManager", "region": "eu-central-1"}}}

KUBERNETES: Program = {
    **WORKLOADS,
    "apps": kubernetes_object(
        "core/v1",
        "Namespace",
        "apps",
        {
            "labels": {
                _ENFORCE: "restricted",
                "app.kubernetes.io/managed-by": "pulumi",
                "owner": "shop",
            },
            # No personal data is sent to it.
            "annotations": {"change": "4711", "n8n-platform/integrations": "docker-hub"},
        },
    ),
    "apps-quota": _in_apps("core/v1", "ResourceQuota", "quota", spec={"hard": {"pods": "10"}}),
    "apps-policy": _in_apps(
        _NETWORKING,
        "NetworkPolicy",
        "deny",
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    ),
    "files": kubernetes_object(
        "core/v1",
        "PersistentVolumeClaim",
        "files",
        {"labels": DATA},
        spec={
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    )
    | {"protect": True},
    "settings": kubernetes_object(
        "core/v1",
        "ConfigMap",
        "settings",
        {"annotations": {"example.com/docs": "https://example.com"}},
        data={"GREETING": "hello"},
    ),
    "credentials": kubernetes_object(
        "core/v1", "Secret", "credentials", stringData={"password": ""}
    ),
    "redis": kubernetes_object(
        "core/v1", "ConfigMap", "redis", data={"redis.conf": "port 0\ntls-port 6379\n"}
    ),
    "postgres": kubernetes_object(
        "core/v1", "ConfigMap", "postgres", data={"postgresql.conf": "ssl = on\n"}
    ),
    "loki": kubernetes_object("core/v1", "ConfigMap", "loki", data={"loki.yaml": LOKI}),
    "routes": kubernetes_object(
        "core/v1", "ConfigMap", "routes", data={"routes.json": routing("api.example.com")}
    ),
    "reader": kubernetes_object(
        _RBAC,
        "Role",
        "reader",
        rules=[
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
            {
                "apiGroups": [""],
                "resources": ["secrets"],
                "verbs": ["get"],
                "resourceNames": ["app"],
            },
            {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        ],
    ),
    "readers": kubernetes_object(
        _RBAC,
        "RoleBinding",
        "readers",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        subjects=[
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "example:readers"}
        ],
    ),
    "administrators": kubernetes_object(
        _RBAC,
        "ClusterRoleBinding",
        "administrators",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    ),
    "gateway": kubernetes_object(
        _GATEWAY,
        "Gateway",
        "gateway",
        spec={
            "gatewayClassName": "envoy",
            "listeners": [
                {
                    "name": "https",
                    "port": 443,
                    "protocol": "HTTPS",
                    "tls": {"certificateRefs": [{"name": "certificate"}]},
                }
            ],
        },
    ),
    "edge": kubernetes_object(
        "gateway.envoyproxy.io/v1alpha1",
        "ClientTrafficPolicy",
        "edge",
        spec={
            "targetRefs": [
                {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gateway"}
            ],
            "tls": {"minVersion": "1.2"},
        },
    ),
    "ingress": kubernetes_object(
        _NETWORKING,
        "Ingress",
        "ingress",
        spec={
            "rules": [{"host": "shop.example.com"}],
            "tls": [{"hosts": ["shop.example.com"], "secretName": "certificate"}],
        },
    ),
    "alerts": kubernetes_object(
        _MONITORING,
        "PrometheusRule",
        "alerts",
        spec={"groups": [{"name": "app", "rules": _ALERTS}]},
    ),
    "receivers": kubernetes_object(
        f"{_MONITORING}alpha1",
        "AlertmanagerConfig",
        "receivers",
        spec={
            "route": {
                "receiver": "team",
                "routes": [
                    {
                        "receiver": "team",
                        "matchers": [{"name": "gdpr", "value": "breach", "matchType": "="}],
                    }
                ],
            },
            "receivers": [{"name": "team", "webhookConfigs": [{"url": "https://example.com"}]}],
        },
    ),
    "prometheus": kubernetes_object(
        _MONITORING,
        "Prometheus",
        "prometheus",
        spec={"retention": "30d", "retentionSize": "10GB"},
    ),
    "processors": kubernetes_object(
        "networking.istio.io/v1",
        "ServiceEntry",
        "processors",
        spec={"hosts": ["api.example.com"]},
    ),
    "secret-store": kubernetes_object(
        _EXTERNAL_SECRETS, "SecretStore", "secret-store", spec=_STORE
    ),
    "copied-secret": kubernetes_object(
        _EXTERNAL_SECRETS,
        "ExternalSecret",
        "copied-secret",
        spec={
            "secretStoreRef": {"name": "secret-store"},
            "target": {
                "creationPolicy": "Owner",
                "template": {"data": {"password": "{{ .password }}"}},
            },
            "dataFrom": [{"extract": {"key": "shop"}}],
        },
    ),
    "storage-class": kubernetes_object(
        "storage.k8s.io/v1",
        "StorageClass",
        "encrypted",
        provisioner="ebs.csi.aws.com",
        parameters={"encrypted": "true"},
    ),
}
"""By its name each resource. The namespace `apps` is not there yet."""

CLUSTER_STORE = kubernetes_object(
    _EXTERNAL_SECRETS, "ClusterSecretStore", "cluster-store", spec=_STORE
)
PUSHED_SECRET = kubernetes_object(
    "external-secrets.io/v1alpha1",
    "PushSecret",
    "pushed-secret",
    spec={
        "secretStoreRefs": [{"name": "secret-store"}],
        "selector": {"secret": {"name": "credentials"}},
        "data": [{"match": {"remoteRef": {"remoteKey": "shop"}}}],
    },
)
"""What no cluster should have."""
