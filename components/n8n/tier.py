"""What main, webhook and worker have in common as Kubernetes resources."""

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, network
from components.base import Component, labels, selector
from components.monitoring import access
from components.n8n.environment import PORT, Environment
from components.n8n.pod import STARTUP_SECONDS, Process, n8n_pod
from settings import Settings
from settings.types import image_version

ROLLING = kubernetes.apps.v1.DeploymentStrategyArgs(
    type="RollingUpdate",
    rolling_update=kubernetes.apps.v1.RollingUpdateDeploymentArgs(
        max_unavailable=0, max_surge="25%"
    ),
)
"""New pods first: an update never takes capacity away."""


class Tier(Component):
    """One tier of n8n: a Deployment named `n8n-<tier>` and what belongs to it.

    A subclass names its `tier` and calls the `_create_…` methods that it needs.

    Attributes:
        full_name: name of every Kubernetes resource of the tier, for example `n8n-worker`.
        pod_labels: labels that choose its pods and no others.
    """

    area = "n8n"
    tier: ClassVar[str]

    full_name: str
    pod_labels: dict[str, str]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self.full_name = f"n8n-{self.tier}"
        self.pod_labels = dict(selector(self.tier))

    def _labels(self) -> dict[str, str]:
        version = ".".join(map(str, image_version(self._settings.n8n.image)))
        return labels(self.tier, version=version)

    def _metadata(
        self, annotations: Mapping[str, pulumi.Input[str]] | None = None
    ) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=self.full_name,
            namespace=self._settings.platform.namespace,
            labels={**self._labels(), **governance.owner(self._settings.governance)},
            annotations=annotations,
        )

    def _chosen(self) -> kubernetes.meta.v1.LabelSelectorArgs:
        return kubernetes.meta.v1.LabelSelectorArgs(match_labels=self.pod_labels)

    def _create_service_account(self) -> kubernetes.core.v1.ServiceAccount:
        return kubernetes.core.v1.ServiceAccount(
            self.full_name,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _create_deployment(
        self,
        process: Process,
        *,
        strategy: kubernetes.apps.v1.DeploymentStrategyArgs,
        replicas: int | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> kubernetes.apps.v1.Deployment:
        """The Deployment, and the identity of its pods; without any pod while the platform waits.

        Args:
            process: what the tier runs.
            strategy: how old pods are replaced by new ones.
            replicas: number of pods; None where an autoscaler decides. The field is then left out,
                so that with server-side apply the autoscaler alone owns it and an update never
                resets it. A new Deployment begins with one pod; within seconds the autoscaler
                raises that to its minimum, for which it needs no measurement.
            annotations: what the Deployment says of itself.
        """
        pod = n8n_pod(
            process,
            self._environment,
            service_account=self._create_service_account(),
            pod_labels=self.pod_labels,
        )
        # Pulumi and Kubernetes both give up after ten minutes, less than a migration may take.
        patience = STARTUP_SECONDS + process.settings.grace_period_seconds + 60
        return kubernetes.apps.v1.Deployment(
            self.full_name,
            metadata=self._metadata(
                {
                    "pulumi.com/timeoutSeconds": str(patience),
                    **self._reload(process),
                    **self._force(),
                    **(annotations or {}),
                }
            ),
            spec=kubernetes.apps.v1.DeploymentSpecArgs(
                replicas=replicas if self._settings.works else 0,
                strategy=strategy,
                progress_deadline_seconds=patience,
                selector=self._chosen(),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(
                        labels=self._labels(),
                        annotations={governance.REREADS: ",".join(process.rereads)}
                        if process.rereads
                        else None,
                    ),
                    spec=pod,
                ),
            ),
            opts=self.child_options(),
        )

    def _force(self) -> dict[str, str]:
        """Lets Pulumi take the number of pods back from an autoscaler, where the platform waits."""
        return {} if self._settings.works else {"pulumi.com/patchForce": "true"}

    def _reload(self, process: Process) -> dict[str, pulumi.Input[str]]:
        """Secrets whose change restarts the pods, where Stakater's Reloader is in the cluster.

        Not those of the stores: their passwords change in an order that `make rotate` keeps.
        """
        names = [each.name for each in process.secrets.values()]
        if process.credentials:
            names.append(self._settings.secrets.credentials_secret)
        if not names:
            return {}
        return {"secret.reloader.stakater.com/reload": pulumi.Output.all(*names).apply(",".join)}

    def _create_service(self) -> pulumi.Output[str]:
        """A Service inside the cluster; what it is called."""
        service = kubernetes.core.v1.Service(
            self.full_name,
            metadata=self._metadata(),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector=self.pod_labels,
                ports=[
                    kubernetes.core.v1.ServicePortArgs(name="http", port=PORT, target_port="http")
                ],
            ),
            opts=self.child_options(),
        )
        return service.metadata.name

    def _create_disruption_budget(self) -> None:
        """At most one pod at a time is evicted, whatever the number of pods is.

        One eviction is always allowed, so that a drain of a node never waits for ever, for the
        single main pod either: it is restarted elsewhere. Not a percentage: a quarter of twenty
        workers would be five that drain at once. Pods that don't work anyway don't count.
        """
        kubernetes.policy.v1.PodDisruptionBudget(
            self.full_name,
            metadata=self._metadata(),
            spec=kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=self._chosen(),
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self.child_options(),
        )

    def _create_network_policy(self, *, from_gateway: bool) -> None:
        """Who the pods may talk to.

        Args:
            from_gateway: let requests in from the gateway's pods; otherwise nobody connects but
                Prometheus, where the platform is watched.
        """
        gateway = network.namespace(self._settings.routing.gateway_namespace)
        database = self._environment.database
        kubernetes.networking.v1.NetworkPolicy(
            self.full_name,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=self._chosen(),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    *([network.ingress([gateway], PORT)] if from_gateway else []),
                    *access.scrapes(self._settings, *self._metrics_ports()),
                ],
                egress=[
                    self._egress_to_redis(),
                    network.egress_to_database(database.pod_labels, database.port),
                    *network.egress_to_the_internet(self._settings),
                ],
            ),
            opts=self.child_options(),
        )

    def _metrics_ports(self) -> tuple[int, ...]:
        """Where the pods deliver metrics: n8n does at the port of everything else."""
        has_router = self.tier == "worker" and self._settings.ai.gateway != "none"
        return (PORT, access.AI_ROUTER_PORT) if has_router else (PORT,)

    def _egress_to_redis(self) -> kubernetes.networking.v1.NetworkPolicyEgressRuleArgs:
        redis = self._environment.redis
        return network.egress([network.pods(redis.pod_labels)], redis.port)
