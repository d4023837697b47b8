"""The pod that all tiers of n8n run in; a tier says only what it does differently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_kubernetes as kubernetes

from components import pods
from components.connections import SecretKey
from components.n8n.credentials import Credentials
from components.n8n.environment import PORT, Environment, Variables
from settings.n8n import MainSettings, WebhookSettings, WorkerSettings

CONTAINER = "n8n"
STARTUP_SECONDS = 600
"""How long a pod may take until it answers. At rest it is half a minute; after an upgrade the first
pod, of whichever tier, migrates the database while the others wait for its lock."""

READINESS_PATH = "/healthz/readiness"
"""Which n8n answers with 200 while it is connected to a database whose schema is its own."""

_UID = 1000
"""User and group `node` of n8n's image."""

_PROBE_SECONDS = 10
_STARTUP_PROBE_SECONDS = 3
"""Looked at more often than later: a pod that is up should serve at once."""


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """A container beside n8n, and the volumes that it brings along."""

    container: kubernetes.core.v1.ContainerArgs
    volumes: Sequence[kubernetes.core.v1.VolumeArgs] = ()


@dataclass(frozen=True, kw_only=True)
class Process:
    """How one tier runs n8n.

    Attributes:
        arguments: n8n's command and its options; the image's own entry point stays.
        settings: size and drain of the tier.
        variables: environment variables of this tier alone.
        secrets: environment variables of this tier alone that come from Secrets.
        credentials: the keys of outside services, if the tier uses them.
        files: volumes that this tier alone reads, and where n8n sees them.
        rereads: Secrets whose files are read again when they change, so that `make rotate` restarts
            nothing for them.
        sidecars: containers that start before n8n, in this order, and stop after it.
    """

    arguments: Sequence[str]
    settings: MainSettings | WebhookSettings | WorkerSettings
    variables: Variables = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    credentials: Credentials | None = None
    files: Sequence[tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]] = ()
    rereads: Sequence[str] = ()
    sidecars: Sequence[Sidecar] = ()


def n8n_pod(
    process: Process,
    environment: Environment,
    *,
    service_account: kubernetes.core.v1.ServiceAccount,
    pod_labels: dict[str, str],
) -> kubernetes.core.v1.PodSpecArgs:
    """The pod of one tier.

    Args:
        process: what the tier does differently.
        environment: what all tiers are told.
        service_account: its identity, which gives no right to anything.
        pod_labels: labels that choose the tier's pods, to spread them.
    """
    # n8n writes a copy of its encryption key to its settings file: memory, not a node's disk. The
    # event log beside it keeps four files of 10 MiB.
    home = pods.scratch("home", "/home/node/.n8n", size="128Mi", memory=True)
    # The editor's files, with the environment's addresses in them.
    cache = pods.scratch("cache", "/home/node/.cache", size="512Mi")
    temporary = pods.scratch("temporary", "/tmp", size="1Gi")
    credentials = process.credentials.files if process.credentials else []
    mounted = [home, cache, temporary, *environment.files(), *credentials, *process.files]
    return kubernetes.core.v1.PodSpecArgs(
        service_account_name=service_account.metadata.name,
        automount_service_account_token=False,
        # Kubernetes' variables for Services named n8n-… would look like n8n's own settings.
        enable_service_links=False,
        security_context=pods.pod_security(user=_UID, group=_UID),
        tolerations=pods.lost_node_tolerations(),
        topology_spread_constraints=pods.spread_over_zones_and_nodes(pod_labels),
        termination_grace_period_seconds=process.settings.grace_period_seconds,
        init_containers=[each.container for each in process.sidecars] or None,
        containers=[_container(process, environment, [mount for _, mount in mounted])],
        volumes=[
            *(volume for volume, _ in mounted),
            *(volume for sidecar in process.sidecars for volume in sidecar.volumes),
        ],
    )


def _container(
    process: Process,
    environment: Environment,
    mounts: list[kubernetes.core.v1.VolumeMountArgs],
) -> kubernetes.core.v1.ContainerArgs:
    return kubernetes.core.v1.ContainerArgs(
        name=CONTAINER,
        image=environment.settings.n8n.image,
        args=list(process.arguments),
        env=environment.variables(
            {
                "DB_POSTGRESDB_POOL_SIZE": str(process.settings.database_connections),
                "N8N_GRACEFUL_SHUTDOWN_TIMEOUT": str(process.settings.graceful_shutdown_seconds),
                **(process.credentials.variables if process.credentials else {}),
                **process.variables,
            },
            process.secrets,
        ),
        ports=[kubernetes.core.v1.ContainerPortArgs(name="http", container_port=PORT)],
        resources=pods.requirements(process.settings.resources),
        security_context=pods.container_security(),
        lifecycle=_keep_serving(process.settings.pre_stop_seconds),
        startup_probe=_probe(
            "/healthz",
            failures=STARTUP_SECONDS // _STARTUP_PROBE_SECONDS,
            period=_STARTUP_PROBE_SECONDS,
        ),
        liveness_probe=_probe("/healthz", failures=6),
        # Not ready without the database, for workers also without Redis.
        readiness_probe=_probe(READINESS_PATH, failures=3),
        volume_mounts=mounts,
    )


def _probe(
    path: str, *, failures: int, period: int = _PROBE_SECONDS
) -> kubernetes.core.v1.ProbeArgs:
    return kubernetes.core.v1.ProbeArgs(
        http_get=kubernetes.core.v1.HTTPGetActionArgs(path=path, port="http"),
        period_seconds=period,
        # n8n answers from the one thread that also executes: under load that takes longer than
        # the default of 1 s.
        timeout_seconds=5,
        failure_threshold=failures,
    )


def _keep_serving(seconds: int) -> kubernetes.core.v1.LifecycleArgs | None:
    if seconds == 0:
        return None
    return kubernetes.core.v1.LifecycleArgs(
        pre_stop=kubernetes.core.v1.LifecycleHandlerArgs(
            sleep=kubernetes.core.v1.SleepActionArgs(seconds=seconds)
        )
    )
