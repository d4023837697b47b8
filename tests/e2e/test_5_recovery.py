"""What keeps state or keeps time goes away, under load: everything recovers by itself."""

from collections import Counter
from collections.abc import Callable

from tests.e2e import load, redis, workflows
from tests.e2e.platform import Platform, name
from tests.e2e.results import Results, Stopwatch, stopwatch
from tests.waiting import eventually

_TICK_SECONDS = 2
_CALLERS = 4
_UNRECORDED = 20
"""What two workers of ten executions each can be in the middle of."""

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


def test_no_more_than_its_last_answers_are_lost_with_the_queue_s_master(
    platform: Platform, results: Results
) -> None:
    # Redis copies to replicas after it has answered: one that is elected may lack what its master
    # answered last, which is one call of each caller at most.
    _lose_no_more_than(_CALLERS, _kill_the_queue_s_master, "queue-master", platform, results)


def test_every_acknowledged_execution_ends_after_all_of_redis_is_killed(
    platform: Platform, results: Results
) -> None:
    # n8n gives up a job that was on its way to a worker when Redis ended (`maxStalledCount: 0`) or
    # could not be handed over while most masters were away. It ends as an error, in which n8n keeps
    # nothing of what the caller sent (an empty `nodeExecutionStack`).
    _lose_no_more_than(_UNRECORDED, _kill_all_of_redis, "redis-all-six", platform, results)


def _lose_no_more_than(
    most: int,
    kill: Callable[[Platform], object],
    what: str,
    platform: Platform,
    results: Results,
) -> None:
    """Every call that was acknowledged has an execution, and all but so many end with success."""
    workflow = f"e2e-{what}"
    platform.publish(workflows.acknowledging(workflow))
    before = Counter(platform.executions(workflow))

    calls, seconds = _under_load(platform, workflow, kill)

    acknowledged = calls.succeeded
    platform.wait_executions(
        workflow,
        lambda found: (
            found.get("success", 0) - before["success"] >= acknowledged - most
            and sum(found.values()) - before.total() >= acknowledged
            and "running" not in found
        ),
    )
    ended = Counter(platform.executions(workflow)) - before
    results.add(
        f"{what} killed under load",
        f"{acknowledged} acknowledged, {ended.total()} rows: {dict(ended)}; calls that failed: "
        f"{calls.failures()}; n8n containers restarted: {_restarts(platform)}",
        seconds=seconds,
    )


def test_every_acknowledged_execution_is_there_after_a_restart_of_postgresql(
    platform: Platform, results: Results
) -> None:
    workflow = "e2e-postgresql"
    platform.publish(workflows.acknowledging(workflow))
    before = sum(platform.executions(workflow).values())

    calls, seconds = _under_load(
        platform, workflow, lambda platform: platform.kubectl("delete", "pod", "postgres-0")
    )

    # n8n cannot write down how an execution begins or ends while there is no database: that row
    # stays as it was until main looks for such rows, at its start and every three hours, and calls
    # them crashed.
    platform.wait_executions(
        workflow, lambda found: sum(found.values()) - before >= calls.succeeded
    )
    platform.wait_executions(
        workflow,
        lambda found: found.get("success", 0) - before >= calls.succeeded - _UNRECORDED,
    )
    found = platform.executions(workflow)
    unrecorded = sum(found.values()) - found["success"]
    results.add(
        "PostgreSQL restarted under load",
        f"{calls.succeeded} acknowledged, {sum(found.values()) - before} rows: "
        f"{found['success'] - before} success, {unrecorded} that ran meanwhile without their end; "
        f"calls that failed: {calls.failures()}; n8n containers restarted: {_restarts(platform)}",
        seconds=seconds,
    )


def _under_load(
    platform: Platform, workflow: str, kill: Callable[[Platform], object]
) -> tuple[load.Calls, float]:
    """Kill something under load, and wait until all is well; calls, and seconds until it was."""
    with load.constant(platform.webhooks, workflow, callers=_CALLERS) as calls:
        eventually(lambda: calls.succeeded >= 20, "calls are acknowledged before")
        with stopwatch() as watch:
            kill(platform)
            _wait_for_recovery(platform, calls, watch)
    platform.wait_ready("redis", 6)
    redis.wait_whole(platform)
    return calls, watch.seconds


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
