"""Pods that are not well: what is led around them, what they finish, what is lost with them."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e import load, workflows
from tests.e2e.platform import Platform, is_ready, name
from tests.e2e.results import Results, stopwatch
from tests.waiting import eventually

_LONG_SECONDS = 20
_KILLED = 4


def test_a_webhook_pod_is_left_out_while_it_does_not_answer(
    platform: Platform, results: Results
) -> None:
    platform.wait_ready("webhook", 2)
    pod = name(platform.ready("webhook")[0])

    def ready() -> bool:
        return any(name(each) == pod and is_ready(each) for each in platform.pods("webhook"))

    # Stopped, not ended: it accepts connections, and nobody answers.
    _signal(platform, pod, "STOP")
    try:
        with stopwatch() as out:
            eventually(lambda: not ready(), "the stopped pod is not ready")
        assert load.call(platform.webhooks, "e2e-path") == "200"
    finally:
        _signal(platform, pod, "CONT")
    with stopwatch() as back:
        eventually(ready, "the pod is ready again")
    results.add(
        "a webhook pod stops answering: not ready after", "calls go on", seconds=out.seconds
    )
    results.add("… and answers again: ready after", "", seconds=back.seconds)


def test_a_worker_that_is_drained_finishes_what_it_executes(
    platform: Platform, results: Results
) -> None:
    platform.publish(workflows.answering("e2e-drain", workflows.sleeping(_LONG_SECONDS)))
    platform.wait_ready("worker", 2)
    workers = [name(pod) for pod in platform.ready("worker")]
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(load.call, platform.webhooks, "e2e-drain")
        busy = _executing(platform, workers)
        with stopwatch() as watch:
            platform.kubectl("delete", "pod", busy, "--wait=false")
            assert answer.result() == "200"
    platform.wait_executions("e2e-drain", lambda found: "running" not in found)
    assert set(platform.executions("e2e-drain")) == {"success"}
    platform.wait_ready("worker", 2)
    results.add(
        f"a worker drained within an execution of {_LONG_SECONDS} s",
        "finished and answered",
        seconds=watch.seconds,
    )


def test_what_a_killed_worker_executed_is_lost_and_seen_to_be(
    platform: Platform, results: Results
) -> None:
    platform.publish(workflows.acknowledging("e2e-kill", workflows.sleeping(_LONG_SECONDS)))
    platform.wait_ready("worker", 2)
    workers = [name(pod) for pod in platform.ready("worker")]
    before = platform.executions("e2e-kill")
    calls = load.at_once(platform.webhooks, "e2e-kill", calls=_KILLED)
    assert calls.succeeded == _KILLED, calls.failures()
    eventually(
        lambda: platform.executions("e2e-kill").get("running", 0) == _KILLED, "all of them run"
    )
    on_killed = {pod: _active(platform, pod) for pod in workers}
    victim = max(on_killed, key=lambda pod: on_killed[pod])

    with stopwatch() as watch:
        _signal(platform, victim, "KILL")
        eventually(
            lambda: (
                sum(_new(platform, before).values()) == _KILLED
                and not {"new", "running"} & set(_new(platform, before))
            ),
            "every execution has ended, one way or the other",
            seconds=300,
        )
    found = _new(platform, before)
    lost = _KILLED - found.get("success", 0)
    assert lost == on_killed[victim]
    platform.wait_ready("worker", 2)
    results.add(
        f"a worker killed with {on_killed[victim]} of {_KILLED} executions",
        f"lost {lost}, each ends as {', '.join(sorted(set(found) - {'success'}))}; not retried",
        seconds=watch.seconds,
    )


def _new(platform: Platform, before: dict[str, int]) -> dict[str, int]:
    found = platform.executions("e2e-kill")
    counts = {status: count - before.get(status, 0) for status, count in found.items()}
    return {status: count for status, count in counts.items() if count}


def _signal(platform: Platform, pod: str, signal: str) -> None:
    """Send a signal to n8n itself, which the first process of its container started."""
    result = platform.execute(
        pod,
        "sh",
        "-c",
        # What the first process, which hands signals on, has started.
        "for each in /proc/[0-9]*; do"
        ' read -r pid _ _ parent _ <"$each/stat" || continue;'
        ' [ "$parent" = 1 ] && kill -s "$1" "$pid"; done; true',
        "sh",
        signal,
        container="n8n",
    )
    assert result.returncode == 0, result.stderr


def _executing(platform: Platform, workers: list[str]) -> str:
    """The worker that executes something, once one does."""
    found: list[str] = []

    def one_does() -> bool:
        found[:] = [pod for pod in workers if _active(platform, pod)]
        return bool(found)

    eventually(one_does, "a worker executes the job", seconds=30)
    return found[0]


def _active(platform: Platform, pod: str) -> int:
    """How many jobs a worker has begun and not ended."""
    begun = platform.metric(pod, "n8n_node_started_total")
    return int(begun - platform.metric(pod, "n8n_node_finished_total"))
