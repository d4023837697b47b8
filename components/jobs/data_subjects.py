"""Jobs that answer people: one hands out their data, one deletes it (GDPR Art. 15, 17 and 20).

They look where n8n keeps what workflows work on: the data of executions and its files. Where else a
person occurs in n8n's database they say, for somebody to look. They know nothing of other systems,
which workflows sent data to, nor of backups; docs/runbooks/answer-a-data-subject.md does.

Requests are a Secret and answers are on a volume: neither is in a log, an argument or a ConfigMap.
"""

from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance, network, pods
from components.base import PART_OF, Component, labels, selector
from components.connections import DatabaseConnection
from components.jobs import job
from components.jobs.job import Volume, Work
from settings import Settings, sizing
from settings.types import image_version

NAME = "n8n-data-subjects"
"""Of what both jobs share."""

_PART = "data-subjects"
_REQUESTS = "/etc/data-subject-requests"
_EXPORTS = "/exports"
_UID = 999
"""User and group `postgres` of PostgreSQL's image, of which psql is needed."""

_SECONDS = 3600
"""A search reads all data of executions once for each request; 100 000 of them take minutes."""

Right = Literal["erasure", "export"]


class DataSubjectJobs(Component):
    """The CronJobs `n8n-erasure` and `n8n-export`, their way to the data, a volume for answers.

    A standby has no CronJobs: its database can only be read, and follows what its primary erases.
    """

    area = "jobs"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        database: DatabaseConnection,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._asked = settings.data_subjects
        self._database = database
        version = ".".join(map(str, image_version(settings.database.image)))
        self._labels = labels(_PART, version=version)
        self._account = self._create_service_account()
        self._scripts = self._create_scripts()
        exports = self._create_volume()
        self._create_network_policy()
        if settings.works:
            self._create_cron_job("export", self._asked.export_schedule, exports)
            self._create_cron_job("erasure", self._asked.erasure_schedule)
        self.register_outputs({})

    def _metadata(self, name: str = NAME, **more: str) -> kubernetes.meta.v1.ObjectMetaArgs:
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.platform.namespace,
            labels={**self._labels, **governance.owner(self._settings.governance), **more},
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
                "requests.sh", "search.sql", "erasure.sql", "export.sql", "answered.sql"
            ),
            opts=self.child_options(),
        )

    def _create_volume(self) -> kubernetes.core.v1.PersistentVolumeClaim:
        name = f"{NAME}-exports"
        metadata = self._metadata(
            name,
            **governance.data(
                self._settings.governance,
                classification="personal",
                retention_hours=24 * self._asked.export_days,
            ),
        )
        # A volume that is made where its first pod runs has none until then.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        return kubernetes.core.v1.PersistentVolumeClaim(
            name,
            metadata=metadata,
            spec=kubernetes.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self._settings.platform.storage_class or None,
                resources=kubernetes.core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": self._asked.export_storage}
                ),
            ),
            opts=self.child_options(protect=True),
        )

    def _create_network_policy(self) -> None:
        database = self._database
        kubernetes.networking.v1.NetworkPolicy(
            NAME,
            metadata=self._metadata(),
            spec=kubernetes.networking.v1.NetworkPolicySpecArgs(
                pod_selector=kubernetes.meta.v1.LabelSelectorArgs(
                    match_labels=dict(selector(_PART))
                ),
                policy_types=["Ingress", "Egress"],
                egress=[network.egress_to_database(database.pod_labels, database.port)],
            ),
            opts=self.child_options(),
        )

    def _create_cron_job(
        self,
        right: Right,
        schedule: str,
        exports: kubernetes.core.v1.PersistentVolumeClaim | None = None,
    ) -> None:
        name = f"n8n-{right}"
        answers = [job.claimed("exports", _EXPORTS, exports)] if exports else []
        volumes = [
            job.scripts(self._scripts),
            job.authority(self._database),
            self._requests(),
            job.scratch("temporary", "/tmp", size="16Mi", memory=True),
            *answers,
        ]
        work = Work(
            schedule=schedule,
            timezone=self._settings.n8n.timezone,
            seconds=_SECONDS,
            container=self._container(right, volumes),
            user=_UID,
            volumes=volumes,
        )
        kubernetes.batch.v1.CronJob(
            name,
            metadata=self._metadata(name, **{f"{PART_OF}/data-subject-rights": right}),
            spec=job.spec(work, pod_labels=self._labels, service_account=self._account),
            opts=self.child_options(),
        )

    def _requests(self) -> Volume:
        """Each key of the Secret as a file; without the Secret, none."""
        return Volume(
            volume=kubernetes.core.v1.VolumeArgs(
                name="requests",
                secret=kubernetes.core.v1.SecretVolumeSourceArgs(
                    secret_name=self._asked.requests_secret, default_mode=0o440, optional=True
                ),
            ),
            mount=kubernetes.core.v1.VolumeMountArgs(
                name="requests", mount_path=_REQUESTS, read_only=True
            ),
        )

    def _container(self, right: Right, volumes: list[Volume]) -> kubernetes.core.v1.ContainerArgs:
        database = self._database
        variables: dict[str, pulumi.Input[str]] = {
            "PGHOST": database.host,
            "PGPORT": str(database.port),
            "PGDATABASE": database.database,
            # The owner of n8n's tables; nobody else may delete from them.
            "PGUSER": database.user,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": job.AUTHORITY_FILE,
            "PGAPPNAME": f"n8n-{right}",
            "MAXIMUM_EXECUTIONS": str(self._asked.maximum_executions),
            "EXPORT_DAYS": str(self._asked.export_days),
        }
        return kubernetes.core.v1.ContainerArgs(
            name=right,
            image=self._settings.database.image,
            command=["sh", f"{job.SCRIPTS}/requests.sh", right, _REQUESTS, _EXPORTS],
            env=[
                database.password.environment("PGPASSWORD"),
                *(
                    kubernetes.core.v1.EnvVarArgs(name=name, value=value)
                    for name, value in variables.items()
                ),
            ],
            resources=pods.requirements(sizing.QUESTION),
            security_context=pods.container_security(),
            volume_mounts=[each.mount for each in volumes],
        )
