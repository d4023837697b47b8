"""PostgreSQL in the cluster, for local and small environments: one pod and its volume.

It has no replica and no backup: losing its volume loses everything. Larger environments give the
address of a managed database instead (`database.mode: external`).
"""

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, network, pods
from components.base import Component, digest, labels, selector
from components.connections import DatabaseConnection
from components.monitoring import access
from components.monitoring.postgres import exporter
from components.postgres_configuration import CONFIGURATION, PORT, TLS, files
from components.secrets import PlatformSecrets
from settings import Settings
from settings.types import image_version

NAME = "postgres"

_UID = 999
"""User and group `postgres` of the official Debian image."""

_DATA = "/var/lib/postgresql/data"

_SUPERUSER = "postgres"


class Postgres(Component):
    """A single PostgreSQL with TLS, its volume and its network policy.

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
        self._database = settings.database
        self._secrets = secrets
        self._version = ".".join(map(str, image_version(self._database.image)))
        configuration = self._create_configuration()
        account = self._create_service_account()
        self._create_service()
        self._create_stateful_set(configuration, account)
        self._create_disruption_budget()
        self._create_network_policy()
        self.connection = DatabaseConnection(
            host=f"{NAME}.{settings.platform.namespace}.svc.cluster.local",
            port=PORT,
            database=self._database.name,
            user=self._database.user,
            password=secrets.database_password,
            certificate_authority=secrets.database_authority,
            pod_labels=dict(selector("database", instance=NAME)),
        )
        self.register_outputs({})

    def _metadata(self, **more: str) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=NAME,
            namespace=self._settings.platform.namespace,
            labels={
                **labels("database", instance=NAME, version=self._version),
                **governance.owner(self._settings.governance),
                **more,
            },
        )

    def _data_labels(self) -> dict[str, str]:
        """n8n keeps what workflows read, which their authors choose: data about people."""
        n8n = self._settings.n8n
        return governance.data(
            self._settings.governance,
            classification="personal",
            retention_hours=max(n8n.execution_retention_hours, n8n.workflow_history_hours),
        )

    def _create_configuration(self) -> kubernetes.core.v1.ConfigMap:
        return kubernetes.core.v1.ConfigMap(
            "configuration",
            metadata=self._metadata(),
            data=files(self._settings),
            opts=self.child_options(),
        )

    def _create_service_account(self) -> kubernetes.core.v1.ServiceAccount:
        return kubernetes.core.v1.ServiceAccount(
            NAME,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _create_service(self) -> None:
        kubernetes.core.v1.Service(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.core.v1.ServiceSpecArgs(
                cluster_ip="None",
                selector=dict(selector("database", instance=NAME)),
                ports=[kubernetes.core.v1.ServicePortArgs(name="postgres", port=PORT)],
            ),
            opts=self.child_options(),
        )

    def _create_stateful_set(
        self,
        configuration: kubernetes.core.v1.ConfigMap,
        account: kubernetes.core.v1.ServiceAccount,
    ) -> None:
        chosen = dict(selector("database", instance=NAME))
        metadata = self._metadata(**self._data_labels())
        metadata.annotations = governance.single_replica(
            "For local and small environments, which can wait for a restart; others are given a "
            "managed database with a standby."
        )
        kubernetes.apps.v1.StatefulSet(
            NAME,
            metadata=metadata,
            spec=kubernetes.apps.v1.StatefulSetSpecArgs(
                service_name=NAME,
                replicas=1,
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=chosen),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(
                        labels=labels("database", instance=NAME, version=self._version),
                        # PostgreSQL reads most of its configuration only when it starts.
                        annotations={"checksum/configuration": digest(files(self._settings))},
                    ),
                    spec=self._pod(configuration, account),
                ),
                volume_claim_templates=[self._volume_claim()],
                persistent_volume_claim_retention_policy=(
                    kubernetes.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                        when_deleted="Retain", when_scaled="Retain"
                    )
                ),
            ),
            opts=self.child_options(),
        )

    def _pod(
        self,
        configuration: kubernetes.core.v1.ConfigMap,
        account: kubernetes.core.v1.ServiceAccount,
    ) -> kubernetes.core.v1.PodSpecArgs:
        tls, tls_mount = pods.secret_files(
            "tls", self._settings.secrets.database_tls_secret, TLS, keys=("tls.crt", "tls.key")
        )
        socket, socket_mount = pods.scratch("socket", "/var/run/postgresql", size="16Mi")
        temporary, temporary_mount = pods.scratch("temporary", "/tmp", size="256Mi")
        mount = kubernetes.core.v1.VolumeMountArgs
        watched = self._settings.monitoring.enabled
        return kubernetes.core.v1.PodSpecArgs(
            service_account_name=account.metadata.name,
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security(user=_UID, group=_UID),
            tolerations=pods.lost_node_tolerations(),
            # A checkpoint of everything that is in memory, before the volume is let go.
            termination_grace_period_seconds=120,
            containers=[
                kubernetes.core.v1.ContainerArgs(
                    name="postgres",
                    image=self._database.image,
                    args=["postgres", "-c", f"config_file={CONFIGURATION}/postgresql.conf"],
                    env=[
                        kubernetes.core.v1.EnvVarArgs(name="PGDATA", value=f"{_DATA}/pgdata"),
                        kubernetes.core.v1.EnvVarArgs(name="POSTGRES_USER", value=_SUPERUSER),
                        self._secrets.database_superuser_password.environment("POSTGRES_PASSWORD"),
                        kubernetes.core.v1.EnvVarArgs(name="N8N_ROLE", value=self._database.user),
                        kubernetes.core.v1.EnvVarArgs(
                            name="N8N_DATABASE", value=self._database.name
                        ),
                        self._secrets.database_password.environment("N8N_PASSWORD"),
                    ],
                    ports=[
                        kubernetes.core.v1.ContainerPortArgs(name="postgres", container_port=PORT)
                    ],
                    resources=pods.requirements(self._database.resources),
                    security_context=pods.container_security(),
                    startup_probe=self._probe(period_seconds=5, failure_threshold=60),
                    liveness_probe=self._probe(period_seconds=20, failure_threshold=6),
                    readiness_probe=self._probe(period_seconds=5, failure_threshold=3),
                    volume_mounts=[
                        mount(name="data", mount_path=_DATA),
                        mount(name="configuration", mount_path=CONFIGURATION, read_only=True),
                        mount(
                            name="configuration",
                            mount_path="/docker-entrypoint-initdb.d/create-role.sql",
                            sub_path="create-role.sql",
                            read_only=True,
                        ),
                        tls_mount,
                        socket_mount,
                        temporary_mount,
                    ],
                ),
                *([exporter(self._settings, socket_mount)] if watched else []),
            ],
            volumes=[
                kubernetes.core.v1.VolumeArgs(
                    name="configuration",
                    config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(
                        name=configuration.metadata.name
                    ),
                ),
                tls,
                socket,
                temporary,
            ],
        )

    def _probe(
        self, *, period_seconds: int, failure_threshold: int
    ) -> kubernetes.core.v1.ProbeArgs:
        return kubernetes.core.v1.ProbeArgs(
            exec_=kubernetes.core.v1.ExecActionArgs(
                # Through TCP: during its first start the image serves its socket only, and is
                # not ready although it answers there. As n8n's role: PostgreSQL would log that it
                # refuses any other.
                command=[
                    *("pg_isready", "-q", "-h", "127.0.0.1"),
                    *("-U", self._database.user, "-d", self._database.name),
                ]
            ),
            period_seconds=period_seconds,
            timeout_seconds=5,
            failure_threshold=failure_threshold,
        )

    def _volume_claim(self) -> kubernetes.core.v1.PersistentVolumeClaimArgs:
        return kubernetes.core.v1.PersistentVolumeClaimArgs(
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name="data", labels=dict(selector("database", instance=NAME))
            ),
            spec=kubernetes.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self._settings.platform.storage_class or None,
                resources=kubernetes.core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": self._database.storage}
                ),
            ),
        )

    def _create_disruption_budget(self) -> None:
        # One pod is all there is: the budget says so without ever blocking a node's drain.
        kubernetes.policy.v1.PodDisruptionBudget(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=kubernetes.meta.v1.LabelSelectorArgs(
                    match_labels=dict(selector("database", instance=NAME))
                ),
            ),
            opts=self.child_options(),
        )

    def _create_network_policy(self) -> None:
        kubernetes.networking.v1.NetworkPolicy(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(
                    match_labels=dict(selector("database", instance=NAME))
                ),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    network.ingress([network.pods({"app.kubernetes.io/name": "n8n"})], PORT),
                    *access.scrapes(self._settings, access.POSTGRES_PORT),
                ],
            ),
            opts=self.child_options(),
        )
