"""Rules between the sizes of tiers, what they share, and what the namespace may hold."""

from collections.abc import Iterator

from kubernetes.utils.quantity import parse_quantity

from settings import sizing
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

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
                compares=("main", "webhook", "worker", "redis.resources", "database", "ai"),
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
        ("ai.portkeyResources", settings.ai.portkey_resources),
        ("ai.routerResources", settings.ai.router_resources),
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


RULES: Rules = (
    replica_bounds_are_in_order,
    a_lost_zone_leaves_a_replica,
    zones_are_different,
    a_drain_ends_before_the_kill,
    quota_fits_the_maximum,
    requests_stay_within_limits,
)
