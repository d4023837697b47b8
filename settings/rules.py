"""The rules that no single setting can break alone.

A rule yields a problem for each thing that does not fit, and names with it the other settings that
it compared: where one of those is already known to be wrong, the problem is not reported.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from kubernetes.utils.quantity import parse_quantity

from settings import sizing
from settings.model import Settings
from settings.problems import Problem
from settings.types import image_version, parse_version

_SHUTDOWN_MARGIN_SECONDS = 5
"""Between n8n's own end and Kubernetes killing it: the time to close connections and exit."""


def replica_bounds_are_in_order(settings: Settings) -> Iterator[Problem]:
    """The fewest replicas of a tier are not more than the most."""
    for name, tier in (("webhook", settings.webhook), ("worker", settings.worker)):
        if tier.min_replicas > tier.max_replicas:
            yield Problem(
                key=f"{name}.minReplicas",
                given=str(tier.min_replicas),
                wanted=f"at most {name}.maxReplicas, which is {tier.max_replicas}",
                compares=(f"{name}.maxReplicas",),
            )


def a_lost_zone_leaves_a_replica(settings: Settings) -> Iterator[Problem]:
    """With one zone gone, every scaled tier still has a pod that works."""
    for name, tier in (("webhook", settings.webhook), ("worker", settings.worker)):
        if tier.min_replicas < 2:
            yield Problem(
                key=f"{name}.minReplicas",
                given=str(tier.min_replicas),
                wanted="at least 2, in different zones: with 1, losing its zone stops the tier",
            )


def zones_are_different(settings: Settings) -> Iterator[Problem]:
    """A zone named twice is one zone, and holds two masters of Redis."""
    zones = settings.platform.zones
    if len(set(zones)) < len(zones):
        yield Problem(key="platform.zones", given=", ".join(zones), wanted="three different zones")


def runners_match_n8n(settings: Settings) -> Iterator[Problem]:
    """n8n and its task runners speak a protocol that changes between versions."""
    if image_version(settings.n8n.image) != image_version(settings.n8n.runners_image):
        yield Problem(
            key="n8n.runnersImage",
            given=settings.n8n.runners_image,
            wanted=f"the version of n8n.image, {settings.n8n.image}",
            compares=("n8n.image",),
        )


def n8n_has_no_known_flaw(settings: Settings) -> Iterator[Problem]:
    """n8n is not older than the oldest safe release of its line."""
    version = image_version(settings.n8n.image)
    floors = sorted(parse_version(floor) for floor in settings.n8n.minimum_versions)
    # A line newer than every floor's is safe; one older than every floor's is not.
    applicable = [floor for floor in floors if floor[:2] <= version[:2]]
    floor = applicable[-1] if applicable else floors[0]
    if version < floor:
        yield Problem(
            key="n8n.image",
            given=settings.n8n.image,
            wanted=f"n8n {'.'.join(map(str, floor))} or newer, because of known flaws "
            "(n8n.minimumVersions)",
            compares=("n8n.minimumVersions",),
        )


def addresses_fit_together(settings: Settings) -> Iterator[Problem]:
    """The public webhooks and the editor differ in host, and agree on TLS."""
    webhook, editor = urlsplit(settings.n8n.webhook_url), urlsplit(settings.n8n.editor_url)
    if webhook.hostname == editor.hostname:
        yield Problem(
            key="n8n.editorUrl",
            given=settings.n8n.editor_url,
            wanted="another host than n8n.webhookUrl, so that the editor is never public with it",
            compares=("n8n.webhookUrl",),
        )
    if webhook.scheme != editor.scheme:
        yield Problem(
            key="n8n.editorUrl",
            given=settings.n8n.editor_url,
            wanted=f"the scheme of n8n.webhookUrl, {webhook.scheme}",
            compares=("n8n.webhookUrl",),
        )


def retention_is_bounded_both_ways(settings: Settings) -> Iterator[Problem]:
    """Data is kept long enough to trace an incident and not longer than allowed."""
    low, high = settings.n8n.retention_minimum_hours, settings.n8n.retention_maximum_hours
    if low > high:
        yield Problem(
            key="n8n.retentionMinimumHours",
            given=str(low),
            wanted=f"at most n8n.retentionMaximumHours, which is {high}",
            compares=("n8n.retentionMaximumHours",),
        )
        return
    for key, hours in (
        ("executionRetentionHours", settings.n8n.execution_retention_hours),
        ("workflowHistoryHours", settings.n8n.workflow_history_hours),
    ):
        if not low <= hours <= high:
            yield Problem(
                key=f"n8n.{key}",
                given=str(hours),
                wanted=f"from {low} to {high} (n8n.retentionMinimumHours and …MaximumHours)",
                compares=("n8n.retentionMinimumHours", "n8n.retentionMaximumHours"),
            )


