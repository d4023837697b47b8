"""n8n's own backup: workflows and encrypted credentials as files, and the test that they restore.

The database has a backup of its own, with executions and accounts; in AWS see `components/aws`. The
volume is in one zone; in AWS each backup is also copied to S3, and from there to the peer's region.
"""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from components import governance, network, pods
from components.base import Component, labels, selector
from components.connections import BackupBucket, DatabaseConnection
from components.jobs import backup_copy, job
from components.jobs.job import Volume, Work
from components.secrets import PlatformSecrets
from settings import Settings, sizing
from settings.types import image_version

NAME = "n8n-backup"
TEST_NAME = "n8n-restore-test"

_BACKUP, _TEST = "backup", "restore-test"
_FOLDER = "/backup"
_UID = 1000
"""User and group `node` of n8n's image."""

_POSTGRES_UID = 999
_POSTGRES_DATA = "/var/lib/postgresql/data"

_SECONDS = 1800
"""A command of n8n takes some 3 s to load, and files of 1000 workflows seconds; measured."""


class Backup(Component):
    """The CronJobs `n8n-backup` and `n8n-restore-test`, and the volume with the backups.

    A standby has the volume alone: its database can only be read, and its primary makes backups.
    """

    area = "jobs"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        database: DatabaseConnection,
        secrets: PlatformSecrets,
        bucket: BackupBucket | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            database: n8n's.
            secrets: the encryption key.
            bucket: where each backup is copied to; None: nowhere.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._database = database
        self._secrets = secrets
        self._bucket = bucket
        self._account = self._create_service_account()
        self._scripts = self._create_scripts()
        self._volume = self._create_volume()
        self._create_network_policy()
        if settings.works:
            self._create_backup()
            self._create_test()
        self.register_outputs({})

    def _labels(self, part: str) -> dict[str, str]:
        version = ".".join(map(str, image_version(self._settings.n8n.image)))
        return labels(part, version=version)

    def _metadata(
        self, name: str = NAME, part: str = _BACKUP, **more: str
    ) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.platform.namespace,
            labels={**self._labels(part), **governance.owner(self._settings.governance), **more},
        )

    def _create_service_account(self) -> kubernetes.core.v1.ServiceAccount:
        return kubernetes.core.v1.ServiceAccount(
            NAME,
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _create_scripts(self) -> kubernetes.core.v1.ConfigMap:
        return kubernetes.core.v1.ConfigMap(
            NAME,
            metadata=self._metadata(),
            data=job.files(
                "backup.sh", "test-backup.sh", *([backup_copy.SCRIPT] if self._bucket else [])
            ),
            opts=self.child_options(),
        )

    def _create_volume(self) -> kubernetes.core.v1.PersistentVolumeClaim:
        metadata = self._metadata(
            # Authors can pin what a node once got to its workflow: data about people.
            **governance.data(
                self._settings.governance,
                classification="personal",
                retention_hours=24 * self._settings.backup.days,
            )
        )
        # A volume that is made where its first pod runs has none until then.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        return kubernetes.core.v1.PersistentVolumeClaim(
            NAME,
            metadata=metadata,
            spec=kubernetes.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self._settings.platform.storage_class or None,
                resources=kubernetes.core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": self._settings.backup.storage}
                ),
            ),
            opts=self.child_options(protect=True),
        )

    def _create_network_policy(self) -> None:
        """For backups; the test of one reaches nobody, as the namespace says by default."""
        database = self._database
        to_bucket = backup_copy.egress(self._settings) if self._bucket else []
        kubernetes.networking.v1.NetworkPolicy(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(
                    match_labels=dict(selector(_BACKUP))
                ),
                policy_types=["Ingress", "Egress"],
                egress=[
                    network.egress_to_database(database.pod_labels, database.port),
                    *to_bucket,
                ],
            ),
            opts=self.child_options(),
        )
        if self._bucket and self._settings.platform.egress == "names":
            CustomResource(
                NAME,
                api_version="cilium.io/v2",
                kind="CiliumNetworkPolicy",
                metadata=self._metadata(),
                spec=backup_copy.by_name(dict(selector(_BACKUP)), self._bucket),
                opts=self.child_options(),
            )

    def _create_backup(self) -> None:
        database = self._database
        backups = job.claimed("backups", _FOLDER, self._volume)
        volumes = [*self._n8n_volumes(), job.authority(database), backups]
        container = self._n8n(
            ["backup.sh", _FOLDER, "export:workflow", "export:credentials"],
            {
                "DB_POSTGRESDB_HOST": database.host,
                "DB_POSTGRESDB_PORT": str(database.port),
                "DB_POSTGRESDB_DATABASE": database.database,
                "DB_POSTGRESDB_USER": database.user,
                "DB_POSTGRESDB_POOL_SIZE": str(sizing.COMMAND_CONNECTIONS),
                "DB_POSTGRESDB_SSL_ENABLED": "true",
                "DB_POSTGRESDB_SSL_REJECT_UNAUTHORIZED": "true",
                "DB_POSTGRESDB_SSL_CA_FILE": job.AUTHORITY_FILE,
                "KEEP_DAYS": str(self._settings.backup.days),
            },
            volumes,
        )
        schedule = self._settings.backup.schedule
        if self._bucket is None:
            self._create_cron_job(NAME, _BACKUP, schedule, container, volumes)
            return
        home = backup_copy.home()
        copy = backup_copy.container(
            self._settings,
            self._bucket,
            folder=_FOLDER,
            volumes=[job.scripts(self._scripts), backups.read_only(), home],
        )
        # It fails with the copy: a backup that never left its zone is stale.
        self._create_cron_job(NAME, _BACKUP, schedule, copy, [*volumes, home], first=[container])

    def _create_test(self) -> None:
        data = job.scratch("database", _POSTGRES_DATA, size="2Gi")
        socket = job.scratch("socket", "/var/run/postgresql", size="16Mi")
        volumes = [
            *self._n8n_volumes(),
            job.claimed("backups", _FOLDER, self._volume, read_only=True),
        ]
        container = self._n8n(
            ["test-backup.sh", _FOLDER, "import:workflow", "import:credentials"],
            {
                "DB_POSTGRESDB_HOST": "127.0.0.1",
                "DB_POSTGRESDB_DATABASE": "n8n",
                "DB_POSTGRESDB_USER": "postgres",
            },
            volumes,
        )
        self._create_cron_job(
            TEST_NAME,
            _TEST,
            self._settings.backup.test_schedule,
            container,
            volumes,
            beside=(self._scratch_database([data, socket]), [data, socket]),
        )

    def _create_cron_job(
        self,
        name: str,
        part: str,
        schedule: str,
        container: kubernetes.core.v1.ContainerArgs,
        volumes: list[Volume],
        *,
        beside: tuple[kubernetes.core.v1.ContainerArgs, list[Volume]] | None = None,
        first: Sequence[kubernetes.core.v1.ContainerArgs] = (),
    ) -> None:
        sidecar, more = beside or (None, [])
        work = Work(
            schedule=schedule,
            timezone=self._settings.n8n.timezone,
            seconds=_SECONDS,
            container=container,
            user=_UID,
            volumes=[*volumes, *more],
            sidecars=[sidecar] if sidecar else [],
            first=first,
        )
        kubernetes.batch.v1.CronJob(
            name,
            metadata=self._metadata(name, part),
            spec=job.spec(work, pod_labels=self._labels(part), service_account=self._account),
            opts=self.child_options(),
        )

    def _n8n_volumes(self) -> list[Volume]:
        return [
            job.scripts(self._scripts),
            # n8n writes its encryption key to a file there.
            job.scratch("home", "/home/node/.n8n", size="64Mi", memory=True),
            job.scratch("cache", "/home/node/.cache", size="64Mi"),
            job.scratch("temporary", "/tmp", size="1Gi"),
        ]

    def _n8n(
        self,
        arguments: list[str],
        variables: dict[str, pulumi.Input[str]],
        volumes: list[Volume],
    ) -> kubernetes.core.v1.ContainerArgs:
        """A container for one of n8n's own commands: it serves nothing and needs no Redis."""
        script, *rest = arguments
        everywhere = {
            "DB_TYPE": "postgresdb",
            "EXECUTIONS_MODE": "regular",
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS": "true",
        }
        return kubernetes.core.v1.ContainerArgs(
            name=script.removesuffix(".sh"),
            image=self._settings.n8n.image,
            command=["sh", f"{job.SCRIPTS}/{script}", *rest],
            env=[
                self._secrets.encryption_key.environment("N8N_ENCRYPTION_KEY"),
                self._password("DB_POSTGRESDB_PASSWORD"),
                *(
                    kubernetes.core.v1.EnvVarArgs(name=name, value=value)
                    for name, value in {**everywhere, **variables}.items()
                ),
            ],
            resources=pods.requirements(sizing.N8N_COMMAND),
            security_context=pods.container_security(),
            volume_mounts=[each.mount for each in volumes],
        )

    def _password(self, variable: str) -> kubernetes.core.v1.EnvVarArgs:
        """Of the database; the one of the test has the same, as it ends with its pod."""
        return self._database.password.environment(variable)

    def _scratch_database(self, volumes: list[Volume]) -> kubernetes.core.v1.ContainerArgs:
        """A PostgreSQL that only this pod reaches, and that ends with it."""
        security = pods.container_security()
        security.run_as_user = security.run_as_group = _POSTGRES_UID
        variables = {
            "PGDATA": f"{_POSTGRES_DATA}/pgdata",
            "POSTGRES_DB": "n8n",
        }
        return kubernetes.core.v1.ContainerArgs(
            name="postgres",
            image=self._settings.database.image,
            args=["postgres", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            restart_policy="Always",
            env=[
                self._password("POSTGRES_PASSWORD"),
                *(
                    kubernetes.core.v1.EnvVarArgs(name=name, value=value)
                    for name, value in variables.items()
                ),
            ],
            resources=pods.requirements(sizing.SCRATCH_DATABASE),
            security_context=security,
            startup_probe=kubernetes.core.v1.ProbeArgs(
                # Through TCP: during its first start the image serves its socket only.
                exec_=kubernetes.core.v1.ExecActionArgs(
                    command=["pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres", "-d", "n8n"]
                ),
                period_seconds=2,
                failure_threshold=60,
            ),
            volume_mounts=[each.mount for each in volumes],
        )
