import asyncio
from collections.abc import Callable

import pytest

from local.plugins.kubernetes.cluster import ApiError, UnreachableError
from local.plugins.kubernetes.waiting import NotReadyInTimeError, Waits
from tests.plugins.kubernetes.fake_cluster import (
    NOT_FOUND,
    FakeCluster,
    RecordedStatus,
    kind_of,
    resource_log,
)
from tests.plugins.kubernetes.objects import ROLLED_OUT, Object, condition, deployment, pod

PENDING = deployment(updatedReplicas=1)
READY = deployment(updatedReplicas=2, availableReplicas=2, conditions=ROLLED_OUT)
FAILED_JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "once"},
    "status": {"conditions": [condition("Failed", "True", "DeadlineExceeded", "took too long")]},
}


class _Quick(Waits):
    """Does not let time pass, but still ends when it is cancelled."""

    async def pause(self, seconds: float) -> None:
        await super().pause(min(seconds, 0.001))


def _until_ready(
    cluster: FakeCluster,
    *,
    inputs: Object = PENDING,
    timeout: float = 60,
    said: RecordedStatus | None = None,
    prepare: Callable[[Waits], None] = lambda _: None,
) -> Object:
    async def wait() -> Object:
        waits = _Quick()
        prepare(waits)
        return await waits.until_ready(
            cluster, inputs, inputs=inputs, log=resource_log(said), custom_timeout=timeout
        )

    return asyncio.run(wait())


def _annotated(annotation: str, value: str) -> Object:
    metadata = {**PENDING["metadata"], "annotations": {f"pulumi.com/{annotation}": value}}
    return {**PENDING, "metadata": metadata}


def test_progress_is_told_once_per_step_until_the_object_is_ready():
    said = RecordedStatus()
    assert _until_ready(FakeCluster(PENDING, PENDING, READY), said=said) is READY
    assert said.said == [
        "Waiting for app ReplicaSet to be available (0/2 Pods available)",
        "Deployment initialization complete",
    ]


def test_running_out_of_time_says_what_the_pods_suffer_from():
    cluster = FakeCluster(PENDING)
    cluster.related = [pod("web-1", condition("PodScheduled", "False", "X", "no node"))]
    with pytest.raises(NotReadyInTimeError, match="'web' timed out") as caught:
        _until_ready(cluster, timeout=0.001)
    assert "[Pod apps/web-1]: no node" in caught.value.problems
    assert caught.value.live is PENDING


def test_a_hopeless_object_fails_at_once():
    with pytest.raises(NotReadyInTimeError, match="'once' failed"):
        _until_ready(FakeCluster(FAILED_JOB), inputs=FAILED_JOB)


def test_cancelling_ends_a_wait_and_keeps_what_is_there():
    with pytest.raises(NotReadyInTimeError, match="was cancelled for 'web'") as caught:
        _until_ready(FakeCluster(PENDING), prepare=Waits.cancel)
    assert caught.value.live is PENDING


def test_an_object_that_vanishes_is_not_waited_for():
    with pytest.raises(NotReadyInTimeError, match="it was deleted"):
        _until_ready(FakeCluster(PENDING, NOT_FOUND))


def test_an_error_while_waiting_keeps_what_is_there():
    forbidden = ApiError({"message": "deployments is forbidden"}, 403)
    with pytest.raises(NotReadyInTimeError, match="deployments is forbidden") as caught:
        _until_ready(FakeCluster(PENDING, forbidden))
    assert caught.value.live is PENDING


def test_a_server_that_is_away_for_a_moment_does_not_end_a_wait():
    away = UnreachableError("connection refused")
    assert _until_ready(FakeCluster(PENDING, away, away, READY)) is READY


def test_skip_await_does_not_look_at_the_object():
    inputs = _annotated("skipAwait", "true")
    assert _until_ready(FakeCluster(NOT_FOUND), inputs=inputs) is inputs


def test_wait_for_takes_the_place_of_the_kinds_own_rule():
    inputs = _annotated("waitFor", "jsonpath={.status.updatedReplicas}=1")
    assert _until_ready(FakeCluster(PENDING), inputs=inputs) is PENDING


def _until_gone(cluster: FakeCluster, state: Object, *, timeout: float = 60) -> None:
    async def wait() -> None:
        await _Quick().until_gone(
            cluster,
            kind_of(state),
            "default/web",
            state=state,
            log=resource_log(),
            custom_timeout=timeout,
        )

    asyncio.run(wait())


def _with_uid(uid: str, *finalizers: str) -> Object:
    metadata = {**PENDING["metadata"], "uid": uid, "finalizers": list(finalizers)}
    return {**PENDING, "metadata": metadata}


def test_an_object_is_gone_when_it_is_not_found():
    cluster = FakeCluster(_with_uid("1"), NOT_FOUND)
    _until_gone(cluster, _with_uid("1"))
    assert cluster.answers == [NOT_FOUND]


def test_another_object_with_the_same_name_means_that_the_old_one_is_gone():
    _until_gone(FakeCluster(_with_uid("2")), _with_uid("1"))


def test_an_object_that_stays_says_which_finalizers_hold_it():
    stuck = _with_uid("1", "example.com/guard")
    with pytest.raises(NotReadyInTimeError, match="Timed out waiting for deletion") as caught:
        _until_gone(FakeCluster(stuck), stuck, timeout=0.001)
    assert "example.com/guard" in caught.value.problems[0]
