"""The values of the chart kube-prometheus-stack, and the quota that its pods need.

Every container's size stands here: the quota of an isolated namespace asks for one, and the default
of its LimitRange would be far too small for Prometheus.
"""

from typing import Any

from kubernetes.utils.quantity import parse_quantity

from components.base import PART_OF
from components.pods import ZONE
from settings import Settings
from settings.platform import Quota

RELEASE = "kube-prometheus-stack"
REPLICAS = 2
"""Pods of Prometheus and of Alertmanager, in different zones. Both Prometheuses scrape everything;
the Alertmanagers agree on who tells somebody."""

GRAFANA_ROLE = "grafana-dashboards"
"""Role of Grafana's service account, in its namespace."""

QUOTA = Quota(
    # Two Prometheus, two Alertmanager; operator, kube-state-metrics, Grafana and two controllers of
    # External Secrets, which are four more while they are replaced; two to look around with.
    pods=15,
    cpu_requests="3",
    memory_requests="10Gi",
    cpu_limits="14",
    memory_limits="12Gi",
)

_INTERVAL = "30s"
"""Between scrapes and between evaluations: a fault is seen after a minute at the latest, to which
an alert's own `for` comes."""

_WITHOUT_A_TARGET = ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")
"""Parts of a control plane that managed clusters show to nobody."""

_SILENT_RULES = (
    "etcd",
    "kubeControllerManager",
    "kubeProxy",
    "kubeSchedulerAlerting",
    "kubeSchedulerRecording",
    "network",
    "node",
    "nodeExporterAlerting",
    "nodeExporterRecording",
    "windows",
)
"""Groups of the chart's rules whose metrics nobody delivers here."""

_COUNTED = (
    "cronjobs",
    "daemonsets",
    "deployments",
    "horizontalpodautoscalers",
    "jobs",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "poddisruptionbudgets",
    "pods",
    "replicasets",
    "resourcequotas",
    "services",
    "statefulsets",
)
"""What kube-state-metrics reads: what rules and dashboards ask for, the chart's own included. By
default it also lists Secrets, and so may read every one of the cluster."""


_GRAFANA_INI = {
    # Nothing is told to, fetched from or published on somebody else's server.
    "analytics": {
        "reporting_enabled": False,
        "check_for_updates": False,
        "check_for_plugin_updates": False,
    },
    "news": {"news_feed_enabled": False},
    "plugins": {"plugin_admin_enabled": False, "preinstall_disabled": True},
    "public_dashboards": {"enabled": False},
    "snapshots": {"enabled": False},
    # Who looks has an account.
    "auth.anonymous": {"enabled": False},
    "users": {"allow_sign_up": False, "allow_org_create": False},
    "security": {
        # Browsers send such a cookie to localhost, where `kubectl port-forward` listens, without
        # https too; elsewhere only with it.
        "cookie_secure": True,
        "cookie_samesite": "strict",
        "content_security_policy": True,
        "disable_gravatar": True,
    },
}
"""Grafana's own configuration, as far as it differs from its defaults."""


def values(settings: Settings) -> dict[str, Any]:
    """The chart's values, as far as they differ from its own."""
    return {
        # One that is deleted by mistake would take every rule and monitor of the cluster with it;
        # the chart's Job that upgrades them is a hook, which Pulumi does not run.
        "crds": {"enabled": True, "upgradeJob": {"enabled": False}},
        "defaultRules": {"create": True, "rules": dict.fromkeys(_SILENT_RULES, False)},
        **{part: {"enabled": False} for part in _WITHOUT_A_TARGET},
        # It needs the nodes' own network, processes and files, which nothing here is given; what
        # containers and volumes use is known from the kubelet.
        "nodeExporter": {"enabled": False},
        "kube-state-metrics": {
            "collectors": list(_COUNTED),
            "resources": _resources(cpu="50m", memory="256Mi"),
            "securityContext": {"enabled": True, "runAsNonRoot": True},
        },
        "prometheusOperator": _operator(),
        "prometheus": _prometheus(settings),
        "alertmanager": _alertmanager(settings),
        "grafana": _grafana(settings),
    }


def _operator() -> dict[str, Any]:
    return {
        # The certificate of its admission webhook comes from two Jobs that are hooks. promtool
        # checks the platform's rules before they get here, and the operator ignores a rule file
        # that is wrong.
        "admissionWebhooks": {"enabled": False, "patch": {"enabled": False}},
        "tls": {"enabled": False},
        "resources": _resources(cpu="100m", memory="256Mi"),
        "prometheusConfigReloader": {"resources": _resources(cpu="10m", memory="64Mi")},
    }


