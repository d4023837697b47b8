"""What the platform needs at its largest: pods, CPU, memory and database connections.

Used twice, so that they cannot disagree: by the rules, which refuse settings that do not fit, and
by the components, which ask the cluster for exactly this.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

from kubernetes.utils.quantity import parse_quantity

from settings import probing
from settings.model import Settings
from settings.platform import Quota, Resources

REDIS_NODES = 6
"""Three shards of a master and a replica."""

REDIS_KEEPER = Resources(
    cpu_request="20m", memory_request="32Mi", cpu_limit="100m", memory_limit="64Mi"
)
"""The container beside each Redis node that keeps the cluster whole, and the bootstrap Job."""

EXPORTER = Resources(
    cpu_request="10m", memory_request="32Mi", cpu_limit="100m", memory_limit="64Mi"
)
"""The container beside PostgreSQL, and beside each node of Redis, that turns what it says into
metrics, where the platform is watched; and the one that asks from outside."""

QUESTION = Resources(
    cpu_request="50m", memory_request="64Mi", cpu_limit="500m", memory_limit="256Mi"
)
"""A job that answers data subjects: psql, as PostgreSQL itself searches."""

N8N_COMMAND = Resources(
    cpu_request="200m", memory_request="512Mi", cpu_limit="1", memory_limit="1Gi"
)
"""One of n8n's own commands, which loads all of n8n: its backup and the test of it."""

SCRATCH_DATABASE = Resources(
    cpu_request="100m", memory_request="128Mi", cpu_limit="500m", memory_limit="512Mi"
)
"""The PostgreSQL that a backup is restored into to test it."""

BACKUP_COPY = Resources(
    cpu_request="100m", memory_request="128Mi", cpu_limit="500m", memory_limit="256Mi"
)
"""The AWS CLI that copies a backup to S3: 93 MiB and 7 s of CPU for 1000 files, three of them of
40 MB; measured with 2.9.19. It is not counted: it runs when the backup in its pod has ended, and
asks for less, so that the pod needs what `N8N_COMMAND` does."""

COMMAND_CONNECTIONS = 2
"""Of one of n8n's own commands to the database: n8n's default."""

_QUESTIONS = 2
"""Requests for data and for erasure, which can overlap."""

_SPARE_PODS = 4
"""Room for what comes and goes: the Redis bootstrap Job and an operator's debugging pods."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a number of pods asks for together; CPU in cores, memory in bytes."""

    pods: int
    cpu_requests: Decimal
    memory_requests: Decimal
    cpu_limits: Decimal
    memory_limits: Decimal


def _need(pods: int, *containers: Resources) -> Need:
    def total(amounts: list[str]) -> Decimal:
        return pods * sum((parse_quantity(amount) for amount in amounts), Decimal())

    return Need(
        pods=pods,
        cpu_requests=total([each.cpu_request for each in containers]),
        memory_requests=total([each.memory_request for each in containers]),
        cpu_limits=total([each.cpu_limit for each in containers]),
        memory_limits=total([each.memory_limit for each in containers]),
    )


def _pods_during_rollout(max_replicas: int) -> int:
    # A Deployment doesn't count a pod that is ending, and a worker may take minutes to finish its
    # executions: until then every old pod stands beside its successor.
    return 2 * max_replicas


def peak_need(settings: Settings) -> Need:
    """What the namespace holds when every tier is at its maximum and is being rolled out."""
    return _need_with(
        settings,
        webhooks=_pods_during_rollout(settings.webhook.max_replicas),
        workers=_pods_during_rollout(settings.worker.max_replicas),
    )


def steady_need(settings: Settings) -> Need:
    """What it holds when every tier is at its maximum and nothing is being rolled out."""
    return _need_with(
        settings, webhooks=settings.webhook.max_replicas, workers=settings.worker.max_replicas
    )


