"""What the platform gives Prometheus, Alertmanager and Grafana, whoever brought these."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components import governance
from components.base import PART_OF, Component, labels
from components.monitoring import monitors, receivers
from settings import Settings

_API_VERSION = "monitoring.coreos.com/v1"


class PlatformMonitoring(Component):
    """PodMonitors in the platform's own namespace, and whom Alertmanager tells."""

    area = "monitoring"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        for scrape in monitors.scrapes(settings):
            self._create_custom_resource("PodMonitor", scrape.job, scrape.spec())
        self._create_receivers()
        self.register_outputs({})

    def _create_receivers(self) -> None:
        """In the platform's namespace, beside the Secrets that it names."""
        spec = receivers.spec(self._settings.monitoring)
        if spec is not None:
            self._create_custom_resource(
                "AlertmanagerConfig", PART_OF, spec, api_version=f"{_API_VERSION}alpha1"
            )

    def _create_custom_resource(
        self, kind: str, name: str, spec: dict[str, Any], *, api_version: str = _API_VERSION
    ) -> None:
        CustomResource(
            f"{name}-{kind.lower()}",
            api_version=api_version,
            kind=kind,
            metadata=self._metadata(name),
            spec=spec,
            opts=self.child_options(),
        )

    def _metadata(self, name: str) -> ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.platform.namespace,
            labels={
                **labels("monitoring", instance="monitoring"),
                **governance.owner(self._settings.governance),
            },
        )
