"""A zone loses its power: every tier serves again, and the zone comes back into service."""

from local.environment import Environment
from local.nodes.real import RealNodes
from tests.e2e import load, redis, workflows
from tests.e2e.platform import Platform, name, node
from tests.e2e.results import Results, stopwatch
from tests.waiting import eventually

_LIMIT_SECONDS = 600
"""The platform's promise: failover in ten minutes."""


def test_every_tier_serves_again_after_a_zone_is_lost(
    platform: Platform, environment: Environment, nodes: RealNodes, results: Results
) -> None:
    platform.publish(workflows.answering("e2e-zone"))
    zone = _zone_of_main(platform)

    with load.constant(platform.webhooks, "e2e-zone", callers=2) as calls:
        eventually(lambda: calls.succeeded >= 10, "calls are answered before")
        with stopwatch() as all_tiers:
            nodes.stop_node(zone)
            with stopwatch() as queue:
                eventually(lambda: _served_slots(platform, zone) == 16384, "Redis serves all slots")
            eventually(
                lambda: all(
                    _serves(platform, tier, zone) for tier in ("main", "webhook", "worker")
                ),
                "every tier has a ready pod in another zone",
                seconds=_LIMIT_SECONDS,
            )
            platform.n8n.wait_until_open(lambda _: None)
            succeeded = calls.succeeded
            eventually(lambda: calls.succeeded >= succeeded + 20, "calls are answered")
    results.add(f"{zone} lost: Redis serves all slots after", "", seconds=queue.seconds)
    results.add(
        f"{zone} lost: every tier serves after",
        f"main rescheduled; {calls.succeeded} calls answered, failed meanwhile: {calls.failures()}",
        seconds=all_tiers.seconds,
    )

    with stopwatch() as back:
        nodes.start_node(zone, environment.control_plane.access(), environment.toolchain)
        platform.wait_ready("redis", 6, seconds=_LIMIT_SECONDS)
        redis.wait_whole(platform)
        for tier, count in (("main", 1), ("webhook", 2), ("worker", 2)):
            platform.wait_ready(tier, count)
    results.add(f"{zone} back: whole again after", "one Redis master a zone", seconds=back.seconds)


def _zone_of_main(platform: Platform) -> str:
    """Main's zone, after it was moved away from PostgreSQL's, which has no replica elsewhere."""
    (database,) = platform.pods("postgres")
    (main,) = platform.pods("main")
    if node(main) == node(database):
        platform.kubectl("cordon", node(database))
        try:
            platform.kubectl("delete", "pod", name(main))
            platform.wait_ready("main", 1)
        finally:
            platform.kubectl("uncordon", node(database))
        (main,) = platform.pods("main")
    return node(main)


def _serves(platform: Platform, tier: str, lost: str) -> bool:
    return any(node(pod) != lost for pod in platform.ready(tier))


def _served_slots(platform: Platform, lost: str) -> int:
    """Slots that masters outside of the lost zone serve."""
    pods = {name(pod) for pod in platform.pods("redis") if node(pod) != lost}
    return sum(
        len(slots)
        for each in redis.members(platform, seen_by=sorted(pods)[0])
        if each.is_master and each.pod in pods
        for slots in each.slots
    )
