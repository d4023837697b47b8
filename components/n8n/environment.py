"""What every n8n process is told: the one place where n8n's environment variables are chosen.

They stand in the pods themselves, not in a ConfigMap. `pulumi preview --diff` then shows the
changed variable under the tier that would roll, the change itself is what rolls it (no checksum to
forget), undoing a rollout undoes it, and policies that look at containers see it. The price is
that the three Deployments repeat it.

Names and defaults were read from n8n 2.40 and 2.41 (`@n8n/config`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as kubernetes

from components.connections import DatabaseConnection, RedisConnection, SecretKey
from components.n8n.credentials import Credentials
from components.secrets import PlatformSecrets
from settings import Settings

PORT = 5678
"""Where main and webhook pods serve HTTP, and workers their health and metrics: n8n's default."""

TASK_SECONDS = 300
"""How long one Code node may run. n8n and the launcher of its task runners have different
defaults, 300 and 60 s, so both are told."""

_KEPT_JOBS = 1000
"""Finished jobs that the queue remembers, about a minute of them at 1000 executions a minute, which
take some 1 MB of Redis. Who waits for a job first asks whether it has finished and listens from
then on. n8n's default is to remember none: a job that is faster than its webhook pod is then waited
for without end, and its caller never answered."""

_DATABASE_RETRY_MILLISECONDS = 1000
"""At most between two tries of a process to reach a lost database, which is n8n's shortest wait:
one that starts is asked once a second by some tens of pods."""

_DATABASE_AUTHORITY = "/etc/n8n/database"
_REDIS_AUTHORITY = "/etc/n8n/redis"

_BLOCKED_RANGES = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "::1/128",
    "64:ff9b::/96",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
)
"""Addresses that workflows may not call: n8n 2.40's own list, with the shared address space and the
IPv6 transition ranges that n8n announces for a later version."""

