"""Settings of the platform's own secrets, and of the Pulumi ESC environment that may hold them."""

from typing import Literal

from pydantic import Field

from settings.types import Area, Name


class SecretsSettings(Area):
    """Where the platform's own secrets come from."""

    source: Literal["generated", "esc", "existing"] = Field(
        default="existing",
        description="`generated` makes them with Pulumi, for local and trial environments; `esc` "
        "has External Secrets copy them from a Pulumi ESC environment; `existing` expects the "
        "Kubernetes Secrets to be there.",
    )
    encryption_key_secret: Name = Field(
        default="n8n-encryption-key",
        description="Secret whose key `encryption-key` encrypts every credential stored in n8n. "
        "Lost, they are lost: escrow it.",
    )
    protect_encryption_key: bool = Field(
        default=True,
        description="Refuse to destroy a generated encryption key, and leave it in the cluster "
        "whatever happens to the stack.",
    )
    runners_secret: Name = Field(
        default="n8n-runners",
        description="Secret with `auth-token`, shared by n8n and its task runners.",
    )
    credentials_secret: Name = Field(
        default="n8n-credentials",
        description="Secret with `overwrites.json`: the keys of the chosen integrations, as n8n "
        "fills them into credentials that leave them empty.",
    )
    ai_gateway_secret: Name = Field(
        default="ai-gateway-keys",
        description="Secret with a key for each provider that the AI gateway calls, named as in "
        "docs/integrations.md.",
    )
    redis_secret: Name = Field(
        default="redis-auth",
        description="Secret with n8n's `password` for Redis and its nodes' own `cluster-password`; "
        "while one is replaced, also `next-…` and `previous-…` of it.",
    )
    database_secret: Name = Field(
        default="database-auth",
        description="Secret with n8n's `password`, and in-cluster with `superuser-password`.",
    )
    redis_tls_secret: Name = Field(
        default="redis-tls", description="Secret with `tls.crt`, `tls.key` and `ca.crt` of Redis."
    )
    database_tls_secret: Name = Field(
        default="database-tls",
        description="Secret with `ca.crt` of the database, and in-cluster with its `tls.crt` and "
        "`tls.key`.",
    )


class EscSettings(Area):
    """The Pulumi ESC environment that secrets are copied from, where `secrets.source` is `esc`."""

    organization: str = Field(default="", description="Organisation in Pulumi Cloud.")
    project: str = Field(default="", description="ESC project that holds the environment.")
    environment: str = Field(default="", description="ESC environment.")
    api_url: str = Field(
        default="https://api.pulumi.com/api/esc",
        pattern=r"^https://\S+$",
        description="Address of the ESC API; another one for a self-hosted Pulumi Cloud.",
    )
    authentication: Literal["oidc", "token"] = Field(
        default="oidc",
        description="`oidc` exchanges a token of the cluster's own service account `pulumi-esc`, "
        "which Pulumi Cloud must be told to trust, and needs External Secrets 2.7 or newer; "
        "`token` uses a long-lived access token.",
    )
    token_secret: Name = Field(
        default="pulumi-access-token",
        description="Secret whose key `token` is that access token; unused with `oidc`. Somebody "
        "puts it there: it cannot come from where it opens.",
    )
    refresh_seconds: int = Field(
        default=15,
        ge=5,
        le=86400,
        description="Seconds after which a secret is read again: how long a rotation takes to "
        "arrive. Each ExternalSecret is a request each time, so 15 means some 350 an hour for "
        "every one of them, all in the audit log and against the rate limit; 3600 is the "
        "operator's own default.",
    )
    rotation_days: int = Field(
        default=90,
        ge=1,
        le=365,
        description="Days after which a key of the platform's own, such as `REDIS_PASSWORD`, is "
        "due to be replaced. 90 is what most services have in docs/integrations.md, which this "
        "does not change; 365 what keys of KMS have. Certificates and n8n's encryption key are "
        "not meant.",
    )
    operator: Literal["install", "installed"] = Field(
        default="install",
        description="`install` brings the External Secrets operator with its chart; `installed` "
        "uses the one that the cluster has.",
    )
