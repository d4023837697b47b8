"""The External Secrets operator, from its own chart."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import versions
from components import network
from components.base import Component, labels
from components.namespace import IsolatedNamespace
from settings import Settings
from settings.platform import Quota

NAMESPACE = "external-secrets"
"""Namespace of the operator's own pods."""

_REPOSITORY = "https://charts.external-secrets.io"
_REPLICAS = 2
_WEBHOOK_PORT = 10250
"""Where the chart's webhook listens for the API server."""

_API_SERVER_PORTS = (443, 6443)
"""The API server behind its Service, and ESC; and where managed and own clusters serve it."""

_QUOTA = Quota(
    # Two pods of three programs, and as many again while they are replaced.
    pods=12,
    cpu_requests="400m",
    memory_requests="1280Mi",
    cpu_limits="4",
    memory_limits="1280Mi",
)


class ExternalSecretsOperator(Component):
    """The operator with its custom resource definitions, in a namespace of its own.

    Two pods of each of its programs in different zones, of which one leads. It reads and writes
    Secrets of the platform's namespace only.
    """

    area = "secrets"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        namespace = IsolatedNamespace(
            "namespace",
            namespace=NAMESPACE,
            quota=_QUOTA,
            settings=settings,
            opts=self.child_options(),
        )
        self._create_network_policy(namespace)
        _create_chart(
            NAMESPACE,
            NAMESPACE,
            values(settings.platform.namespace),
            self.child_options(depends_on=[namespace]),
        )
        self.register_outputs({})

    def _create_network_policy(self, namespace: IsolatedNamespace) -> None:
        """What an operator needs: the API server and ESC, and the API server at its webhook."""
        kubernetes.networking.v1.NetworkPolicy(
            NAMESPACE,
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=NAMESPACE,
                namespace=NAMESPACE,
                labels=labels("operator", instance="external-secrets"),
            ),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    kubernetes.networking.v1.NetworkPolicyIngressRuleArgs(
                        ports=network.tcp(_WEBHOOK_PORT)
                    )
                ],
                # Where the API server is, no policy can say: it is no pod, and its address is the
                # cluster's own.
                egress=[network.egress([network.anywhere_but_metadata()], *_API_SERVER_PORTS)],
            ),
            opts=self.child_options(depends_on=[namespace]),
        )


class NamespaceController(Component):
    """The operator's controller once more, for the ExternalSecrets of another namespace.

    One controller looks after a single namespace, or after the whole cluster, whose every Secret it
    may then read. Custom resource definitions and their webhook are those of the operator.
    """

    area = "secrets"

    def __init__(
        self, name: str, *, namespace: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        release = _controller_of(namespace)
        _create_chart(release, namespace, controller_values(namespace), self.child_options())
        self.register_outputs({})


def controller_account(settings: Settings, namespace: str) -> tuple[str, str]:
    """Name and namespace of the service account of what copies secrets into a namespace."""
    if namespace == settings.platform.namespace:
        return NAMESPACE, NAMESPACE
    return _controller_of(namespace), namespace


def _controller_of(namespace: str) -> str:
    """The release of a further controller, after which the chart names its service account."""
    return f"{NAMESPACE}-{namespace}"


def _create_chart(
    release: str, namespace: str, chart_values: dict[str, Any], opts: pulumi.ResourceOptions
) -> None:
    kubernetes.helm.v4.Chart(
        release,
        chart="external-secrets",
        version=versions.EXTERNAL_SECRETS_CHART,
        namespace=namespace,
        repository_opts=kubernetes.helm.v4.RepositoryOptsArgs(repo=_REPOSITORY),
        values=chart_values,
        opts=opts,
    )


def values(namespace: str) -> dict[str, Any]:
    """The chart's values for the operator, as far as they differ from its own.

    Args:
        namespace: the one whose ExternalSecrets the operator looks after.
    """
    return {
        **_controller(namespace),
        "webhook": {
            **_available("external-secrets-webhook"),
            "resources": _resources(cpu="25m", memory="64Mi"),
        },
        "certController": {
            **_available("external-secrets-cert-controller"),
            "resources": _resources(cpu="25m", memory="128Mi"),
        },
    }


def controller_values(namespace: str) -> dict[str, Any]:
    """The same for one more controller, of another namespace, beside the operator."""
    return {
        **_controller(namespace),
        "installCRDs": False,
        "webhook": {"create": False},
        "certController": {"create": False},
    }


def _controller(namespace: str) -> dict[str, Any]:
    return {
        **_available("external-secrets"),
        "leaderElect": True,
        # Roles in one namespace instead of a cluster-wide right to read every Secret.
        "scopedNamespace": namespace,
        "scopedRBAC": True,
        "processClusterStore": False,
        "processClusterExternalSecret": False,
        "processClusterPushSecret": False,
        "processClusterGenerator": False,
        # A push to Pulumi ESC would replace its definitions by resolved plain text.
        "processPushSecret": False,
        # The right to read Secrets through stores belongs to nobody who may just view.
        "rbac": {
            "aggregateToView": False,
            "aggregateToEdit": False,
            # Nor the right to act as any service account of the namespace: as the one of stores
            # alone, which components/secrets/external.py gives. Known to the chart since 2.5.0.
            "serviceAccountTokenCreate": False,
        },
        # Prometheus has a PodMonitor of the platform for it: with both, all of it counts twice.
        "serviceMonitor": {"enabled": False},
        "resources": _resources(cpu="50m", memory="128Mi"),
    }


def _available(program: str) -> dict[str, Any]:
    """Two pods of a program, in different zones, of which one may be evicted at a time."""
    return {
        "replicaCount": _REPLICAS,
        "podDisruptionBudget": {"enabled": True, "minAvailable": _REPLICAS - 1},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": program}},
            }
        ],
    }


def _resources(*, cpu: str, memory: str) -> dict[str, Any]:
    # The quota of its namespace asks for every one of these.
    return {
        "requests": {"cpu": cpu, "memory": memory},
        "limits": {"cpu": "250m", "memory": memory},
    }
