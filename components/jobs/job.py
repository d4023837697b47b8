"""What the platform's CronJobs have in common: one pod at a time, its volumes, its time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import pulumi_kubernetes as kubernetes

from components import pods
from components.connections import DatabaseConnection

SCRIPTS = "/etc/n8n-jobs"
"""Where the pods find the programs of this folder."""

LEFT_FOR_A_PERSON = 3
"""Exit status of a program that did what it can: trying again would not change anything."""

_AUTHORITY = "/etc/database"
AUTHORITY_FILE = f"{_AUTHORITY}/ca.crt"
"""The certificate that the database's is checked against."""

_FOLDER = Path(__file__).parent / "scripts"
_ATTEMPTS = 3
_LATE_SECONDS = 6 * 3600
"""How late a job may still begin, for example after a lost control plane."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume and where a container sees it."""

    volume: kubernetes.core.v1.VolumeArgs
    mount: kubernetes.core.v1.VolumeMountArgs

    def read_only(self) -> Self:
        """The same volume for a container that does not write to it."""
        mount = kubernetes.core.v1.VolumeMountArgs(
            name=self.mount.name, mount_path=self.mount.mount_path, read_only=True
        )
        return replace(self, mount=mount)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a CronJob does.

    Attributes:
        schedule: of cron.
        timezone: in which the schedule is meant.
        seconds: after which it is ended, and has failed.
        container: its program.
        user: number of the user and group of its image.
        volumes: its volumes.
        sidecars: what runs beside it, and is ready before it begins.
        first: what runs to its end before it begins, and without which it does not.
    """

    schedule: str
    timezone: str
    seconds: int
    container: kubernetes.core.v1.ContainerArgs
    user: int
    volumes: Sequence[Volume]
    sidecars: Sequence[kubernetes.core.v1.ContainerArgs] = field(default_factory=tuple)
    first: Sequence[kubernetes.core.v1.ContainerArgs] = field(default_factory=tuple)


def files(*names: str) -> dict[str, str]:
    """Programs of this folder by name, as a ConfigMap holds them."""
    return {name: (_FOLDER / name).read_text() for name in names}


def scripts(config_map: kubernetes.core.v1.ConfigMap) -> Volume:
    """The programs, for `sh` to read: nothing on a volume is executable."""
    return Volume(
        volume=kubernetes.core.v1.VolumeArgs(
            name="scripts",
            config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(name=config_map.metadata.name),
        ),
        mount=kubernetes.core.v1.VolumeMountArgs(
            name="scripts", mount_path=SCRIPTS, read_only=True
        ),
    )


def scratch(name: str, path: str, *, size: str, memory: bool = False) -> Volume:
    """An empty directory that ends with the pod; see `pods.scratch`."""
    volume, mount = pods.scratch(name, path, size=size, memory=memory)
    return Volume(volume=volume, mount=mount)


def claimed(
    name: str,
    path: str,
    claim: kubernetes.core.v1.PersistentVolumeClaim,
    *,
    read_only: bool = False,
) -> Volume:
    """A volume that outlives the pod."""
    return Volume(
        volume=kubernetes.core.v1.VolumeArgs(
            name=name,
            persistent_volume_claim=kubernetes.core.v1.PersistentVolumeClaimVolumeSourceArgs(
                claim_name=claim.metadata.name
            ),
        ),
        mount=kubernetes.core.v1.VolumeMountArgs(
            name=name, mount_path=path, read_only=read_only or None
        ),
    )


def authority(database: DatabaseConnection) -> Volume:
    """The database's authority as `AUTHORITY_FILE`, whatever its key is called."""
    certificate = database.certificate_authority
    return Volume(
        volume=kubernetes.core.v1.VolumeArgs(
            name="authority",
            secret=kubernetes.core.v1.SecretVolumeSourceArgs(
                secret_name=certificate.name,
                default_mode=0o440,
                items=[kubernetes.core.v1.KeyToPathArgs(key=certificate.key, path="ca.crt")],
            ),
        ),
        mount=kubernetes.core.v1.VolumeMountArgs(
            name="authority", mount_path=_AUTHORITY, read_only=True
        ),
    )


def spec(
    work: Work,
    *,
    pod_labels: Mapping[str, str],
    service_account: kubernetes.core.v1.ServiceAccount,
) -> kubernetes.batch.v1.CronJobSpecArgs:
    """The CronJob: never two at a time, and what failed is tried again unless that is in vain."""
    return kubernetes.batch.v1.CronJobSpecArgs(
        schedule=work.schedule,
        time_zone=work.timezone,
        concurrency_policy="Forbid",
        starting_deadline_seconds=_LATE_SECONDS,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=1,
        job_template=kubernetes.batch.v1.JobTemplateSpecArgs(
            spec=kubernetes.batch.v1.JobSpecArgs(
                backoff_limit=_ATTEMPTS - 1,
                active_deadline_seconds=work.seconds,
                pod_failure_policy=kubernetes.batch.v1.PodFailurePolicyArgs(
                    rules=[
                        kubernetes.batch.v1.PodFailurePolicyRuleArgs(
                            action="FailJob",
                            on_exit_codes=kubernetes.batch.v1.PodFailurePolicyOnExitCodesRequirementArgs(
                                operator="In", values=[LEFT_FOR_A_PERSON]
                            ),
                        )
                    ]
                ),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=dict(pod_labels)),
                    spec=_pod(work, service_account),
                ),
            )
        ),
    )


def _pod(
    work: Work, service_account: kubernetes.core.v1.ServiceAccount
) -> kubernetes.core.v1.PodSpecArgs:
    return kubernetes.core.v1.PodSpecArgs(
        restart_policy="Never",
        service_account_name=service_account.metadata.name,
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=pods.pod_security(user=work.user, group=work.user),
        tolerations=pods.lost_node_tolerations(),
        init_containers=[*work.sidecars, *work.first] or None,
        containers=[work.container],
        volumes=[each.volume for each in work.volumes],
    )
