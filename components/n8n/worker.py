"""Workers: they take executions from the queue and run them."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from components import governance, network
from components.base import digest
from components.n8n import ai_gateway, autoscaling
from components.n8n.environment import PORT, Environment
from components.n8n.pod import CONTAINER, Process, Sidecar
from components.n8n.runner import task_runner
from components.n8n.tier import ROLLING, Tier
from settings import Settings

_CALM_SECONDS = 600
"""Twice Kubernetes' default: a worker that is taken away first finishes what it runs, which may
take its whole drain, and one that is started again needs half a minute."""

_KEDA = "keda.sh/v1alpha1"
_KEDA_NAMESPACE = "keda"
"""Where KEDA's own instructions install it."""


class Worker(Tier):
    """The worker pods, with their task runners and, where settings say so, an AI gateway.

    Nothing connects to them, so they have no Service: they fetch their work from Redis.
    """

    tier = "worker"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, settings=settings, environment=environment, opts=opts)
        token = environment.secrets.runners_token
        self._create_deployment(
            Process(
                arguments=["worker", f"--concurrency={settings.worker.concurrency}"],
                settings=settings.worker,
                variables={
                    "QUEUE_HEALTH_CHECK_ACTIVE": "true",
                    "QUEUE_HEALTH_CHECK_PORT": str(PORT),
                    **ai_gateway.variables(settings),
                },
                # n8n's broker lets in only a runner that knows the token.
                secrets={"N8N_RUNNERS_AUTH_TOKEN": token},
                credentials=environment.credentials,
                rereads=ai_gateway.rereads(settings),
                sidecars=[*self._create_ai_gateway(), task_runner(settings, token)],
            ),
            strategy=ROLLING,
        )
        self._create_disruption_budget()
        self._create_network_policy(from_gateway=False)
        if settings.works:
            self._create_autoscaler()
        self.register_outputs({})

    def _create_ai_gateway(self) -> list[Sidecar]:
        """The containers of the AI gateway, and what they are told; none if there is no gateway."""
        if self._settings.ai.gateway == "none":
            return []
        files = ai_gateway.files(self._settings.ai)
        configuration = kubernetes.core.v1.ConfigMap(
            "ai-gateway",
            # Named after its content: other routes roll the workers, and a rollback is one.
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=f"ai-gateway-{digest(files)}",
                namespace=self._settings.platform.namespace,
                labels={**self._labels(), **governance.owner(self._settings.governance)},
            ),
            data=files,
            immutable=True,
            opts=self.child_options(),
        )
        return ai_gateway.sidecars(self._settings, configuration.metadata.name)

    def _bounds(self) -> autoscaling.Bounds:
        worker = self._settings.worker
        return autoscaling.Bounds(
            deployment=self.full_name,
            minimum=worker.min_replicas,
            maximum=worker.max_replicas,
            calm_seconds=_CALM_SECONDS,
        )

    def _create_autoscaler(self) -> None:
        """One or the other: two of one Deployment would undo each other's work."""
        if self._settings.worker.autoscaling == "queue":
            self._create_queue_autoscaler()
        else:
            self._create_memory_autoscaler()

    def _create_memory_autoscaler(self) -> None:
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            self.full_name,
            # When the setting changes to `queue`, Pulumi creates the ScaledObject before it deletes
            # this; without the annotation KEDA refuses a Deployment that is scaled already.
            metadata=self._metadata({"validations.keda.sh/hpa-ownership": "false"}),
            spec=autoscaling.by_resource(
                self._bounds(),
                container=CONTAINER,
                resource="memory",
                target_percent=self._settings.worker.target_memory_percent,
            ),
            opts=self.child_options(),
        )

    def _create_queue_autoscaler(self) -> None:
        redis = self._environment.redis
        self._let_keda_reach_redis()
        authentication = CustomResource(
            "queue-authentication",
            api_version=_KEDA,
            kind="TriggerAuthentication",
            metadata=self._metadata(),
            spec=autoscaling.queue_authentication(redis),
            opts=self.child_options(),
        )
        CustomResource(
            "queue-autoscaler",
            api_version=_KEDA,
            kind="ScaledObject",
            metadata=self._metadata(),
            spec=autoscaling.by_queue(
                self._bounds(),
                redis=redis,
                authentication=self.full_name,
                jobs_per_pod=self._settings.worker.target_jobs_per_worker,
            ),
            opts=self.child_options(depends_on=[authentication]),
        )

    def _let_keda_reach_redis(self) -> None:
        redis = self._environment.redis
        kubernetes.networking.v1.NetworkPolicy(
            "queue-autoscaler-network",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=f"{self.full_name}-autoscaler",
                namespace=self._settings.platform.namespace,
                labels=self._labels(),
            ),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=redis.pod_labels),
                policy_types=["Ingress"],
                ingress=[network.ingress([network.namespace(_KEDA_NAMESPACE)], redis.port)],
            ),
            opts=self.child_options(),
        )
