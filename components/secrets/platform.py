"""The platform's own secrets, wherever they come from.

The rest of the platform sees the same in each case: the name of a Secret and a key in it.
"""

import pulumi

from components.base import Component
from components.connections import SecretKey
from components.secrets.external import ExternalSecrets
from components.secrets.generated import GeneratedSecrets
from components.secrets.integrations import say_what_is_missing, wanted_for_integrations
from settings import Settings
from settings.secret_keys import wanted


class PlatformSecrets(Component):
    """Encryption key, passwords and certificates, as references.

    Attributes:
        encryption_key: encrypts every credential that is stored in n8n.
        runners_token: shared by n8n and its task runners.
        redis_password: n8n's password for Redis.
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
        names = settings.secrets
        self.encryption_key = SecretKey(name=names.encryption_key_secret, key="encryption-key")
        self.runners_token = SecretKey(name=names.runners_secret, key="auth-token")
        self.redis_password = SecretKey(name=names.redis_secret, key="password")
        self.database_password = SecretKey(name=names.database_secret, key="password")
        self.database_superuser_password = SecretKey(
            name=names.database_secret, key="superuser-password"
        )
        self.redis_authority = SecretKey(name=names.redis_tls_secret, key="ca.crt")
        self.database_authority = SecretKey(name=names.database_tls_secret, key="ca.crt")
        match names.source:
            case "generated":
                GeneratedSecrets("generated", settings=settings, opts=self.child_options())
            case "esc":
                ExternalSecrets(
                    "external",
                    namespace=settings.platform.namespace,
                    secrets=(*wanted(settings), *wanted_for_integrations(settings)),
                    settings=settings,
                    opts=self.child_options(),
                )
                say_what_is_missing(settings)
            case "existing":
                pass
        self.register_outputs({})
