"""A drain that a budget blocks is a figure; one that cannot be done is an error."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from drills import drain
from drills.cluster import Cluster
from drills.serving import Sample
from local.errors import LocalError
from tests.drills.pods import sample, spread

NODE = "zone-a-1"
BLOCKED = (
    'error when evicting pods/"n8n-worker-1": Cannot evict pod as it would violate the pod\'s '
    "disruption budget. error: unable to drain node, global timeout reached: 2m0s"
)


class FakeCluster:
    """A cluster in which a drain fails with some words, or not."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.called: list[str] = []

    def kubectl(self, *arguments: str) -> str:
        self.called.append(arguments[0])
        if arguments[0] == "drain" and self.fails:
            raise LocalError(f"`kubectl drain` failed: {self.fails}")
        return ""

    def sample(self, *, since: float) -> Sample:  # noqa: ARG002 -- as Cluster's
        return sample(0, spread())

    def watch(self, _: Callable[[Sample], bool], **__: Any) -> list[Sample]:
        return [sample(0, spread())]


def drained(cluster: FakeCluster) -> drain.Drained:
    return drain._drain(cast(Cluster, cluster), NODE)


def test_a_budget_that_blocks_leaves_no_time() -> None:
    assert drained(FakeCluster()).seconds is not None
    assert drained(FakeCluster(BLOCKED)).seconds is None


def test_another_failure_is_not_taken_for_a_budget_and_the_node_is_given_back() -> None:
    cluster = FakeCluster("Unable to connect to the server: EOF")
    with pytest.raises(LocalError, match="Unable to connect"):
        drained(cluster)
    assert cluster.called == ["drain", "uncordon"]
