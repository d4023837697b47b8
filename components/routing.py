"""The way in: a Gateway with one host for webhooks and one for the editor, and their routes.

Where records of DNS follow a region's health, there is a third host, at which it is asked.
"""

from urllib.parse import SplitResult, urlsplit

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.base import Component, labels
from components.n8n.main import Main
from components.n8n.pod import READINESS_PATH
from components.n8n.webhook import Webhook
from settings import Settings

_API_VERSION = "gateway.networking.k8s.io/v1"
GATEWAY = "n8n"
"""Name of the platform's Gateway."""

PUBLIC_PATHS = ("/webhook", "/webhook-waiting", "/form", "/form-waiting", "/mcp")
"""What webhook pods serve to the public. A path prefix matches whole elements, so `/webhook` lets
`/webhook/x` in but not `/webhook-test/x`; everything else on that host is answered 404 by the
Gateway itself: `/rest`, `/metrics`, the editor, every `*-test`."""

PUBLIC_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What a webhook can be called with, and what browsers ask before. Any other method n8n answers
with 500: at the Gateway, which counts by status alone, a stranger could spend the budget of
errors. So that answers them too, with 404."""

_METRICS = "(?i)/metrics(/.*)?"
"""n8n's metrics, under every spelling that it takes for them: it ignores case."""

_NO_TIMEOUT = {"request": "0s"}
"""A webhook answers when its workflow has ended. Envoy would give up after 15 s; n8n has a limit of
its own (`EXECUTIONS_TIMEOUT_MAX`, an hour)."""


class Routing(Component):
    """The Gateway, and the HTTPRoutes of the public webhooks and of the editor."""

    area = "network"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        main: Main,
        webhook: Webhook,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._webhooks = urlsplit(settings.n8n.webhook_url)
        self._editor = urlsplit(settings.n8n.editor_url)
        records = settings.aws.failover.records if settings.aws else None
        self._check = urlsplit(f"https://{records.check_host}") if records else None
        self._create_gateway()
        self._create_webhook_route(webhook)
        self._create_editor_route(main)
        if self._check:
            self._create_check_route(self._check, webhook)
        if self._webhooks.scheme == "https":
            self._create_https_redirect()
        if settings.routing.envoy_gateway:
            self._create_backend_policy()
        self.register_outputs({})

    def _create_gateway(self) -> None:
        listeners = [
            self._listener("webhooks", self._webhooks),
            self._listener("editor", self._editor),
            *([self._listener("check", self._check)] if self._check else []),
        ]
        if self._webhooks.scheme == "https":
            listeners.append(
                {
                    "name": "redirect",
                    "protocol": "HTTP",
                    "port": 80,
                    "allowedRoutes": {"namespaces": {"from": "Same"}},
                }
            )
        CustomResource(
            "gateway",
            api_version=_API_VERSION,
            kind="Gateway",
            metadata=self._metadata(GATEWAY),
            spec={
                "gatewayClassName": self._settings.routing.gateway_class,
                "listeners": listeners,
            },
            opts=self.child_options(),
        )

    def _listener(self, name: str, address: SplitResult) -> dict[str, object]:
        listener: dict[str, object] = {
            "name": name,
            "hostname": address.hostname,
            "port": address.port or (443 if address.scheme == "https" else 80),
            "protocol": address.scheme.upper(),
            "allowedRoutes": {"namespaces": {"from": "Same"}},
        }
        if address.scheme == "https":
            listener["tls"] = {
                "mode": "Terminate",
                "certificateRefs": [{"name": self._settings.routing.tls_secret}],
            }
        return listener

    def _create_webhook_route(self, webhook: Webhook) -> None:
        self._create_route(
            "webhooks",
            self._webhooks,
            [
                {
                    "matches": [
                        {"path": {"type": "PathPrefix", "value": path}, "method": method}
                        for path in PUBLIC_PATHS
                        for method in PUBLIC_METHODS
                    ],
                    "backendRefs": [{"name": webhook.service_name, "port": webhook.port}],
                    "timeouts": _NO_TIMEOUT,
                }
            ],
        )

    def _create_editor_route(self, main: Main) -> None:
        self._create_route(
            "editor",
            self._editor,
            [
                # n8n serves its metrics beside the editor and asks nobody who they are. The
                # Gateway API has no refusal; leading away keeps errors out of the error rate.
                {
                    "matches": [{"path": {"type": "RegularExpression", "value": _METRICS}}],
                    "filters": [
                        {
                            "type": "RequestRedirect",
                            "requestRedirect": {
                                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/"},
                                "statusCode": 302,
                            },
                        }
                    ],
                },
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [{"name": main.service_name, "port": main.port}],
                    "timeouts": _NO_TIMEOUT,
                },
            ],
        )

    def _create_check_route(self, address: SplitResult, webhook: Webhook) -> None:
        """Where the region's health is asked, and nothing else is answered."""
        self._create_route(
            "check",
            address,
            [
                {
                    "matches": [{"path": {"type": "Exact", "value": READINESS_PATH}}],
                    "backendRefs": [{"name": webhook.service_name, "port": webhook.port}],
                }
            ],
        )

    def _create_https_redirect(self) -> None:
        CustomResource(
            "redirect",
            api_version=_API_VERSION,
            kind="HTTPRoute",
            metadata=self._metadata("redirect"),
            spec={
                "parentRefs": [{"name": GATEWAY, "sectionName": "redirect"}],
                "rules": [
                    {
                        "filters": [
                            {
                                "type": "RequestRedirect",
                                "requestRedirect": {"scheme": "https", "statusCode": 301},
                            }
                        ]
                    }
                ],
            },
            opts=self.child_options(),
        )

    def _create_backend_policy(self) -> None:
        """What Envoy does while pods come, go and die: the Gateway API has no words for it."""
        CustomResource(
            "backend-policy",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="BackendTrafficPolicy",
            metadata=self._metadata(GATEWAY),
            spec={
                "targetRefs": [
                    {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY}
                ],
                "timeout": {
                    "tcp": {"connectTimeout": "1s"},
                    # Node.js closes idle connections after 5 s: a request must not meet that.
                    "http": {"connectionIdleTimeout": "4s"},
                },
                # Only what no pod has received: a webhook must not run twice.
                "retry": {
                    "numRetries": 3,
                    "retryOn": {"triggers": ["connect-failure", "reset-before-request"]},
                    "perRetry": {"backOff": {"baseInterval": "50ms", "maxInterval": "500ms"}},
                },
                # A pod that cannot be reached is left out long before Kubernetes notices. Its own
                # errors are workflows' answers and say nothing about the pod.
                "healthCheck": {
                    "passive": {
                        "consecutive5XxErrors": 0,
                        "splitExternalLocalOriginErrors": True,
                        "consecutiveLocalOriginFailures": 2,
                        "interval": "1s",
                        "baseEjectionTime": "10s",
                        "maxEjectionPercent": 50,
                    }
                },
            },
            opts=self.child_options(),
        )

    def _create_route(
        self, name: str, address: SplitResult, rules: list[dict[str, object]]
    ) -> None:
        CustomResource(
            name,
            api_version=_API_VERSION,
            kind="HTTPRoute",
            metadata=self._metadata(name),
            spec={
                "parentRefs": [{"name": GATEWAY, "sectionName": name}],
                "hostnames": [address.hostname],
                "rules": rules,
            },
            opts=self.child_options(),
        )

    def _metadata(self, name: str) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=name, namespace=self._settings.platform.namespace, labels=labels("routing")
        )
