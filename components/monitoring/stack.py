"""Prometheus, Alertmanager and Grafana, from the chart kube-prometheus-stack."""

import base64
from collections.abc import Iterator

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

import versions
from components import network
from components.base import Component, labels
from components.monitoring import access
from components.monitoring.values import GRAFANA_ROLE, QUOTA, RELEASE, values
from components.n8n.environment import PORT as N8N_PORT
from components.namespace import IsolatedNamespace
from components.secrets.external import ExternalSecrets
from components.secrets.operator import NAMESPACE as EXTERNAL_SECRETS
from components.secrets.operator import NamespaceController
from settings import Settings
from settings.secret_keys import wanted_by_grafana

_REPOSITORY = "https://prometheus-community.github.io/helm-charts"

_API_SERVER_PORTS = (443, 6443)
"""The API server behind its Service, and the receivers of alerts; and where clusters serve it."""

_KUBELET_PORT = 10250
_SUBMISSION_PORT = 587
_DNS_METRICS_PORT = 9153

_PASSWORD_LENGTH = 40


def _nodes() -> list[kubernetes.networking.v1.NetworkPolicyPeerArgs]:
    """Addresses that machines of a cluster have among themselves: they are no pods, and have no
    labels that a policy could name."""
    networks = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
    return [
        kubernetes.networking.v1.NetworkPolicyPeerArgs(
            ip_block=kubernetes.networking.v1.IPBlockArgs(cidr=each)
        )
        for each in networks
    ]


