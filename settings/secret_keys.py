"""Which keys the platform's Secrets have, and what they are called in a Pulumi ESC environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from settings.model import Settings
from settings.monitoring import MonitoringSettings

REDIS_PASSWORDS = {
    "password": "REDIS_PASSWORD",
    "cluster-password": "REDIS_CLUSTER_PASSWORD",
}
"""With which n8n logs in to Redis, and Redis's nodes and keepers to each other."""

REDIS_FURTHER_PASSWORDS = {
    "next-password": "REDIS_NEXT_PASSWORD",
    "previous-password": "REDIS_PREVIOUS_PASSWORD",
    "next-cluster-password": "REDIS_NEXT_CLUSTER_PASSWORD",
    "previous-cluster-password": "REDIS_PREVIOUS_CLUSTER_PASSWORD",
}
"""Which Redis accepts as well, so that a rotation refuses nobody: the next one before clients are
given it, the previous one while some still have it. They may be missing from the Secret, or empty;
an ESC environment must define them, because an ExternalSecret's keys cannot be optional."""


@dataclass(frozen=True, kw_only=True)
class WantedSecret:
    """A Secret that the platform needs.

    Attributes:
        name: its name.
        keys: for each key of it, the key in the ESC environment. All of them lie at the top level:
            a nested value arrives as something else (facts of External Secrets' provider).
        templates: for each key of it that is not a copy of one, the template; where there is one,
            the Secret has these keys alone.
        type: its type.
        rotates: whether a new value may replace an old one while the platform runs.
    """

    name: str
    keys: Mapping[str, str]
    templates: Mapping[str, str] = field(default_factory=dict)
    type: str = "Opaque"
    rotates: bool = True


def wanted(settings: Settings) -> list[WantedSecret]:
    """The Secrets that the platform needs in its namespace with these settings."""
    names = settings.secrets
    in_cluster = settings.database.mode == "in-cluster"
    secrets = [
        WantedSecret(
            name=names.encryption_key_secret,
            keys={"encryption-key": "N8N_ENCRYPTION_KEY"},
            # n8n cannot read with a new key what it stored with the old one.
            rotates=False,
        ),
        WantedSecret(name=names.runners_secret, keys={"auth-token": "N8N_RUNNERS_AUTH_TOKEN"}),
        WantedSecret(
            name=names.redis_secret,
            keys={**REDIS_PASSWORDS, **REDIS_FURTHER_PASSWORDS},
        ),
        WantedSecret(
            name=names.database_secret,
            keys={
                "password": "DATABASE_PASSWORD",
                **({"superuser-password": "DATABASE_SUPERUSER_PASSWORD"} if in_cluster else {}),
            },
        ),
    ]
    if settings.redis.tls:
        secrets.append(_certificate(names.redis_tls_secret, "REDIS", with_key=True))
    secrets.append(_certificate(names.database_tls_secret, "DATABASE", with_key=in_cluster))
    if settings.routing.enabled and settings.n8n.webhook_url.startswith("https:"):
        secrets.append(_public_certificate(settings.routing.tls_secret))
    return [*secrets, *_wanted_by_receivers(settings.monitoring)]


def wanted_by_grafana(settings: Settings) -> list[WantedSecret]:
    """The Secret that Grafana needs in its namespace; none where the stack brings no Grafana."""
    if settings.monitoring.stack != "install":
        return []
    return [
        WantedSecret(
            name=settings.monitoring.grafana_secret,
            keys={"password": "GRAFANA_ADMIN_PASSWORD"},
            templates={"user": "admin", "password": "{{ .password }}"},
        )
    ]


def _wanted_by_receivers(monitoring: MonitoringSettings) -> list[WantedSecret]:
    """The Secrets with which Alertmanager reaches those that it tells, beside its configuration."""
    if not monitoring.enabled:
        return []
    secrets = (
        (monitoring.slack, "url", "ALERTMANAGER_SLACK_URL"),
        (monitoring.pager_duty, "routing-key", "ALERTMANAGER_PAGERDUTY_ROUTING_KEY"),
        (monitoring.email, "password", "ALERTMANAGER_EMAIL_PASSWORD"),
        (monitoring.heartbeat, "url", "ALERTMANAGER_HEARTBEAT_URL"),
    )
    return [
        WantedSecret(name=receiver.secret, keys={key: remote})
        for receiver, key, remote in secrets
        if receiver
    ]


def _public_certificate(name: str) -> WantedSecret:
    """Of both hosts, with which callers are met: from an authority that everybody trusts."""
    return WantedSecret(
        name=name,
        keys={"tls.crt": "GATEWAY_TLS_CERTIFICATE", "tls.key": "GATEWAY_TLS_PRIVATE_KEY"},
        type="kubernetes.io/tls",
    )


def _certificate(name: str, server: str, *, with_key: bool) -> WantedSecret:
    authority = {"ca.crt": f"{server}_TLS_AUTHORITY"}
    if not with_key:
        return WantedSecret(name=name, keys=authority)
    return WantedSecret(
        name=name,
        keys={
            "tls.crt": f"{server}_TLS_CERTIFICATE",
            "tls.key": f"{server}_TLS_PRIVATE_KEY",
            **authority,
        },
        type="kubernetes.io/tls",
    )
