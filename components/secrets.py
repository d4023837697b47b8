"""The platform's own secrets: made here for local and trial environments, or expected to exist.

Either way the rest of the platform sees the same: the name of a Secret and a key in it.
"""

import base64

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.base import Component, labels
from components.certificates import CertificateAuthority
from components.connections import SecretKey
from settings import Settings

_PASSWORD_LENGTH = 40
"""Characters of a generated password; letters and digits only, 238 bits, so that none needs
quoting in an ACL file, a connection string or a shell."""


class PlatformSecrets(Component):
    """Encryption key, passwords and certificates, as references.

    Attributes:
        encryption_key: encrypts every credential that is stored in n8n.
        runners_token: shared by n8n and its task runners.
        redis_password: n8n's password for Redis.
        redis_cluster_password: the password of Redis's nodes for each other.
        database_password: n8n's password for PostgreSQL.
        database_superuser_password: PostgreSQL's superuser, in-cluster only.
        redis_authority: certificate that signed Redis's.
        database_authority: certificate that signed the database's.
    """

    area = "secrets"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        names = settings.secrets
        self.encryption_key = SecretKey(name=names.encryption_key_secret, key="encryption-key")
        self.runners_token = SecretKey(name=names.runners_secret, key="auth-token")
        self.redis_password = SecretKey(name=names.redis_secret, key="password")
        self.redis_cluster_password = SecretKey(name=names.redis_secret, key="cluster-password")
        self.database_password = SecretKey(name=names.database_secret, key="password")
        self.database_superuser_password = SecretKey(
            name=names.database_secret, key="superuser-password"
        )
        self.redis_authority = SecretKey(name=names.redis_tls_secret, key="ca.crt")
        self.database_authority = SecretKey(name=names.database_tls_secret, key="ca.crt")
        if names.source == "generated":
            self._create_encryption_key()
            self._create_passwords()
            self._create_certificates()
        self.register_outputs({})

    def _create_encryption_key(self) -> None:
        kept = self._settings.secrets.protect_encryption_key
        key = random.RandomPassword(
            "encryption-key",
            length=_PASSWORD_LENGTH,
            special=False,
            opts=self.child_options(protect=kept, retain_on_delete=kept),
        )
        self._create_secret(
            "encryption-key",
            self._settings.secrets.encryption_key_secret,
            {"encryption-key": key.result},
            protect=kept,
        )

    def _create_passwords(self) -> None:
        names = self._settings.secrets
        for secret, keys in (
            (names.runners_secret, ["auth-token"]),
            (names.redis_secret, ["password", "cluster-password"]),
            (names.database_secret, ["password", "superuser-password"]),
        ):
            values = {
                key: random.RandomPassword(
                    f"{secret}-{key}",
                    length=_PASSWORD_LENGTH,
                    special=False,
                    opts=self.child_options(),
                ).result
                for key in keys
            }
            self._create_secret(secret, secret, values)

    def _create_certificates(self) -> None:
        names, namespace = self._settings.secrets, self._settings.platform.namespace
        authority = CertificateAuthority("authority", opts=self.child_options())
        for server, secret, wanted in (
            ("redis", names.redis_tls_secret, self._settings.redis.tls),
            ("postgres", names.database_tls_secret, self._settings.database.mode == "in-cluster"),
        ):
            if not wanted:
                continue
            hosts = [f"{server}.{namespace}.svc.cluster.local", f"{server}.{namespace}.svc", server]
            # Redis's nodes are reached one by one, as <pod>.redis.<namespace>.svc.cluster.local.
            certificate = authority.issue(
                server, hosts=[*hosts, f"*.{hosts[0]}", f"*.{hosts[1]}", f"*.{server}", "localhost"]
            )
            self._create_secret(
                secret,
                secret,
                {
                    "tls.crt": certificate.certificate,
                    "tls.key": certificate.private_key,
                    "ca.crt": authority.certificate,
                },
                type_="kubernetes.io/tls",
            )

    def _create_secret(
        self,
        resource: str,
        name: str,
        values: dict[str, pulumi.Output[str]],
        *,
        type_: str = "Opaque",
        protect: bool = False,
    ) -> None:
        def encoded(value: str) -> str:
            return base64.b64encode(value.encode()).decode()

        kubernetes.core.v1.Secret(
            resource,
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=name,
                namespace=self._settings.platform.namespace,
                labels=labels("secrets"),
            ),
            type=type_,
            # Not `stringData`: the API server moves it into `data`, which then looks like drift.
            data={key: pulumi.Output.secret(value.apply(encoded)) for key, value in values.items()},
            opts=self.child_options(protect=protect, retain_on_delete=protect),
        )
