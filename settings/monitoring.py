"""Settings of monitoring: who scrapes, how long it is kept, and who is told."""

from typing import Annotated, Literal

from pydantic import Field

import versions
from settings.types import Area, Image, Name, Quantity

HttpsFolder = Annotated[str, Field(pattern=r"^https://[^\s?#]+/$")]
"""An https address that ends in a slash, below which there is a page for each alert."""


class SlackReceiver(Area):
    """Slack, through an incoming webhook."""

    secret: Name = Field(
        default="alertmanager-slack",
        description="Secret whose key `url` is the incoming webhook's address.",
    )
    channel: str = Field(
        pattern=r"^#\S+$", description="Channel of every alert that somebody must act on."
    )
    executive_channel: Annotated[str, Field(pattern=r"^(#\S+)?$")] = Field(
        default="",
        description="Channel of alerts with the label `audience: executive` besides; empty: none.",
    )


class PagerDutyReceiver(Area):
    """PagerDuty, through its Events API v2; for critical alerts."""

    secret: Name = Field(
        default="alertmanager-pagerduty",
        description="Secret whose key `routing-key` is the integration's key.",
    )


class EmailReceiver(Area):
    """E-mail, through a server that offers STARTTLS."""

    secret: Name = Field(
        default="alertmanager-email", description="Secret whose key `password` is the sender's."
    )
    to: str = Field(pattern=r"^\S+@\S+$", description="Address that alerts are sent to.")
    sender: str = Field(pattern=r"^\S+@\S+$", description="Address that they come from.")
    user: str = Field(min_length=1, description="With which the sender logs in.")
    smarthost: str = Field(
        pattern=r"^[a-z0-9.-]+:587$", description="Server and port, such as smtp.example.com:587."
    )


class HeartbeatReceiver(Area):
    """A dead man's switch: a service that calls somebody when it hears nothing for a while."""

    secret: Name = Field(
        default="alertmanager-heartbeat",
        description="Secret whose key `url` is the address to call.",
    )


class MonitoringSettings(Area):
    """Prometheus, Alertmanager and Grafana, and what they watch."""

    stack: Literal["none", "install", "installed"] = Field(
        default="none",
        description="`install` brings kube-prometheus-stack with its chart; `installed` gives the "
        "one that the cluster has what it needs to watch the platform; `none` watches nothing.",
    )
    namespace: Name = Field(
        default="monitoring",
        description="Namespace of Prometheus, Alertmanager and Grafana, whose Prometheus is let in "
        "to metrics.",
    )
    retention_days: int = Field(
        default=35,
        ge=31,
        le=400,
        description="Days after which metrics are deleted. 31 at least: error budgets look back "
        "over 30.",
    )
    retention_size: Quantity = Field(
        default="40Gi",
        description="Size of the metrics at which the oldest are deleted before that.",
    )
    storage: Quantity = Field(
        default="50Gi", description="Size of each of Prometheus's two volumes."
    )
    alert_storage: Quantity = Field(
        default="2Gi",
        description="Size of each of Alertmanager's two volumes: silences, and what it has told.",
    )
    slack: SlackReceiver | None = Field(default=None, description="Slack; left out: not told.")
    pager_duty: PagerDutyReceiver | None = Field(
        default=None, description="PagerDuty; left out: not told."
    )
    email: EmailReceiver | None = Field(default=None, description="E-mail; left out: not told.")
    heartbeat: HeartbeatReceiver | None = Field(
        default=None, description="Dead man's switch; left out: nobody notices a dead Prometheus."
    )
    runbook_url: HttpsFolder = Field(
        default="https://docs.n8n.example/runbooks/",
        description="Where the pages of docs/runbooks/ can be read; alerts link to them.",
    )
    grafana_secret: Name = Field(
        default="grafana-admin",
        description="Secret in `namespace` with `user` and `password` of Grafana's administrator.",
    )
    postgres_exporter_image: Image = Field(
        default=versions.POSTGRES_EXPORTER,
        description="Image of the exporter beside PostgreSQL, in-cluster only.",
    )
    redis_exporter_image: Image = Field(
        default=versions.REDIS_EXPORTER,
        description="Image of the exporter beside each node of Redis.",
    )
    blackbox_exporter_image: Image = Field(
        default=versions.BLACKBOX_EXPORTER,
        description="Image of what asks Redis and the public addresses from outside.",
    )

    @property
    def enabled(self) -> bool:
        """Whether the platform is watched."""
        return self.stack != "none"