Variables = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The environment that all tiers of n8n share.

    Attributes:
        settings: settings of the stack.
        database: where PostgreSQL is.
        redis: where the Redis Cluster is.
        secrets: the platform's own secrets.
        credentials: the keys of outside services, for the tiers that use them; None without any.
    """

    settings: Settings
    database: DatabaseConnection
    redis: RedisConnection
    secrets: PlatformSecrets
    credentials: Credentials | None = None

    def variables(
        self, tier: Variables, tier_secrets: Mapping[str, SecretKey]
    ) -> list[kubernetes.core.v1.EnvVarArgs]:
        """The variables of one tier's n8n container, secrets by reference.

        Args:
            tier: what this tier sets beside what all of them share.
            tier_secrets: variables that only this tier takes from a Secret.
        """
        secrets = {
            # The same key in every process: it decrypts the credentials that another one stored.
            "N8N_ENCRYPTION_KEY": self.secrets.encryption_key,
            "QUEUE_BULL_REDIS_PASSWORD": self.redis.password,
            "DB_POSTGRESDB_PASSWORD": self.database.password,
            **tier_secrets,
        }
        shared: dict[str, pulumi.Input[str]] = {
            **self._queue(),
            **self._redis(),
            **self._database(),
            **self._addresses(),
            **self._retention(),
            **self._logs_and_metrics(),
            **self._hardening(),
            **self._outbound_calls(),
            **self._telemetry(),
        }
        return [
            *(secret.environment(name) for name, secret in secrets.items()),
            *(
                kubernetes.core.v1.EnvVarArgs(name=name, value=value)
                for name, value in {**shared, **tier}.items()
            ),
        ]

    def files(
        self,
    ) -> list[tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]]:
        """The files that `variables` point to: certificates that servers are checked against."""
        authorities = [
            ("database-authority", self.database.certificate_authority, _DATABASE_AUTHORITY)
        ]
        if self.redis.certificate_authority:
            authorities.append(
                ("redis-authority", self.redis.certificate_authority, _REDIS_AUTHORITY)
            )
        return [_authority(name, secret, path) for name, secret, path in authorities]

    def _queue(self) -> Variables:
        return {
            "EXECUTIONS_MODE": "queue",
            # Main stays the editor and the clock: what is tried out in the editor runs on workers,
            # and production webhooks go to webhook pods alone.
            "OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS": "true",
            "N8N_DISABLE_PRODUCTION_MAIN_PROCESS": "true",
            "N8N_EXECUTIONS_QUEUE_KEEP_LAST_COMPLETED": str(_KEPT_JOBS),
            "N8N_EXECUTIONS_QUEUE_KEEP_LAST_FAILED": str(_KEPT_JOBS),
            # Files that nodes pass on must be readable by every pod; `s3` would need a licence.
            "N8N_DEFAULT_BINARY_DATA_MODE": "database",
            "GENERIC_TIMEZONE": self.settings.n8n.timezone,
            "TZ": self.settings.n8n.timezone,
        }

    def _redis(self) -> Variables:
        variables = {
            "QUEUE_BULL_REDIS_CLUSTER_NODES": ",".join(self.redis.nodes),
            "QUEUE_BULL_REDIS_USERNAME": self.redis.username,
            # Connect to names, not to the addresses they had once: certificates carry names, and
            # pods change their address.
            "QUEUE_BULL_REDIS_DNS_LOOKUP_STRATEGY": "NONE",
            # A connection whose other end is gone is noticed, not waited for.
            "QUEUE_BULL_REDIS_KEEP_ALIVE": "true",
            # n8n exits after so long without Redis; a failover must be over by then.
            "QUEUE_BULL_REDIS_TIMEOUT_THRESHOLD": str(self.settings.n8n.redis_timeout_milliseconds),
        }
        if self.redis.certificate_authority:
            variables |= {
                "QUEUE_BULL_REDIS_TLS": "true",
                "QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE": "true",
                # n8n has no variable for the authority of Redis; this one is Node.js's own.
                "NODE_EXTRA_CA_CERTS": f"{_REDIS_AUTHORITY}/ca.crt",
            }
        return variables

    def _database(self) -> Variables:
        return {
            "DB_TYPE": "postgresdb",
            "DB_POSTGRESDB_HOST": self.database.host,
            "DB_POSTGRESDB_PORT": str(self.database.port),
            "DB_POSTGRESDB_DATABASE": self.database.database,
            "DB_POSTGRESDB_USER": self.database.user,
            "DB_POSTGRESDB_SSL_ENABLED": "true",
            "DB_POSTGRESDB_SSL_REJECT_UNAUTHORIZED": "true",
            "DB_POSTGRESDB_SSL_CA_FILE": f"{_DATABASE_AUTHORITY}/ca.crt",
            # By default n8n waits ever longer between two tries to reach a lost database, up to 30
            # s. A worker goes on taking jobs meanwhile, each of which fails ("Driver not
            # Connected") although its webhook was acknowledged: by others, which tried earlier.
            "DB_RECOVERY_BACKOFF_MAX_MS": str(_DATABASE_RETRY_MILLISECONDS),
        }

    def _addresses(self) -> Variables:
        n8n = self.settings.n8n
        return {
            "N8N_WEBHOOK_URL": n8n.webhook_url,
            "N8N_EDITOR_BASE_URL": n8n.editor_url,
            "N8N_PROXY_HOPS": str(n8n.proxy_hops),
            # Browsers send a secure cookie over https only: with http nobody could log in.
            "N8N_SECURE_COOKIE": _boolean(urlsplit(n8n.editor_url).scheme == "https"),
        }

    def _retention(self) -> Variables:
        n8n = self.settings.n8n
        return {
            "EXECUTIONS_DATA_PRUNE": "true",
            "EXECUTIONS_DATA_MAX_AGE": str(n8n.execution_retention_hours),
            "EXECUTIONS_DATA_PRUNE_MAX_COUNT": str(n8n.execution_retention_count),
            "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "all" if n8n.save_successful_executions else "none",
            "EXECUTIONS_DATA_SAVE_ON_ERROR": "all",
            # n8n's default is to keep former versions of a workflow for ever.
            "N8N_WORKFLOW_HISTORY_PRUNE_TIME": str(n8n.workflow_history_hours),
        }

    def _logs_and_metrics(self) -> Variables:
        return {
            "N8N_LOG_LEVEL": self.settings.n8n.log_level,
            "N8N_LOG_FORMAT": "json",
            "N8N_METRICS": "true",
            "N8N_METRICS_INCLUDE_MESSAGE_EVENT_BUS_METRICS": "true",
            "N8N_METRICS_INCLUDE_DB_POOL_METRICS": "true",
        }

    def _hardening(self) -> Variables:
        return {
            # Expressions cannot read this very environment, which holds the encryption key.
            "N8N_BLOCK_ENV_ACCESS_IN_NODE": "true",
            "N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS": "true",
            # Nodes come with the image only: nothing is installed at run time.
            "N8N_COMMUNITY_PACKAGES_ENABLED": "false",
            "N8N_UNVERIFIED_PACKAGES_ENABLED": "false",
            # n8n's own list, repeated so that a later default cannot let them back in.
            "NODES_EXCLUDE": json.dumps(
                ["n8n-nodes-base.executeCommand", "n8n-nodes-base.localFileTrigger"]
            ),
            # Against archives that unpack to more than a pod holds: the limits that n8n announces
            # as later defaults, 256 MiB and 1000 files.
            "N8N_COMPRESSION_NODE_MAX_DECOMPRESSED_SIZE_BYTES": str(256 * 2**20),
            "N8N_COMPRESSION_NODE_MAX_ZIP_ENTRIES": "1000",
            # Code from users runs in a container of its own, away from n8n's secrets.
            "N8N_RUNNERS_MODE": "external",
            "N8N_RUNNERS_TASK_TIMEOUT": str(TASK_SECONDS),
        }

    def _outbound_calls(self) -> Variables:
        # The second line behind the network policy, and the only one for addresses that pods may
        # reach but workflows may not: Redis, PostgreSQL, the process itself.
        variables = {
            "N8N_SSRF_PROTECTION_ENABLED": "true",
            "N8N_SSRF_BLOCKED_IP_RANGES": ",".join(_BLOCKED_RANGES),
        }
        allowed = [each.cidr for each in self.settings.platform.private_destinations]
        if allowed:
            variables["N8N_SSRF_ALLOWED_IP_RANGES"] = ",".join(allowed)
        return variables

    def _telemetry(self) -> Variables:
        # All of it is on by default and calls n8n's or a third party's servers.
        return {
            "N8N_DIAGNOSTICS_ENABLED": "false",
            # Asks n8n's servers for a list at every start, whatever the others say.
            "N8N_DISABLED_MODULES": "mcp-registry",
            "N8N_DYNAMIC_BANNERS_ENABLED": "false",
            "N8N_PERSONALIZATION_ENABLED": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED": "false",
        }


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _authority(
    name: str, secret: SecretKey, path: str
) -> tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]:
    """One certificate as the file `ca.crt` in a directory, whatever its key is called."""
    volume = kubernetes.core.v1.VolumeArgs(
        name=name,
        secret=kubernetes.core.v1.SecretVolumeSourceArgs(
            secret_name=secret.name,
            default_mode=0o440,
            items=[kubernetes.core.v1.KeyToPathArgs(key=secret.key, path="ca.crt")],
        ),
    )
    return volume, kubernetes.core.v1.VolumeMountArgs(name=name, mount_path=path, read_only=True)
