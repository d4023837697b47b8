"""RedisCluster: the resources around six Redis nodes in three zones."""

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, network
from components.base import Component, digest, labels, selector
from components.connections import RedisConnection
from components.monitoring import access
from components.redis import configuration, topology
from components.redis.exporter import exporter
from components.redis.node import DIRECTORIES, Node
from components.redis.topology import BUS_PORT, NAME, PODS_PER_ZONE, PORT, Zone
from components.secrets import PlatformSecrets
from settings import Settings, probing
from settings.types import image_version

N8N_USER = "n8n"
"""n8n's user in Redis; what it may do is in scripts/start.sh."""

_NODE = "node"
_BOOTSTRAP = "bootstrap"

_BOOTSTRAP_SECONDS = 540
"""When the Job is given up: after three attempts of 150 s (bootstrap.sh) and the pauses between
them, and before Pulumi stops waiting for it, which is after 600 s."""

_REFUSED = 3
"""bootstrap.sh's exit code when it won't touch what it found: trying again changes nothing."""


class RedisCluster(Component):
    """Redis Cluster: three masters and three replicas, one of each in each zone.

    Attributes:
        connection: how n8n reaches it.
    """

    area = "data"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        secrets: PlatformSecrets,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._version = ".".join(map(str, image_version(settings.redis.image)))
        self._zones = topology.zones(settings.platform.zones)
        self._domain = topology.domain(settings.platform.namespace)
        account = self._create_service_account()
        service = self._create_service()
        self._create_disruption_budget()
        policy = self._create_network_policy()
        node = Node(
            redis=settings.redis,
            configuration=self._create_configuration().metadata.name,
            environment=configuration.environment(
                settings.redis,
                domain=self._domain,
                directories=DIRECTORIES,
                watched=settings.monitoring.enabled,
            ),
            passwords_secret=settings.secrets.redis_secret,
            tls_secret=settings.secrets.redis_tls_secret,
            account=account.metadata.name,
            exporter=exporter(settings, domain=self._domain, directories=DIRECTORIES),
        )
        sets = self._create_stateful_sets(node, [service, policy])
        self._create_bootstrap(node, sets)
        self.connection = RedisConnection(
            nodes=tuple(
                f"{pod}.{self._domain}:{PORT}" for zone in self._zones for pod in zone.pods
            ),
            port=PORT,
            username=N8N_USER,
            password=secrets.redis_password,
            certificate_authority=secrets.redis_authority if settings.redis.tls else None,
            pod_labels=dict(selector(_NODE, instance=NAME)),
        )
        self.register_outputs({})

    def _metadata(
        self, name: str = NAME, *, component: str = _NODE, **more: str
    ) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.platform.namespace,
            labels={
                **self._labels(component),
                **governance.owner(self._settings.governance),
                **more,
            },
        )

    def _data_labels(self) -> dict[str, str]:
        """Jobs name executions and hold nothing of what these process.

        A finished one may stay until a thousand others have finished; it is of no use once the
        execution that it names is gone.
        """
        return governance.data(
            self._settings.governance,
            classification="confidential",
            retention_hours=self._settings.n8n.execution_retention_hours,
        )

    def _labels(self, component: str) -> dict[str, str]:
        return labels(component, instance=NAME, version=self._version)

    def _create_service_account(self) -> kubernetes.core.v1.ServiceAccount:
        return kubernetes.core.v1.ServiceAccount(
            NAME,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _create_configuration(self) -> kubernetes.core.v1.ConfigMap:
        files = configuration.files(
            self._settings.redis,
            topology.shards(self._zones),
            DIRECTORIES,
            watched=self._settings.monitoring.enabled,
        )
        # Named after its content: a change makes another one and so restarts the pods, zone after
        # zone, while those that still run keep theirs.
        return kubernetes.core.v1.ConfigMap(
            "configuration",
            metadata=self._metadata(f"{NAME}-{digest(files)}"),
            data=files,
            immutable=True,
            opts=self.child_options(),
        )

    def _create_service(self) -> kubernetes.core.v1.Service:
        return kubernetes.core.v1.Service(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                cluster_ip="None",
                # Nodes find each other by name in order to become ready.
                publish_not_ready_addresses=True,
                selector=dict(selector(_NODE, instance=NAME)),
                ports=[
                    kubernetes.core.v1.ServicePortArgs(name="redis", port=PORT),
                    kubernetes.core.v1.ServicePortArgs(name="bus", port=BUS_PORT),
                ],
            ),
            opts=self.child_options(),
        )

    def _create_disruption_budget(self) -> None:
        kubernetes.policy.v1.PodDisruptionBudget(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                # A node that is broken already does not block the drain of its machine.
                unhealthy_pod_eviction_policy="AlwaysAllow",
                selector=kubernetes.meta.v1.LabelSelectorArgs(
                    match_labels=dict(selector(_NODE, instance=NAME))
                ),
            ),
            opts=self.child_options(),
        )

    def _create_network_policy(self) -> kubernetes.networking.v1.NetworkPolicy:
        nodes = network.pods(selector(_NODE, instance=NAME))
        # The bootstrap Job's pod talks to the nodes as they talk to each other.
        everyone = {"app.kubernetes.io/name": NAME}
        return kubernetes.networking.v1.NetworkPolicy(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=everyone),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    network.ingress([network.pods({"app.kubernetes.io/name": "n8n"})], PORT),
                    network.ingress([network.pods(everyone)], PORT),
                    network.ingress([nodes], BUS_PORT),
                    *self._ingress_of_probes(),
                    *access.scrapes(self._settings, access.REDIS_PORT),
                ],
                egress=[network.egress([nodes], PORT, BUS_PORT)],
            ),
            opts=self.child_options(),
        )

    def _ingress_of_probes(self) -> list[kubernetes.networking.v1.NetworkPolicyIngressRuleArgs]:
        """Whoever looks at the certificates has no password and no certificate."""
        if not probing.redis(self._settings):
            return []
        return [network.ingress([network.pods(access.PROBES)], PORT)]

    def _create_stateful_sets(
        self, node: Node, needed: list[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        sets: list[pulumi.Resource] = []
        for zone in self._zones:
            # One zone after the other, so that a rollout never restarts two masters at once.
            sets.append(self._create_stateful_set(node, zone, [*needed, *sets[-1:]]))
        return sets

    def _create_stateful_set(
        self, node: Node, zone: Zone, needed: list[pulumi.Resource]
    ) -> kubernetes.apps.v1.StatefulSet:
        chosen = {**selector(_NODE, instance=NAME), "n8n-platform/zone": zone.stateful_set}
        return kubernetes.apps.v1.StatefulSet(
            zone.stateful_set,
            metadata=self._metadata(zone.stateful_set, **self._data_labels()),
            spec=kubernetes.apps.v1.StatefulSetSpecArgs(
                service_name=NAME,
                replicas=PODS_PER_ZONE,
                # Both at once: a node that waits for its zone's other one may wait for ever.
                pod_management_policy="Parallel",
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=chosen),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(
                        labels={**self._labels(_NODE), **chosen}
                    ),
                    spec=node.pod(zone, chosen),
                ),
                volume_claim_templates=[self._volume_claim(chosen)],
                persistent_volume_claim_retention_policy=(
                    kubernetes.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                        when_deleted="Retain", when_scaled="Retain"
                    )
                ),
            ),
            opts=self.child_options(depends_on=needed),
        )

    def _volume_claim(self, chosen: dict[str, str]) -> kubernetes.core.v1.PersistentVolumeClaimArgs:
        return kubernetes.core.v1.PersistentVolumeClaimArgs(
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name="data", labels=chosen),
            spec=kubernetes.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self._settings.platform.storage_class or None,
                resources=kubernetes.core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": self._settings.redis.storage}
                ),
            ),
        )

    def _create_bootstrap(self, node: Node, sets: list[pulumi.Resource]) -> None:
        metadata = self._metadata(f"{NAME}-{_BOOTSTRAP}", component=_BOOTSTRAP)
        # A Job that failed is made again by the next `up`. One that is done stays: its log says
        # what it did, and deleting it after a while would look like drift.
        metadata.annotations = {"pulumi.com/replaceUnready": "true"}
        kubernetes.batch.v1.Job(
            _BOOTSTRAP,
            metadata=metadata,
            spec=kubernetes.batch.v1.JobSpecArgs(
                backoff_limit=2,
                active_deadline_seconds=_BOOTSTRAP_SECONDS,
                pod_failure_policy=kubernetes.batch.v1.PodFailurePolicyArgs(
                    rules=[
                        kubernetes.batch.v1.PodFailurePolicyRuleArgs(
                            action="FailJob",
                            on_exit_codes=kubernetes.batch.v1.PodFailurePolicyOnExitCodesRequirementArgs(
                                operator="In", values=[_REFUSED]
                            ),
                        )
                    ]
                ),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=self._labels(_BOOTSTRAP)),
                    spec=node.bootstrap_pod(),
                ),
            ),
            opts=self.child_options(depends_on=sets),
        )
