"""Secrets of a namespace, copied from a Pulumi ESC environment by External Secrets."""

from collections.abc import Iterable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components import governance
from components.base import Component, labels
from components.secrets.operator import controller_account
from settings import Settings
from settings.secret_keys import WantedSecret

STORE = "pulumi-esc"
"""Name of the SecretStore, and of the service account whose token opens it."""

_API_VERSION = "external-secrets.io/v1"

_TOKEN_SECONDS = 600
"""Life of a token that was exchanged: the shortest that External Secrets takes."""


class ExternalSecrets(Component):
    """A store for one ESC environment, and an ExternalSecret for each Secret of a namespace.

    Both are namespaced: nobody elsewhere in the cluster can ask this store. Secrets are owned by
    their ExternalSecret, and stay if the environment or the operator cannot be reached.
    """

    area = "secrets"

    def __init__(
        self,
        name: str,
        *,
        namespace: str,
        secrets: Iterable[WantedSecret],
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._namespace = namespace
        self._settings = settings
        if settings.esc.authentication == "oidc":
            self._create_service_account()
            if settings.esc.operator == "install":
                self._let_the_controller_have_its_tokens()
        store = self._create_store()
        for secret in secrets:
            self._create_external_secret(secret, store)
        self.register_outputs({})

    def _create_service_account(self) -> None:
        kubernetes.core.v1.ServiceAccount(
            STORE,
            metadata=self._metadata(STORE),
            # The operator asks for a token of it; no pod runs as it.
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _let_the_controller_have_its_tokens(self) -> None:
        """Of this service account, and of no other in the namespace."""
        kubernetes.rbac.v1.Role(
            STORE,
            metadata=self._metadata(STORE),
            rules=[
                kubernetes.rbac.v1.PolicyRuleArgs(
                    api_groups=[""],
                    resources=["serviceaccounts/token"],
                    resource_names=[STORE],
                    verbs=["create"],
                )
            ],
            opts=self.child_options(),
        )
        name, namespace = controller_account(self._settings, self._namespace)
        kubernetes.rbac.v1.RoleBinding(
            STORE,
            metadata=self._metadata(STORE),
            role_ref=kubernetes.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="Role", name=STORE
            ),
            subjects=[
                kubernetes.rbac.v1.SubjectArgs(
                    kind="ServiceAccount", name=name, namespace=namespace
                )
            ],
            opts=self.child_options(),
        )

    def _create_store(self) -> CustomResource:
        esc = self._settings.esc
        return CustomResource(
            STORE,
            api_version=_API_VERSION,
            kind="SecretStore",
            metadata=self._metadata(STORE),
            spec={
                "provider": {
                    "pulumi": {
                        "apiUrl": esc.api_url,
                        "organization": esc.organization,
                        "project": esc.project,
                        "environment": esc.environment,
                        **self._authentication(),
                    }
                }
            },
            opts=self.child_options(),
        )

    def _authentication(self) -> dict[str, Any]:
        esc = self._settings.esc
        if esc.authentication == "token":
            return {"accessToken": {"secretRef": {"name": esc.token_secret, "key": "token"}}}
        return {
            "auth": {
                "oidcConfig": {
                    "organization": esc.organization,
                    "serviceAccountRef": {"name": STORE},
                    "expirationSeconds": _TOKEN_SECONDS,
                }
            }
        }

    def _create_external_secret(self, secret: WantedSecret, store: CustomResource) -> None:
        CustomResource(
            secret.name,
            api_version=_API_VERSION,
            kind="ExternalSecret",
            # A store always says that it is ready. Whether a secret arrived, only this says.
            metadata=self._metadata(secret.name, {"pulumi.com/waitFor": "condition=Ready"}),
            spec={
                **self._refresh(secret),
                "secretStoreRef": {"name": STORE, "kind": "SecretStore"},
                "target": {
                    "name": secret.name,
                    "creationPolicy": "Owner",
                    "deletionPolicy": "Retain",
                    "template": _template(secret),
                },
                "data": [
                    {"secretKey": key, "remoteRef": {"key": remote}}
                    for key, remote in secret.keys.items()
                ],
            },
            opts=self.child_options(depends_on=[store]),
        )

    def _refresh(self, secret: WantedSecret) -> dict[str, str]:
        if not secret.rotates:
            return {"refreshPolicy": "CreatedOnce"}
        return {
            "refreshPolicy": "Periodic",
            "refreshInterval": f"{self._settings.esc.refresh_seconds}s",
        }

    def _metadata(self, name: str, annotations: dict[str, str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=name,
            namespace=self._namespace,
            labels={**labels("secrets"), **governance.owner(self._settings.governance)},
            annotations=annotations,
        )


def _template(secret: WantedSecret) -> dict[str, Any]:
    if not secret.templates:
        return {"type": secret.type}
    return {"type": secret.type, "engineVersion": "v2", "data": dict(secret.templates)}
