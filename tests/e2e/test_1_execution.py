"""A call goes the whole way: public route, webhook pod, Redis, worker, task runner, PostgreSQL."""

from tests.e2e import load, workflows
from tests.e2e.platform import Platform, name
from tests.e2e.results import Results

_CALLS = 200
_BUSY_SECONDS = 2
_TICKS_PER_SECOND = 100
"""In which Linux counts a process's time, on every architecture (USER_HZ)."""


def test_the_worker_dequeues_what_a_public_call_enqueued(
    platform: Platform, results: Results
) -> None:
    platform.publish(workflows.answering("e2e-path"))
    workers = [name(pod) for pod in platform.ready("worker")]
    before = sum(platform.metric(pod, "n8n_queue_job_dequeued_total") for pod in workers)
    rows = platform.executions("e2e-path").get("success", 0)

    assert load.call(platform.webhooks, "e2e-path") == "200"

    after = sum(platform.metric(pod, "n8n_queue_job_dequeued_total") for pod in workers)
    assert after == before + 1
    platform.wait_executions("e2e-path", lambda found: found.get("success", 0) == rows + 1)
    results.add("one call through the public route", "dequeued by a worker, 1 row success")


def test_a_code_node_runs_in_the_task_runner(platform: Platform, results: Results) -> None:
    busy = f"const end = Date.now() + {_BUSY_SECONDS * 1000}; while (Date.now() < end) {{}}"
    platform.publish(workflows.answering("e2e-busy", f"{busy} return [{{json: {{}}}}];"))
    workers = [name(pod) for pod in platform.ready("worker")]

    def used(container: str) -> float:
        return sum(_processor_seconds(platform, pod, container) for pod in workers)

    runners, n8n = used("task-runner"), used("n8n")
    assert load.call(platform.webhooks, "e2e-busy") == "200"
    in_runner, in_n8n = used("task-runner") - runners, used("n8n") - n8n

    # Two other processes share this machine's processors: half of the loop's time is enough.
    assert in_runner > _BUSY_SECONDS / 2
    assert in_n8n < in_runner
    results.add(
        f"code that computes for {_BUSY_SECONDS} s",
        f"{in_runner:.1f} s of processor in the task runner, {in_n8n:.1f} s in n8n",
    )


def test_two_hundred_calls_at_once_all_succeed(platform: Platform, results: Results) -> None:
    platform.publish(workflows.answering("e2e-crowd"))
    before = platform.executions("e2e-crowd").get("success", 0)

    calls = load.at_once(platform.webhooks, "e2e-crowd", calls=_CALLS)

    assert calls.succeeded == _CALLS, calls.failures()
    platform.wait_executions("e2e-crowd", lambda found: found == {"success": before + _CALLS})
    results.add(
        f"{_CALLS} calls at once",
        f"{calls.succeeded} answered 200, {_CALLS} rows success, slowest "
        f"{max(calls.durations):.1f} s",
    )


def _processor_seconds(platform: Platform, pod: str, container: str) -> float:
    """Processor time that the processes of a container have used so far."""
    found = platform.execute(pod, "sh", "-c", "cat /proc/[0-9]*/stat", container=container).stdout
    # After the name in brackets: user and system time are the 12th and 13th field (proc(5)).
    fields = [line.rpartition(")")[2].split() for line in found.splitlines()]
    return sum(int(each[11]) + int(each[12]) for each in fields) / _TICKS_PER_SECOND
