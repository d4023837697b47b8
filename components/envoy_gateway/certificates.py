"""The certificates with which controller and Envoys know each other, made in the cluster once.

The chart has this Job as a hook, which Pulumi does not run. No key of it reaches Pulumi's state.
They are valid for five years; how to have new ones: docs/runbooks/rotate-a-key.md.
"""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, network, pods
from components.base import Component, labels
from settings import Settings
from settings.platform import Resources
from settings.types import image_version

CERTGEN = Resources(
    cpu_request="10m", memory_request="32Mi", cpu_limit="500m", memory_limit="256Mi"
)
"""What the Job may use: it is one start of the controller's own program."""

_NAME = "envoy-gateway-certgen"
_INSTANCE = "envoy-gateway"
_COMPONENT = "certificates"
_USER = 65532
"""The image's own user."""

_ATTEMPTS = 3
_SECONDS = 300
"""In which all of them end; a pull of the image takes most of it."""

_SECRETS = ["envoy-gateway", "envoy", "envoy-rate-limit", "envoy-oidc-hmac"]
"""What it makes if there is none of that name (CertsToSecret of Envoy Gateway's sources)."""

_API_SERVER_PORTS = (443, 6443)
"""The API server behind its Service; and where managed and own clusters serve it."""


class Certificates(Component):
    """A Job that makes them, and what it may do."""

    area = "network"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        account = self._create_account()
        self._create_job(account, [*self._create_rights(), self._create_network_policy()])
        self.register_outputs({})

    def _create_account(self) -> kubernetes.core.v1.ServiceAccount:
        return kubernetes.core.v1.ServiceAccount(
            _NAME,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _create_rights(self) -> Sequence[pulumi.Resource]:
        role = kubernetes.rbac.v1.Role(
            _NAME,
            metadata=self._metadata(),
            rules=[
                kubernetes.rbac.v1.PolicyRuleArgs(
                    api_groups=[""],
                    resources=["secrets"],
                    resource_names=_SECRETS,
                    verbs=["get", "update"],
                ),
                # Of what is yet to be created, no rule can say the name.
                kubernetes.rbac.v1.PolicyRuleArgs(
                    api_groups=[""], resources=["secrets"], verbs=["create"]
                ),
            ],
            opts=self.child_options(),
        )
        binding = kubernetes.rbac.v1.RoleBinding(
            _NAME,
            metadata=self._metadata(),
            role_ref=kubernetes.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="Role", name=_NAME
            ),
            subjects=[
                kubernetes.rbac.v1.SubjectArgs(
                    kind="ServiceAccount",
                    name=_NAME,
                    namespace=self._settings.routing.gateway_namespace,
                )
            ],
            opts=self.child_options(),
        )
        return [role, binding]

    def _create_network_policy(self) -> pulumi.Resource:
        return kubernetes.networking.v1.NetworkPolicy(
            _NAME,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=_labels()),
                policy_types=["Egress"],
                # Where the API server is, no policy can say: it is no pod, and its address is the
                # cluster's own.
                egress=[network.egress([network.anywhere_but_metadata()], *_API_SERVER_PORTS)],
            ),
            opts=self.child_options(),
        )

    def _create_job(
        self, account: kubernetes.core.v1.ServiceAccount, after: Sequence[pulumi.Resource]
    ) -> None:
        metadata = self._metadata()
        # One that failed is made again by the next `up`. One that is done stays: deleting it after
        # a while would look like drift.
        metadata.annotations = {"pulumi.com/replaceUnready": "true"}
        kubernetes.batch.v1.Job(
            _NAME,
            metadata=metadata,
            spec=kubernetes.batch.v1.JobSpecArgs(
                backoff_limit=_ATTEMPTS - 1,
                active_deadline_seconds=_SECONDS,
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=_labels()),
                    spec=kubernetes.core.v1.PodSpecArgs(
                        service_account_name=account.metadata.name,
                        # It writes Secrets through the API server, and does nothing else.
                        automount_service_account_token=True,
                        enable_service_links=False,
                        restart_policy="Never",
                        security_context=pods.pod_security(user=_USER, group=_USER),
                        containers=[self._container()],
                    ),
                ),
            ),
            opts=self.child_options(depends_on=[*after]),
        )

    def _container(self) -> kubernetes.core.v1.ContainerArgs:
        own_namespace = kubernetes.core.v1.EnvVarSourceArgs(
            field_ref=kubernetes.core.v1.ObjectFieldSelectorArgs(field_path="metadata.namespace")
        )
        return kubernetes.core.v1.ContainerArgs(
            name="certgen",
            image=self._settings.routing.controller_image,
            command=["envoy-gateway", "certgen", "--disable-topology-injector"],
            env=[
                kubernetes.core.v1.EnvVarArgs(
                    name="ENVOY_GATEWAY_NAMESPACE", value_from=own_namespace
                ),
                kubernetes.core.v1.EnvVarArgs(
                    name="KUBERNETES_CLUSTER_DOMAIN", value="cluster.local"
                ),
            ],
            resources=pods.requirements(CERTGEN),
            security_context=pods.container_security(),
        )

    def _release(self) -> str:
        return ".".join(map(str, image_version(self._settings.routing.controller_image)))

    def _metadata(self) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=_NAME,
            namespace=self._settings.routing.gateway_namespace,
            labels={
                **labels(_COMPONENT, instance=_INSTANCE, version=self._release()),
                **governance.owner(self._settings.governance),
            },
        )


def _labels() -> dict[str, str]:
    return labels(_COMPONENT, instance=_INSTANCE)
