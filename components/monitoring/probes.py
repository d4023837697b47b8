"""The blackbox exporter: asks from outside what clients ask, when Prometheus asks it to."""

import pulumi
import pulumi_kubernetes as kubernetes
import yaml
from pulumi_kubernetes.apiextensions import CustomResource

from components import governance, network, pods
from components.base import Component, digest, labels, selector
from components.monitoring import access, blackbox
from components.redis import topology
from settings import Settings, probing, sizing
from settings.types import image_version

_NAME = access.BLACKBOX_EXPORTER
_UID = 65534
"""User `nobody`. The image itself would run as root."""

_CONFIGURATION = "/etc/blackbox_exporter"
_FILE = "config.yml"


class Probes(Component):
    """The exporter, and what Prometheus is to have it ask.

    It may connect to what it asks and to nothing else, and only Prometheus to it: it would ask
    whatever a request names.
    """

    area = "monitoring"

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._probes = tuple(blackbox.probes(settings))
        account = self._create_service_account()
        configuration = self._create_configuration()
        policy = self._create_network_policy()
        self._create_deployment(account, configuration, policy)
        service = self._create_service()
        self._create_probes(service)
        self.register_outputs({})

    def _metadata(
        self, name: str = _NAME, annotations: dict[str, str] | None = None
    ) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.platform.namespace,
            labels={**self._labels(), **governance.owner(self._settings.governance)},
            annotations=annotations,
        )

    def _labels(self) -> dict[str, str]:
        version = image_version(self._settings.monitoring.blackbox_exporter_image)
        return labels("probes", instance=_NAME, version=".".join(map(str, version)))

    def _create_service_account(self) -> kubernetes.core.v1.ServiceAccount:
        return kubernetes.core.v1.ServiceAccount(
            _NAME,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _create_configuration(self) -> kubernetes.core.v1.ConfigMap:
        files = {_FILE: yaml.safe_dump(blackbox.configuration(self._probes))}
        # Named after its content: the exporter reads it at its start only.
        return kubernetes.core.v1.ConfigMap(
            "configuration",
            metadata=self._metadata(f"{_NAME}-{digest(files)}"),
            data=files,
            immutable=True,
            opts=self.child_options(),
        )

    def _create_network_policy(self) -> kubernetes.networking.v1.NetworkPolicy:
        return kubernetes.networking.v1.NetworkPolicy(
            _NAME,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=dict(access.PROBES)),
                policy_types=["Ingress", "Egress"],
                ingress=access.scrapes(self._settings, access.BLACKBOX_PORT),
                egress=[*self._egress_to_redis(), *self._egress_to_the_way_in()],
            ),
            opts=self.child_options(),
        )

    def _egress_to_redis(self) -> list[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs]:
        if not probing.redis(self._settings):
            return []
        nodes = network.pods(selector("node", instance=topology.NAME))
        return [network.egress([nodes], topology.PORT)]

    def _egress_to_the_way_in(self) -> list[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs]:
        """By the public address, wherever DNS says that it is.

        That may be a private one, which settings name; and where the cluster knows the address of
        its own load balancer, packets go to the gateway's pods at once. It is open while the
        platform waits, too: what may be reached depends on no role, and is one exception.
        """
        asked = {each.port or 443 for each in probing.public(self._settings).values()}
        if not asked:
            return []
        # Envoy Gateway's pods listen ten thousand above ports that only root may open.
        behind = {port + 10_000 for port in asked if port < 1024}
        gateway = network.namespace(self._settings.routing.gateway_namespace)
        return [
            network.egress([network.public()], *sorted(asked)),
            network.egress([gateway], *sorted(asked | behind)),
            *network.egress_to_private_destinations(self._settings, *asked),
        ]

    def _create_deployment(
        self,
        account: kubernetes.core.v1.ServiceAccount,
        configuration: kubernetes.core.v1.ConfigMap,
        policy: kubernetes.networking.v1.NetworkPolicy,
    ) -> None:
        secret = self._settings.secrets.redis_tls_secret
        rereads = {governance.REREADS: secret} if probing.redis(self._settings) else None
        kubernetes.apps.v1.Deployment(
            _NAME,
            metadata=self._metadata(
                annotations=governance.single_replica(
                    "It keeps nothing, and is asked again 30 seconds later. Lost, it is started "
                    "again in another zone; that it stays away is N8nMetricsMissing."
                )
            ),
            spec=kubernetes.apps.v1.DeploymentSpecArgs(
                replicas=1,
                # The quota has room for one.
                strategy=kubernetes.apps.v1.DeploymentStrategyArgs(type="Recreate"),
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=dict(access.PROBES)),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(
                        labels=self._labels(), annotations=rereads
                    ),
                    spec=self._pod(account, configuration),
                ),
            ),
            opts=self.child_options(depends_on=[policy]),
        )

    def _pod(
        self,
        account: kubernetes.core.v1.ServiceAccount,
        configuration: kubernetes.core.v1.ConfigMap,
    ) -> kubernetes.core.v1.PodSpecArgs:
        volumes = [
            kubernetes.core.v1.VolumeArgs(
                name="configuration",
                config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(
                    name=configuration.metadata.name
                ),
            )
        ]
        mounts = [
            kubernetes.core.v1.VolumeMountArgs(
                name="configuration", mount_path=_CONFIGURATION, read_only=True
            )
        ]
        if probing.redis(self._settings):
            authority, mount = pods.secret_files(
                "authority",
                self._settings.secrets.redis_tls_secret,
                blackbox.AUTHORITY,
                keys=("ca.crt",),
            )
            volumes.append(authority)
            mounts.append(mount)
        return kubernetes.core.v1.PodSpecArgs(
            service_account_name=account.metadata.name,
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security(user=_UID, group=_UID),
            tolerations=pods.lost_node_tolerations(),
            containers=[self._container(mounts)],
            volumes=volumes,
        )

    def _container(
        self, mounts: list[kubernetes.core.v1.VolumeMountArgs]
    ) -> kubernetes.core.v1.ContainerArgs:
        healthy = kubernetes.core.v1.HTTPGetActionArgs(path="/-/healthy", port="http")
        return kubernetes.core.v1.ContainerArgs(
            name="exporter",
            image=self._settings.monitoring.blackbox_exporter_image,
            args=[
                f"--config.file={_CONFIGURATION}/{_FILE}",
                f"--web.listen-address=:{access.BLACKBOX_PORT}",
            ],
            ports=[
                kubernetes.core.v1.ContainerPortArgs(
                    name="http", container_port=access.BLACKBOX_PORT
                )
            ],
            resources=pods.requirements(sizing.EXPORTER),
            security_context=pods.container_security(),
            readiness_probe=kubernetes.core.v1.ProbeArgs(http_get=healthy, period_seconds=5),
            liveness_probe=kubernetes.core.v1.ProbeArgs(
                http_get=healthy, period_seconds=20, timeout_seconds=5, failure_threshold=6
            ),
            volume_mounts=mounts,
        )

    def _create_service(self) -> kubernetes.core.v1.Service:
        return kubernetes.core.v1.Service(
            _NAME,
            metadata=self._metadata(),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector=dict(access.PROBES),
                ports=[
                    kubernetes.core.v1.ServicePortArgs(
                        name="http", port=access.BLACKBOX_PORT, target_port="http"
                    )
                ],
            ),
            opts=self.child_options(),
        )

    def _create_probes(self, service: kubernetes.core.v1.Service) -> None:
        host = f"{_NAME}.{self._settings.platform.namespace}.svc.cluster.local"
        for probe in self._probes:
            CustomResource(
                probe.job,
                api_version="monitoring.coreos.com/v1",
                kind="Probe",
                metadata=self._metadata(probe.name),
                spec=probe.spec(exporter=host),
                opts=self.child_options(depends_on=[service]),
            )
