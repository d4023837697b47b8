"""What the platform gives Prometheus, Alertmanager and Grafana, whoever brought these."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

import alerts
import dashboards
from components import governance
from components.base import PART_OF, Component, labels
from components.monitoring import access, blackbox, monitors, receivers
from components.monitoring.probes import Probes
from components.secrets.operator import NAMESPACE as EXTERNAL_SECRETS
from esc.rotated.record import NAME as ROTATED
from settings import Settings
from settings.rotations import dated_keys

_API_VERSION = "monitoring.coreos.com/v1"


def expected(settings: Settings) -> dict[str, int]:
    """By value of the label `job`, the fewest targets that should answer Prometheus."""
    scrapes = {each.job: each.at_least for each in monitors.scrapes(settings)}
    return {
        **{job: least for job, least in scrapes.items() if least is not None},
        **{each.job: len(each.targets) for each in blackbox.probes(settings)},
    }


class PlatformMonitoring(Component):
    """PodMonitors, probes, rules, whom Alertmanager tells, and dashboards.

    All of it is in the platform's own namespace but the dashboards, which are where Grafana is.
    """

    area = "monitoring"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._scrapes = tuple(monitors.scrapes(settings))
        self._keys = dated_keys(settings)
        self._create_pod_monitors()
        self._probes = tuple(blackbox.probes(settings))
        if self._probes:
            Probes("probes", settings=settings, opts=self.child_options())
        self._create_rules()
        self._say_which_keys_have_no_date()
        self._create_receivers()
        self._create_dashboards()
        self.register_outputs({})

    def _create_pod_monitors(self) -> None:
        for scrape in self._scrapes:
            self._create_custom_resource("PodMonitor", scrape.job, scrape.spec())
        installed_here = self._settings.esc.operator == "install"
        if self._settings.secrets.source == "esc" and installed_here:
            self._let_prometheus_reach_external_secrets()

    def _let_prometheus_reach_external_secrets(self) -> None:
        metadata = self._metadata("metrics", namespace=EXTERNAL_SECRETS)
        kubernetes.networking.v1.NetworkPolicy(
            "external-secrets-metrics",
            metadata=metadata,
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(),
                policy_types=["Ingress"],
                ingress=access.scrapes(self._settings, access.EXTERNAL_SECRETS_PORT),
            ),
            opts=self.child_options(),
        )

    def _create_rules(self) -> None:
        groups = alerts.groups(
            namespace=self._settings.platform.namespace,
            runbooks=self._settings.monitoring.runbook_url,
            expected=expected(self._settings),
            due={key.name: int(key.due.timestamp()) if key.due else 0 for key in self._keys},
        )
        self._create_custom_resource("PrometheusRule", PART_OF, {"groups": groups})

    def _say_which_keys_have_no_date(self) -> None:
        """A line in the engine's summary: who sets a key for the first time writes down when."""
        without = [key.name for key in self._keys if key.replaced is None]
        if without:
            esc = self._settings.esc
            pulumi.log.warn(
                f"{ROTATED} has no day of {len(without)} key(s) of "
                f"{esc.project}/{esc.environment}, which the alert N8nKeyRotationDue tells of. "
                f"`make rotated STACK={pulumi.get_stack()}` names them, and writes down when they "
                "were set."
            )

    def _create_receivers(self) -> None:
        """Beside the Secrets that it names."""
        spec = receivers.spec(self._settings.monitoring)
        if spec is not None:
            self._create_custom_resource(
                "AlertmanagerConfig", PART_OF, spec, api_version=f"{_API_VERSION}alpha1"
            )

    def _create_dashboards(self) -> None:
        """A ConfigMap for each, which Grafana's sidecar finds by its label."""
        jobs = {each.job for each in (*self._scrapes, *self._probes)}
        if self._probes:
            jobs.add("probes")
        if self._settings.data_subjects.enabled or self._settings.backup.enabled:
            jobs.add("cron-jobs")
        files = dashboards.all_dashboards(
            jobs=jobs,
            runbooks=self._settings.monitoring.runbook_url,
        )
        for file, text in files.items():
            name = f"dashboard-{file.removesuffix('.json')}"
            kubernetes.core.v1.ConfigMap(
                name,
                metadata=self._metadata(
                    name, namespace=self._settings.monitoring.namespace, grafana_dashboard="1"
                ),
                data={file: text},
                opts=self.child_options(),
            )

    def _create_custom_resource(
        self, kind: str, name: str, spec: dict[str, Any], *, api_version: str = _API_VERSION
    ) -> None:
        CustomResource(
            f"{name}-{kind.lower()}",
            api_version=api_version,
            kind=kind,
            metadata=self._metadata(name, namespace=self._settings.platform.namespace),
            spec=spec,
            opts=self.child_options(),
        )

    def _metadata(self, name: str, *, namespace: str, **more: str) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=name,
            namespace=namespace,
            labels={
                **labels("monitoring", instance="monitoring"),
                **governance.owner(self._settings.governance),
                **more,
            },
        )