def largest_pod(settings: Settings) -> Need:
    """The most that one pod asks for, of CPU and of memory, which may be two different pods."""
    pods = [_need(1, settings.main.resources), _webhooks(settings, 1), _workers(settings, 1)]
    pods.append(_need(1, settings.redis.resources, REDIS_KEEPER, *_exporter(settings)))
    return Need(
        pods=1,
        cpu_requests=max(each.cpu_requests for each in pods),
        memory_requests=max(each.memory_requests for each in pods),
        cpu_limits=max(each.cpu_limits for each in pods),
        memory_limits=max(each.memory_limits for each in pods),
    )


def _webhooks(settings: Settings, pods: int) -> Need:
    return _need(pods, settings.webhook.resources)


def _workers(settings: Settings, pods: int) -> Need:
    worker = settings.worker
    return _need(pods, *(worker.resources, worker.runner_resources, *_ai_gateway(settings)))


def _need_with(settings: Settings, *, webhooks: int, workers: int) -> Need:
    """What the namespace holds with this many pods of the scaled tiers."""
    redis = settings.redis
    parts = [
        _need(1, settings.main.resources),
        _webhooks(settings, webhooks),
        _workers(settings, workers),
        _need(REDIS_NODES, redis.resources, REDIS_KEEPER, *_exporter(settings)),
        _need(_SPARE_PODS, REDIS_KEEPER),
    ]
    if settings.database.mode == "in-cluster":
        parts.append(_need(1, settings.database.resources, *_exporter(settings)))
    if probing.anything(settings):
        parts.append(_need(1, EXPORTER))
    if settings.data_subjects.enabled:
        parts.append(_need(_QUESTIONS, QUESTION))
    if settings.backup.enabled:
        parts.extend([_need(1, N8N_COMMAND), _need(1, N8N_COMMAND, SCRATCH_DATABASE)])
    return Need(
        pods=sum(part.pods for part in parts),
        cpu_requests=sum((part.cpu_requests for part in parts), Decimal()),
        memory_requests=sum((part.memory_requests for part in parts), Decimal()),
        cpu_limits=sum((part.cpu_limits for part in parts), Decimal()),
        memory_limits=sum((part.memory_limits for part in parts), Decimal()),
    )


def _ai_gateway(settings: Settings) -> tuple[Resources, ...]:
    """The containers of the AI gateway beside a worker."""
    ai = settings.ai
    return {
        "none": (),
        "sidecar": (ai.portkey_resources, ai.router_resources),
        "hosted": (ai.router_resources,),
    }[ai.gateway]


def _exporter(settings: Settings) -> tuple[Resources, ...]:
    """The container of metrics beside a database or a node of Redis."""
    return (EXPORTER,) if settings.monitoring.enabled else ()


def default_quota(settings: Settings) -> Quota:
    """The quota that fits `peak_need` exactly, in whole millicores and mebibytes."""
    need = peak_need(settings)

    def cpu(cores: Decimal) -> str:
        return f"{math.ceil(cores * 1000)}m"

    def memory(amount: Decimal) -> str:
        return f"{math.ceil(amount / 2**20)}Mi"

    return Quota(
        pods=need.pods,
        cpu_requests=cpu(need.cpu_requests),
        memory_requests=memory(need.memory_requests),
        cpu_limits=cpu(need.cpu_limits),
        memory_limits=memory(need.memory_limits),
    )


def peak_database_connections(settings: Settings) -> int:
    """Connections with n8n's role when every tier is at its maximum and is being rolled out."""
    webhook, worker = settings.webhook, settings.worker
    return (
        settings.main.database_connections
        + _pods_during_rollout(webhook.max_replicas) * webhook.database_connections
        + _pods_during_rollout(worker.max_replicas) * worker.database_connections
        + (_QUESTIONS if settings.data_subjects.enabled else 0)
        + (COMMAND_CONNECTIONS if settings.backup.enabled else 0)
    )


def redis_failover_milliseconds(settings: Settings) -> int:
    """How long the queue may be without a master after one is lost.

    Twice the node timeout: once until the node counts as failed, and as long again for agreement,
    election and clients' reconnection. Measured: 8 to 10 s with a node timeout of 5 s.
    """
    return 2 * settings.redis.node_timeout_milliseconds
