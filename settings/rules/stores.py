"""Rules between n8n and the stores that it needs: Redis and PostgreSQL."""

from collections.abc import Iterator

from kubernetes.utils.quantity import parse_quantity

from settings import sizing
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules


def n8n_outlives_a_failover(settings: Settings) -> Iterator[Problem]:
    """n8n waits longer for Redis than a failover takes; otherwise every process exits."""
    failover = sizing.redis_failover_milliseconds(settings)
    if settings.n8n.redis_timeout_milliseconds <= failover:
        yield Problem(
            key="n8n.redisTimeoutMilliseconds",
            given=str(settings.n8n.redis_timeout_milliseconds),
            wanted=f"more than {failover}, twice redis.nodeTimeoutMilliseconds: a failover takes "
            "as long, and n8n exits when its patience ends first",
            compares=("redis.nodeTimeoutMilliseconds",),
        )


def redis_can_rewrite_its_file(settings: Settings) -> Iterator[Problem]:
    """Rewriting the append-only file may need as much memory again as the data takes."""
    limit = parse_quantity(settings.redis.resources.memory_limit)
    if 2 * parse_quantity(settings.redis.max_memory) > limit:
        yield Problem(
            key="redis.maxMemory",
            given=settings.redis.max_memory,
            wanted="at most half of redis.resources.memoryLimit, "
            f"{settings.redis.resources.memory_limit}",
            compares=("redis.resources",),
        )


def database_has_one_place(settings: Settings) -> Iterator[Problem]:
    """An external database has a host, and only an external one."""
    database = settings.database
    made = settings.aws is not None and settings.aws.database.create
    if database.mode == "external" and not database.host and not made:
        yield Problem(
            key="database.host", given="empty", wanted="the host of the external database"
        )
    if database.mode == "in-cluster" and database.host:
        yield Problem(
            key="database.host",
            given=database.host,
            wanted="empty, or write database.mode: external",
            compares=("database.mode",),
        )


def connections_fit_the_database(settings: Settings) -> Iterator[Problem]:
    """Every tier at its maximum, during a rollout, finds a database connection."""
    need = sizing.peak_database_connections(settings) + settings.database.reserved_connections
    if need > settings.database.max_connections:
        yield Problem(
            key="database.maxConnections",
            given=str(settings.database.max_connections),
            wanted=f"at least {need}: databaseConnections of every pod at maxReplicas, twice "
            "during a rollout, and reservedConnections; or fewer of them",
            compares=(
                "database.reservedConnections",
                *(f"{tier}.databaseConnections" for tier in ("main", "webhook", "worker")),
                "webhook.maxReplicas",
                "worker.maxReplicas",
            ),
        )


RULES: Rules = (
    n8n_outlives_a_failover,
    redis_can_rewrite_its_file,
    database_has_one_place,
    connections_fit_the_database,
)