def a_drain_ends_before_the_kill(settings: Settings) -> Iterator[Problem]:
    """Kubernetes kills a pod only after n8n had the time it was promised."""
    for name, tier in (
        ("main", settings.main),
        ("webhook", settings.webhook),
        ("worker", settings.worker),
    ):
        drain = tier.pre_stop_seconds + tier.graceful_shutdown_seconds + _SHUTDOWN_MARGIN_SECONDS
        if tier.grace_period_seconds < drain:
            yield Problem(
                key=f"{name}.gracePeriodSeconds",
                given=str(tier.grace_period_seconds),
                wanted=f"at least {drain}: preStopSeconds + gracefulShutdownSeconds + "
                f"{_SHUTDOWN_MARGIN_SECONDS}, or work is killed in the middle",
                compares=(f"{name}.preStopSeconds", f"{name}.gracefulShutdownSeconds"),
            )


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
    if database.mode == "external" and not database.host:
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


def quota_fits_the_maximum(settings: Settings) -> Iterator[Problem]:
    """A quota lets every tier reach its maximum, during a rollout too."""
    quota = settings.platform.quota
    if quota is None:
        return
    least = sizing.default_quota(settings)
    for key, given, needed in (
        ("pods", quota.pods, least.pods),
        ("cpuRequests", quota.cpu_requests, least.cpu_requests),
        ("memoryRequests", quota.memory_requests, least.memory_requests),
        ("cpuLimits", quota.cpu_limits, least.cpu_limits),
        ("memoryLimits", quota.memory_limits, least.memory_limits),
    ):
        if parse_quantity(given) < parse_quantity(needed):
            yield Problem(
                key=f"platform.quota.{key}",
                given=str(given),
                wanted=f"at least {needed}, what all tiers need at their maximum during a rollout",
                compares=("main", "webhook", "worker", "redis.resources", "database"),
            )


def requests_stay_within_limits(settings: Settings) -> Iterator[Problem]:
    """No container asks for more than it may use: Kubernetes would refuse its pod."""
    for key, resources in (
        ("main.resources", settings.main.resources),
        ("webhook.resources", settings.webhook.resources),
        ("worker.resources", settings.worker.resources),
        ("worker.runnerResources", settings.worker.runner_resources),
        ("redis.resources", settings.redis.resources),
        ("database.resources", settings.database.resources),
    ):
        for kind, request, limit in (
            ("cpu", resources.cpu_request, resources.cpu_limit),
            ("memory", resources.memory_request, resources.memory_limit),
        ):
            if parse_quantity(request) > parse_quantity(limit):
                yield Problem(
                    key=f"{key}.{kind}Request",
                    given=request,
                    wanted=f"at most {kind}Limit, which is {limit}",
                    compares=(f"{key}.{kind}Limit",),
                )


def esc_is_named(settings: Settings) -> Iterator[Problem]:
    """Secrets that come from Pulumi ESC come from an environment that is named."""
    if settings.secrets.source != "esc":
        return
    for key in ("organization", "project", "environment"):
        if not getattr(settings.esc, key):
            yield Problem(
                key=f"esc.{key}",
                given="empty",
                wanted=f"the {key} in Pulumi ESC, as secrets.source is esc",
                compares=("secrets.source",),
            )


RULES: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    replica_bounds_are_in_order,
    a_lost_zone_leaves_a_replica,
    zones_are_different,
    runners_match_n8n,
    n8n_has_no_known_flaw,
    addresses_fit_together,
    retention_is_bounded_both_ways,
    a_drain_ends_before_the_kill,
    n8n_outlives_a_failover,
    redis_can_rewrite_its_file,
    database_has_one_place,
    connections_fit_the_database,
    quota_fits_the_maximum,
    requests_stay_within_limits,
    esc_is_named,
)
"""Every rule, in the order in which their problems are reported."""
