"""The sound program's workloads in Kubernetes, and what belongs to each."""

from collections.abc import Mapping
from typing import Any

from tests.engine.policy_programs.running import Program

_REGION = "topology.kubernetes.io/region"
_ZONE = "topology.kubernetes.io/zone"

DATA = {
    "data-classification": "personal",
    "data-purpose": "orders",
    "data-lawful-basis": "contract",
    "data-retention-days": "90",
    "data-owner": "shop",
}


def kubernetes_object(
    api: str, kind: str, name: str, metadata: Mapping[str, Any] | None = None, **properties: Any
) -> dict[str, Any]:
    """An object of Kubernetes, with more metadata than its name where it is given."""
    return {
        "type": f"kubernetes:{api}:{kind}",
        "properties": {"metadata": {"name": name, **(metadata or {})}, **properties},
    }


def pinned(image: str) -> str:
    """An image with a digest."""
    return image + "@sha256:" + "0123456789abcdef" * 4


def container(name: str, image: str = "ghcr.io/example/app:1.2.3", **properties: Any) -> Any:
    """A container as all conditions want it."""
    return {
        "name": name,
        "image": pinned(image),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "32Mi"},
        },
        **properties,
    }


def environment(**variables: str) -> list[dict[str, str]]:
    """Environment variables with their values."""
    return [{"name": name, "value": value} for name, value in variables.items()]


def pods(name: str, *containers: Any, **spec: Any) -> Any:
    """A template of pods as all conditions want it."""
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "serviceAccountName": "app",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": _ZONE,
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": {"app": name}},
                }
            ],
            "containers": [*containers],
            **spec,
        },
    }


def described(name: str, **labels: str) -> dict[str, Any]:
    """Metadata that says what a workload is."""
    recommended = {"name": name, "version": "1.2.3", "managed-by": "pulumi"}
    return {
        "labels": {
            **{f"app.kubernetes.io/{key}": value for key, value in recommended.items()},
            "owner": "shop",
            **labels,
        }
    }


def _selector(name: str) -> Any:
    return {"matchLabels": {"app": name}}


def _policy(name: str, *, ingress: Any = (), egress: Any = ()) -> dict[str, Any]:
    return kubernetes_object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        name,
        spec={
            "podSelector": _selector(name),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [*ingress],
            "egress": [*egress],
        },
    )


def _budget(name: str) -> dict[str, Any]:
    spec = {"maxUnavailable": 1, "selector": _selector(name)}
    return kubernetes_object("policy/v1", "PodDisruptionBudget", name, spec=spec)


def _job(name: str) -> dict[str, Any]:
    template = pods("jobs", container("job"), restartPolicy="Never")
    return kubernetes_object(
        "batch/v1",
        "CronJob",
        name,
        described(name, **{"data-subject-rights": name}),
        spec={
            "schedule": "0 3 * * *",
            "suspend": False,
            "jobTemplate": {"spec": {"template": template}},
        },
    )


def _block(cidr: str) -> Any:
    return {"ipBlock": {"cidr": cidr}}


_N8N = environment(
    N8N_ENCRYPTION_KEY_FILE="/secrets/key",
    EXECUTIONS_MODE="queue",
    EXECUTIONS_DATA_PRUNE="true",
    EXECUTIONS_DATA_MAX_AGE="168",
    EXECUTIONS_DATA_PRUNE_MAX_COUNT="10000",
    EXECUTIONS_DATA_SAVE_ON_SUCCESS="none",
    N8N_WORKFLOW_HISTORY_PRUNE_TIME="168",
    N8N_DIAGNOSTICS_ENABLED="false",
    N8N_DYNAMIC_BANNERS_ENABLED="false",
    N8N_PERSONALIZATION_ENABLED="false",
    N8N_TEMPLATES_ENABLED="false",
    N8N_VERSION_NOTIFICATIONS_ENABLED="false",
    N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED="false",
    N8N_BLOCK_ENV_ACCESS_IN_NODE="true",
    N8N_COMMUNITY_PACKAGES_ENABLED="false",
    N8N_LOG_LEVEL="info",
    QUEUE_BULL_REDIS_TLS="true",
    DB_POSTGRESDB_SSL_ENABLED="true",
)

WORKLOADS: Program = {
    "app": kubernetes_object(
        "apps/v1",
        "Deployment",
        "app",
        described("app"),
        spec={
            "selector": _selector("app"),
            "template": pods(
                "app",
                container(
                    "app",
                    args=["serve"],
                    ports=[{"name": "http", "containerPort": 8080}],
                    livenessProbe={"httpGet": {"port": "http"}},
                    env=environment(
                        AWS_REGION="eu-central-1",
                        DATABASE_URL="postgres://store.default/app?sslmode=verify-full",
                        LOG_LEVEL="info",
                        OPENAI_BASE_URL="https://eu.api.openai.com/v1",
                    ),
                ),
                initContainers=[
                    container("prepare"),
                    container("warm-up"),
                    container(
                        "models",
                        "docker.io/portkeyai/gateway:1.15.2",
                        args=["--port=8788"],
                        restartPolicy="Always",
                    ),
                ],
                nodeSelector={_REGION: "eu-central-1"},
                volumes=[{"name": "scratch", "emptyDir": {}}],
            ),
        },
    ),
    "app-scaler": kubernetes_object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "app",
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
            "minReplicas": 2,
            "maxReplicas": 4,
        },
    ),
    "app-budget": _budget("app"),
    "app-policy": _policy("app", egress=[{"to": [_block("10.0.0.0/16"), _block("10.1.0.0/16")]}]),
    "app-service": kubernetes_object(
        "core/v1",
        "Service",
        "app",
        spec={
            "type": "ClusterIP",
            "selector": {"app": "app"},
            "ports": [{"port": 80, "targetPort": "http"}],
        },
    ),
    "app-account": kubernetes_object(
        "core/v1", "ServiceAccount", "app", automountServiceAccountToken=False
    ),
    "n8n": kubernetes_object(
        "apps/v1",
        "Deployment",
        "n8n",
        described("n8n"),
        spec={
            "replicas": 2,
            "selector": _selector("n8n"),
            "template": pods("n8n", container("n8n", "docker.io/n8nio/n8n:2.43.3", env=_N8N)),
        },
    ),
    "n8n-budget": _budget("n8n"),
    "n8n-policy": _policy("n8n"),
    "store": kubernetes_object(
        "apps/v1",
        "StatefulSet",
        "store",
        described("store", **DATA),
        spec={
            "replicas": 2,
            "serviceName": "store",
            "selector": _selector("store"),
            "template": pods(
                "store", container("store", ports=[{"name": "sql", "containerPort": 5432}])
            ),
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Gi"}},
                    },
                }
            ],
        },
    ),
    "store-budget": _budget("store"),
    "store-policy": _policy(
        "store",
        ingress=[{"from": [{"podSelector": _selector("jobs")}], "ports": [{"port": 5432}]}],
    ),
    "store-service": kubernetes_object(
        "core/v1",
        "Service",
        "store",
        spec={"type": "ClusterIP", "selector": {"app": "store"}, "ports": [{"port": 5432}]},
    ),
    "erasure": _job("erasure"),
    "export": _job("export"),
    "jobs-policy": _policy(
        "jobs",
        egress=[{"to": [{"podSelector": _selector("store")}], "ports": [{"port": 5432}]}],
    ),
}
"""By its name each resource; all in the namespace `default`, where the API server checks them."""
