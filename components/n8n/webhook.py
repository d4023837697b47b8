"""Webhook pods: they take requests from outside, queue them and answer."""

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from components.base import digest
from components.n8n import autoscaling
from components.n8n.environment import PORT, Environment
from components.n8n.pod import CONTAINER, Process
from components.n8n.tier import ROLLING, Tier
from settings import Settings

_CALM_SECONDS = 300
"""Kubernetes' default: webhooks come in bursts, and a pod costs little."""

_METRICS_HOOK = Path(__file__).with_name("webhook_metrics.cjs")
_HOOKS = "/etc/n8n/hooks"


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
                variables={
                    "N8N_METRICS_INCLUDE_WEBHOOK_METRICS": "true",
                    "EXTERNAL_HOOK_FILES": f"{_HOOKS}/{_METRICS_HOOK.name}",
                },
                files=[self._create_metrics_hook()],
            ),
            strategy=ROLLING,
        )
        self.service_name = self._create_service()
        self.port = PORT
        self._create_disruption_budget()
        self._create_network_policy(from_gateway=True)
        # It refuses to have none at all.
        if settings.works:
            self._create_autoscaler()
        self.register_outputs({"serviceName": self.service_name})

    def _create_metrics_hook(
        self,
    ) -> tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]:
        """The file that bounds what n8n counts of webhooks, as a volume."""
        files = {_METRICS_HOOK.name: _METRICS_HOOK.read_text()}
        metadata = self._metadata()
        # Named after its content: n8n reads it when it starts.
        metadata.name = f"{self.full_name}-hooks-{digest(files)}"
        hooks = kubernetes.core.v1.ConfigMap(
            "hooks", metadata=metadata, data=files, immutable=True, opts=self.child_options()
        )
        volume = kubernetes.core.v1.VolumeArgs(
            name="hooks",
            config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(name=hooks.metadata.name),
        )
        return volume, kubernetes.core.v1.VolumeMountArgs(
            name="hooks", mount_path=_HOOKS, read_only=True
        )

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
