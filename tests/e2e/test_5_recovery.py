"""What keeps state or keeps time goes away, under load: everything recovers by itself."""

from collections.abc import Callable

import pytest

from tests.e2e import load, redis, workflows
from tests.e2e.platform import Platform, name
from tests.e2e.results import Results, Stopwatch, stopwatch
from tests.waiting import eventually

_TICK_SECONDS = 2
_CALLERS = 4
_AT_ONCE = ("--force", "--grace-period=0")
"""Deleted as if it were lost: nothing is handed over first."""


def test_schedules_resume_after_the_main_pod_is_deleted(
    platform: Platform, results: Results
) -> None:
    platform.n8n.provide_workflow(workflows.ticking("e2e-tick", seconds=_TICK_SECONDS))
    eventually(lambda: platform.executions("e2e-tick").get("success", 0) >= 2, "it ticks")
    (main,) = platform.pods("main")

    with stopwatch() as watch:
        platform.kubectl("delete", "pod", name(main), "--wait=true")
        before = platform.executions("e2e-tick")["success"]
        eventually(lambda: platform.executions("e2e-tick")["success"] > before, "it ticks again")

    platform.n8n.wait_until_open(lambda _: None)
    platform.n8n.request("POST", "/rest/workflows/e2e-tick/deactivate", {})
    results.add("main deleted: schedules resume after", "", seconds=watch.seconds)


def _kill_the_queue_s_master(platform: Platform) -> None:
    platform.kubectl("delete", "pod", redis.queue_master(platform), *_AT_ONCE)


def _kill_all_of_redis(platform: Platform) -> None:
    platform.kubectl("delete", "pod", *(name(pod) for pod in platform.pods("redis")), *_AT_ONCE)


def _kill_postgresql(platform: Platform) -> None:
    platform.kubectl("delete", "pod", "postgres-0", *_AT_ONCE)


@pytest.mark.parametrize(
    ("what", "kill"),
    [
        ("redis-master", _kill_the_queue_s_master),
        ("redis-all-six", _kill_all_of_redis),
        ("postgresql", _kill_postgresql),
    ],
)
def test_nothing_acknowledged_is_lost_with(
    what: str, kill: Callable[[Platform], None], platform: Platform, results: Results
) -> None:
    workflow = f"e2e-{what}"
    platform.publish(workflows.acknowledging(workflow))
    assert load.call(platform.webhooks, workflow) == "200"

    with load.constant(platform.webhooks, workflow, callers=_CALLERS) as calls:
        eventually(lambda: calls.succeeded >= 20, "calls are acknowledged before")
        with stopwatch() as watch:
            kill(platform)
            _wait_for_recovery(platform, calls, watch)

    acknowledged = calls.succeeded + 1
    platform.wait_ready("redis", 6)
    redis.wait_whole(platform)
    platform.wait_executions(workflow, lambda found: found.get("success", 0) >= acknowledged)
    restarted = _restarts(platform)
    results.add(
        f"{what} killed under load",
        f"{acknowledged} acknowledged, {platform.executions(workflow)['success']} rows success; "
        f"calls that failed: {calls.failures()}; n8n pods restarted: {restarted}",
        seconds=watch.seconds,
    )


def _wait_for_recovery(platform: Platform, calls: load.Calls, watch: Stopwatch) -> None:
    """Wait until what was killed is ready again and calls are acknowledged again."""
    eventually(
        lambda: len(platform.ready("redis")) == 6 and len(platform.ready("postgres")) == 1,
        "what was killed is ready again",
        seconds=300,
    )
    succeeded = calls.succeeded
    eventually(lambda: calls.succeeded >= succeeded + 20, "calls are acknowledged", seconds=300)
    watch.stop()


def _restarts(platform: Platform) -> int:
    """How often a container of n8n was started again."""
    return sum(
        status["restartCount"]
        for tier in ("main", "webhook", "worker")
        for pod in platform.pods(tier)
        for status in pod["status"].get("containerStatuses", [])
    )
