"""How one component tells another where to find it: addresses and names of secrets, no secrets.

Whoever consumes a secret knows only its name and key, whether it was generated here, made by
External Secrets, or put there by somebody.
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from settings.data import DatabaseSettings


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Kubernetes Secret in the platform's namespace."""

    name: pulumi.Input[str]
    key: str

    def environment(self, variable: str) -> kubernetes.core.v1.EnvVarArgs:
        """An environment variable that takes its value from here."""
        return kubernetes.core.v1.EnvVarArgs(
            name=variable,
            value_from=kubernetes.core.v1.EnvVarSourceArgs(
                secret_key_ref=kubernetes.core.v1.SecretKeySelectorArgs(
                    name=self.name, key=self.key
                )
            ),
        )


@dataclass(frozen=True, kw_only=True)
class DatabaseConnection:
    """Where PostgreSQL is, and how to log in.

    Attributes:
        host: DNS name.
        port: TCP port.
        database: name of the database.
        user: role to log in with.
        password: that role's password.
        certificate_authority: certificate that signed the server's; connections check it.
        pod_labels: labels of its pods, for network policies; None if it is outside the cluster.
    """

    host: pulumi.Input[str]
    port: int
    database: str
    user: str
    password: SecretKey
    certificate_authority: SecretKey
    pod_labels: dict[str, str] | None


@dataclass(frozen=True, kw_only=True)
class RedisConnection:
    """Where the Redis Cluster is, and how to log in.

    Attributes:
        nodes: `host:port` of every node.
        port: TCP port that clients use.
        username: ACL user of n8n.
        password: that user's password.
        certificate_authority: certificate that signed the nodes'; None without TLS.
        pod_labels: labels of its pods, for network policies.
    """

    nodes: tuple[str, ...]
    port: int
    username: str
    password: SecretKey
    certificate_authority: SecretKey | None
    pod_labels: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class BackupBucket:
    """Where n8n's own backup is copied to, in S3; the pods that do it have the right to.

    Attributes:
        name: name of the bucket.
        prefix: what the names of the copies' objects begin with, without a slash at its end.
        region: region of AWS that it is in.
    """

    name: str
    prefix: str
    region: str


def external_database(
    settings: DatabaseSettings, password: SecretKey, certificate_authority: SecretKey
) -> DatabaseConnection:
    """The connection to a PostgreSQL that somebody else runs, as settings name it."""
    return DatabaseConnection(
        host=settings.host,
        port=settings.port,
        database=settings.name,
        user=settings.user,
        password=password,
        certificate_authority=certificate_authority,
        pod_labels=None,
    )
