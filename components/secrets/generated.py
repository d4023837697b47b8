"""The platform's own secrets, made here: for local and trial environments."""

import base64

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.base import Component, labels
from components.certificates import CertificateAuthority
from components.secrets.integrations import OVERWRITES, credential_overwrites, fills_credentials
from settings import Settings
from settings.secret_keys import REDIS_PASSWORDS

_PASSWORD_LENGTH = 40
"""Characters of a generated password; letters and digits only, 238 bits, so that none needs
quoting in an ACL file, a connection string or a shell."""


class GeneratedSecrets(Component):
    """Secrets made by Pulumi, which keeps them encrypted in the stack's state."""

    area = "secrets"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._create_encryption_key()
        self._create_passwords()
        self._create_certificates()
        if fills_credentials(settings):
            self._create_credentials()
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
            (names.redis_secret, list(REDIS_PASSWORDS)),
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

    def _create_credentials(self) -> None:
        """What n8n fills credentials with: no key, as nobody can generate one, but the gateway."""
        file = pulumi.Output.from_input(credential_overwrites(self._settings).template)
        name = self._settings.secrets.credentials_secret
        self._create_secret(name, name, {OVERWRITES: file})

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
