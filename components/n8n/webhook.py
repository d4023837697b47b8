"""Webhook pods: they take requests from outside, queue them and answer."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.n8n import autoscaling
from components.n8n.environment import PORT, Environment
from components.n8n.pod import CONTAINER, Process
from components.n8n.tier import ROLLING, Tier
from settings import Settings

_CALM_SECONDS = 300
"""Kubernetes' default: webhooks come in bursts, and a pod costs little."""


class Webhook(Tier):
    """The webhook pods, as many as their use of CPU asks for.

    Attributes:
        service_name: name of the Service that takes production webhooks and forms.
        port: port of that Service.
    """

    tier = "webhook"

    service_name: pulumi.Output[str]
    port: int

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, settings=settings, environment=environment, opts=opts)
        self._create_deployment(
            Process(
                arguments=["webhook"],
                settings=settings.webhook,
                variables={"N8N_METRICS_INCLUDE_WEBHOOK_METRICS": "true"},
            ),
            strategy=ROLLING,
        )
        self.service_name = self._create_service()
        self.port = PORT
        self._create_disruption_budget()
        self._create_network_policy(from_gateway=True)
        self._create_autoscaler()
        self.register_outputs({"serviceName": self.service_name})

    def _create_autoscaler(self) -> None:
        webhook = self._settings.webhook
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            self.full_name,
            metadata=self._metadata(),
            spec=autoscaling.by_resource(
                autoscaling.Bounds(
                    deployment=self.full_name,
                    minimum=webhook.min_replicas,
                    maximum=webhook.max_replicas,
                    calm_seconds=_CALM_SECONDS,
                ),
                container=CONTAINER,
                resource="cpu",
                target_percent=webhook.target_cpu_percent,
            ),
            opts=self.child_options(),
        )
