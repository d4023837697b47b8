"""What counts as serving, from when on, and what a lost zone takes of Redis."""

import pytest

from drills import serving
from drills.platform import NAMESPACE, SHARDS
from drills.serving import Sample
from tests.drills.pods import DEAD, pod, sample, spread


def webhooks(seconds: float, count: int) -> Sample:
    return sample(seconds, [pod("webhook", "zone-b-1", name=str(n)) for n in range(count)])


def test_a_ready_pod_on_a_dead_node_does_not_serve_though_the_api_server_believes_it() -> None:
    now = sample(1, [pod("webhook", "zone-a-1"), pod("webhook", "zone-b-1")], dead=DEAD)
    assert [each.node for each in now.serving(NAMESPACE, "webhook")] == ["zone-b-1"]
    assert [each.node for each in now.believed(NAMESPACE)] == ["zone-a-1"]


@pytest.mark.parametrize(("ready", "ending"), [(False, False), (True, True)])
def test_a_pod_that_is_not_ready_or_ends_does_not_serve(ready: bool, ending: bool) -> None:
    now = sample(1, [pod("worker", "zone-b-1", ready=ready, ending=ending)], dead=DEAD)
    assert not now.serving(NAMESPACE, "worker")


def test_pods_of_another_namespace_are_not_counted() -> None:
    assert not sample(1, [pod("worker", "zone-b-1")]).serving("elsewhere", "worker")


def test_a_tier_is_back_when_it_stays_back() -> None:
    samples = [webhooks(0, 2), webhooks(10, 3), webhooks(20, 2), webhooks(30, 3), webhooks(40, 3)]
    assert serving.back_after(samples, NAMESPACE, "webhook", pods=3) == 30
    assert serving.lowest(samples, NAMESPACE, "webhook") == 2


def test_a_tier_that_never_went_was_back_at_once_and_one_that_is_short_is_not_back() -> None:
    samples = [webhooks(0, 3), webhooks(10, 3)]
    assert serving.back_after(samples, NAMESPACE, "webhook", pods=3) == 0
    assert serving.back_after(samples, NAMESPACE, "webhook", pods=4) is None


def test_a_waiting_pod_counts_unless_it_is_redis_which_waits_for_its_zone() -> None:
    samples = [sample(0, []), sample(1, [pod("worker", ""), pod("redis", "")])]
    assert serving.most_unplaced(samples, NAMESPACE) == 1


@pytest.mark.parametrize("zone", ["zone-a", "zone-b", "zone-c"])
def test_one_lost_zone_leaves_a_majority_and_a_pod_of_each_shard(zone: str) -> None:
    lost = sample(0, spread(), dead=frozenset({f"{zone}-1", f"{zone}-2"}))
    assert serving.masters(lost, NAMESPACE, SHARDS) == 2
    assert not serving.lost_shards(lost, NAMESPACE, SHARDS)


def test_two_lost_zones_leave_no_majority_and_take_a_shard() -> None:
    lost = sample(0, spread(), dead=DEAD | {"zone-b-1", "zone-b-2"})
    assert serving.masters(lost, NAMESPACE, SHARDS) == 1
    assert serving.lost_shards(lost, NAMESPACE, SHARDS) == [SHARDS[0]]


def test_the_fullest_zone_is_what_the_next_loss_would_take() -> None:
    now = sample(0, [pod("worker", "b1", name="1"), pod("worker", "b2"), pod("worker", "c1")])
    zones = {"b1": "zone-b", "b2": "zone-b", "c1": "zone-c"}
    assert serving.fullest(now, NAMESPACE, "worker", zones) == 2


def manifest(**labels: str) -> dict[str, object]:
    return {
        "metadata": {
            "name": "n8n-worker-1",
            "namespace": NAMESPACE,
            "labels": {f"app.kubernetes.io/{key}": value for key, value in labels.items()},
            "ownerReferences": [{"kind": "ReplicaSet"}],
        },
        "spec": {"nodeName": "zone-a-1"},
        "status": {
            "conditions": [
                {"type": "Ready", "status": "True"},
                {"type": "PodScheduled", "status": "True"},
            ]
        },
    }


PLATFORM = {"part-of": "n8n-platform"}


def test_a_pod_is_read_with_its_tier() -> None:
    found = serving.read(manifest(name="n8n", component="worker", **PLATFORM))
    assert found is not None
    assert (found.tier, found.node, found.ready, found.unplaced) == (
        "worker",
        "zone-a-1",
        True,
        False,
    )
    redis = serving.read(manifest(name="redis", component="node", **PLATFORM))
    assert redis is not None
    assert redis.tier == "redis"


def test_a_job_s_pod_and_what_is_not_the_platform_s_are_left_out() -> None:
    job = manifest(name="redis", component="bootstrap", **PLATFORM)
    job["metadata"]["ownerReferences"] = [{"kind": "Job"}]  # pyright: ignore[reportIndexIssue]
    assert serving.read(job) is None
    assert serving.read(manifest(name="n8n", component="worker")) is None