class KubePrometheusStack(Component):
    """The operator, its custom resource definitions and all that it runs, in a namespace.

    Two pods of Prometheus and of Alertmanager in different zones, with volumes; a Grafana that
    keeps nothing. There is no node exporter: the namespace's Pod Security level is `restricted`.
    """

    area = "monitoring"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._namespace = IsolatedNamespace(
            "namespace",
            namespace=settings.monitoring.namespace,
            quota=QUOTA,
            settings=settings,
            opts=self.child_options(),
        )
        self._create_network_policies()
        self._create_grafana_role()
        administrator = self._create_administrator()
        self._create_chart(administrator)
        self.register_outputs({})

    def _create_network_policies(self) -> None:
        """Among themselves; to the API server and receivers; and Prometheus to what it scrapes."""
        everyone = kubernetes.meta.v1.LabelSelectorArgs()
        neighbours = kubernetes.networking.v1.NetworkPolicyPeerArgs(pod_selector=everyone)
        # Prometheus, Alertmanager and its peers, Grafana; operator, reloaders, kube-state-metrics.
        ports = [*network.tcp(9090, 9093, 9094, 3000, 8080)]
        gossip = kubernetes.networking.v1.NetworkPolicyPortArgs(protocol="UDP", port=9094)
        ports.append(gossip)
        self._create_network_policy(
            "stack",
            everyone,
            ingress=[
                kubernetes.networking.v1.NetworkPolicyIngressRuleArgs(
                    from_=[neighbours], ports=ports
                )
            ],
            egress=[
                kubernetes.networking.v1.NetworkPolicyEgressRuleArgs(to=[neighbours], ports=ports),
                # Where the API server is, no policy can say: it is no pod, and its address is the
                # cluster's own.
                network.egress([network.anywhere_but_metadata()], *_API_SERVER_PORTS),
            ],
        )
        self._create_network_policy(
            "prometheus",
            kubernetes.meta.v1.LabelSelectorArgs(match_labels=access.PROMETHEUS),
            egress=[
                network.egress(
                    [network.namespace(self._settings.platform.namespace)],
                    *(N8N_PORT, access.AI_ROUTER_PORT, access.BLACKBOX_PORT),
                    *(access.POSTGRES_PORT, access.REDIS_PORT),
                ),
                network.egress([network.namespace(EXTERNAL_SECRETS)], access.EXTERNAL_SECRETS_PORT),
                network.egress([network.namespace("kube-system")], _DNS_METRICS_PORT),
                network.egress(_nodes(), _KUBELET_PORT),
                *self._to_gateway(),
            ],
        )
        if self._settings.monitoring.email:
            self._create_network_policy(
                "alertmanager",
                kubernetes.meta.v1.LabelSelectorArgs(
                    match_labels={"app.kubernetes.io/name": "alertmanager"}
                ),
                egress=[network.egress([network.anywhere_but_metadata()], _SUBMISSION_PORT)],
            )

    def _to_gateway(self) -> Iterator[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs]:
        routing = self._settings.routing
        if routing.by_envoy_gateway:
            yield network.egress(
                [network.namespace(routing.gateway_namespace)], access.GATEWAY_PORT
            )

    def _create_network_policy(
        self,
        name: str,
        pods: kubernetes.meta.v1.LabelSelectorArgs,
        *,
        egress: list[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs],
        ingress: list[kubernetes.networking.v1.NetworkPolicyIngressRuleArgs] | None = None,
    ) -> None:
        kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata=self._metadata(name),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=pods,
                policy_types=["Egress"] if ingress is None else ["Ingress", "Egress"],
                ingress=ingress,
                egress=egress,
            ),
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _metadata(self, name: str) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.monitoring.namespace,
            labels=labels("stack", instance="monitoring"),
        )

    def _create_grafana_role(self) -> None:
        """What Grafana's sidecars read: dashboards and the data source. The chart binds it."""
        kubernetes.rbac.v1.Role(
            GRAFANA_ROLE,
            metadata=self._metadata(GRAFANA_ROLE),
            rules=[
                kubernetes.rbac.v1.PolicyRuleArgs(
                    api_groups=[""], resources=["configmaps"], verbs=["get", "list", "watch"]
                )
            ],
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _create_administrator(self) -> pulumi.Resource:
        """The Secret of Grafana's administrator, or what says that it is there."""
        match self._settings.secrets.source:
            case "generated":
                return self._generate_administrator()
            case "esc":
                return self._copy_administrator()
            case "existing":
                return self._namespace

    def _generate_administrator(self) -> pulumi.Resource:
        password = random.RandomPassword(
            "grafana-password", length=_PASSWORD_LENGTH, special=False, opts=self.child_options()
        )

        def encoded(value: str) -> str:
            return base64.b64encode(value.encode()).decode()

        return kubernetes.core.v1.Secret(
            "grafana-administrator",
            metadata=self._metadata(self._settings.monitoring.grafana_secret),
            type="Opaque",
            data={
                "user": encoded("admin"),
                "password": pulumi.Output.secret(password.result.apply(encoded)),
            },
            opts=self.child_options(depends_on=[self._namespace]),
        )

    def _copy_administrator(self) -> pulumi.Resource:
        """From Pulumi ESC, through a store that is this namespace's own."""
        controller: list[pulumi.Resource] = []
        # The operator that the platform installs looks after the platform's namespace alone.
        if self._settings.esc.operator == "install":
            controller = [
                NamespaceController(
                    "external-secrets",
                    namespace=self._settings.monitoring.namespace,
                    opts=self.child_options(depends_on=[self._namespace]),
                )
            ]
        return ExternalSecrets(
            "external",
            namespace=self._settings.monitoring.namespace,
            secrets=wanted_by_grafana(self._settings),
            settings=self._settings,
            opts=self.child_options(depends_on=[self._namespace, *controller]),
        )

    def _create_chart(self, administrator: pulumi.Resource) -> None:
        kubernetes.helm.v4.Chart(
            RELEASE,
            chart=RELEASE,
            version=versions.KUBE_PROMETHEUS_STACK_CHART,
            namespace=self._settings.monitoring.namespace,
            repository_opts=kubernetes.helm.v4.RepositoryOptsArgs(repo=_REPOSITORY),
            values=values(self._settings),
            opts=self.child_options(depends_on=[self._namespace, administrator]),
        )