def _prometheus(settings: Settings) -> dict[str, Any]:
    monitoring = settings.monitoring
    # `retentionSize` has units of its own.
    mebibytes = int(parse_quantity(monitoring.retention_size) / 2**20)
    return {
        "podDisruptionBudget": {"enabled": True, "minAvailable": REPLICAS - 1},
        # Each pod scrapes at moments of its own: a dashboard that asks both by turns jumps.
        "service": {"sessionAffinity": "ClientIP"},
        "prometheusSpec": {
            "replicas": REPLICAS,
            "scrapeInterval": _INTERVAL,
            "evaluationInterval": _INTERVAL,
            "retention": f"{monitoring.retention_days}d",
            "retentionSize": f"{mebibytes}MiB",
            # Whatever says that it is to be scraped or evaluated, not the chart's own alone.
            "ruleSelectorNilUsesHelmValues": False,
            "serviceMonitorSelectorNilUsesHelmValues": False,
            "podMonitorSelectorNilUsesHelmValues": False,
            "probeSelectorNilUsesHelmValues": False,
            "scrapeConfigSelectorNilUsesHelmValues": False,
            "podMetadata": {"labels": {"app.kubernetes.io/part-of": PART_OF}},
            "topologySpreadConstraints": _spread("prometheus"),
            "storageSpec": _volume(settings, monitoring.storage),
            "resources": _resources(cpu="500m", memory="3Gi", cpu_limit="2"),
        },
    }


def _alertmanager(settings: Settings) -> dict[str, Any]:
    return {
        "podDisruptionBudget": {"enabled": True, "minAvailable": REPLICAS - 1},
        # It asks nothing of the API server.
        "serviceAccount": {"automountServiceAccountToken": False},
        "alertmanagerSpec": {
            "replicas": REPLICAS,
            "automountServiceAccountToken": False,
            # There is none: without the chart's own Secret, the operator starts from a
            # configuration that tells nobody, below which comes the platform's AlertmanagerConfig.
            "useExistingSecret": True,
            "alertmanagerConfigSelector": {
                "matchLabels": {"app.kubernetes.io/part-of": PART_OF},
            },
            "alertmanagerConfigNamespaceSelector": {
                "matchLabels": {"kubernetes.io/metadata.name": settings.platform.namespace},
            },
            # Alerts on service levels, and on the cluster, have no namespace or another one.
            "alertmanagerConfigMatcherStrategy": {"type": "None"},
            "topologySpreadConstraints": _spread("alertmanager"),
            "storage": _volume(settings, settings.monitoring.alert_storage),
            "resources": _resources(cpu="50m", memory="128Mi"),
        },
    }


def _grafana(settings: Settings) -> dict[str, Any]:
    return {
        "admin": {
            "existingSecret": settings.monitoring.grafana_secret,
            "userKey": "user",
            "passwordKey": "password",
        },
        # Dashboards and data source come from ConfigMaps: nothing to keep, and so no init
        # container that runs as root to own it.
        "persistence": {"enabled": False},
        "initChownData": {"enabled": False},
        # A hook.
        "testFramework": {"enabled": False},
        # The chart's own role would let Grafana's token read every Secret of the namespace.
        "rbac": {"namespaced": True, "useExistingRole": GRAFANA_ROLE},
        "sidecar": {
            "dashboards": {
                "enabled": True,
                "label": "grafana_dashboard",
                "labelValue": "1",
                "resource": "configmap",
                # The chart's own is ALL, which the role refuses.
                "searchNamespace": settings.monitoring.namespace,
            },
            "datasources": {"enabled": True, "resource": "configmap"},
            "resources": _resources(cpu="10m", memory="128Mi"),
            "securityContext": {"readOnlyRootFilesystem": True},
        },
        "containerSecurityContext": {"readOnlyRootFilesystem": True},
        "extraEmptyDirMounts": [
            {"name": "temporary", "mountPath": "/tmp"},
            {"name": "logs", "mountPath": "/var/log/grafana"},
        ],
        "grafana.ini": _GRAFANA_INI,
        "resources": _resources(cpu="100m", memory="512Mi"),
    }


def _spread(program: str) -> list[dict[str, Any]]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": ZONE,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": program}},
        }
    ]


def _volume(settings: Settings, size: str) -> dict[str, Any]:
    storage_class = settings.platform.storage_class
    return {
        "volumeClaimTemplate": {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                **({"storageClassName": storage_class} if storage_class else {}),
                "resources": {"requests": {"storage": size}},
            }
        }
    }


def _resources(*, cpu: str, memory: str, cpu_limit: str = "500m") -> dict[str, Any]:
    return {
        "requests": {"cpu": cpu, "memory": memory},
        "limits": {"cpu": cpu_limit, "memory": memory},
    }
