"""The platform as a user deploys it: up, unchanged, changed, refreshed, destroyed.

The tests of this file share one stack and run in the order in which they stand: each describes
the next thing that a user does to the same deployment.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import OpType

from local.environment import REPOSITORY, Environment
from tests.engine.cluster import Cluster, Object
from tests.engine.stacks import Stack, failure
from tests.waiting import eventually

NAMESPACE = "n8n"
_COMMITTED = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]
# With production's sizes, which simulated nodes have room for.
LOCAL: dict[str, Any] = {
    key: _COMMITTED[f"n8n-platform:{key}"] for key in ("platform", "n8n", "secrets")
}


@pytest.fixture(scope="module")
def platform(environment: Environment, program: Path) -> Iterator[Stack]:
    stack = Stack(environment, program, "local")
    stack.configure(LOCAL)
    yield stack
    stack.configure(LOCAL)
    stack.destroy()


def test_wrong_settings_fail_the_preview_before_anything_is_registered(platform: Stack) -> None:
    platform.configure(
        {**LOCAL, "worker": {"minReplicas": 30, "typo": 1}, "redis": {"image": "redis:latest"}}
    )
    text = failure(platform.preview)
    assert "3 settings of this stack cannot be used; nothing was changed." in text
    assert "worker.minReplicas is 30; allowed: at most worker.maxReplicas, which is 20" in text
    assert "Traceback" not in text
    assert platform.resources() == []
    platform.configure(LOCAL)


def test_preview_of_an_empty_cluster_succeeds_and_creates_nothing(
    platform: Stack, cluster: Cluster
) -> None:
    summary = platform.preview().change_summary
    assert set(summary) == {"create"}
    assert NAMESPACE not in cluster.names("namespaces")


def test_up_deploys_the_platform(platform: Stack) -> None:
    result = platform.up()
    assert result.outputs["editorUrl"].value == LOCAL["n8n"]["editorUrl"]


@pytest.mark.usefixtures("platform")
def test_every_pod_runs(cluster: Cluster) -> None:
    def all_running() -> bool:
        assert len(cluster.pods("webhook")) == 2
        assert len(cluster.pods("worker")) == 3
        pods = [pod for pod in cluster.objects("pods") if not is_job(pod)]
        return {pod["status"]["phase"] for pod in pods} == {"Running"}

    eventually(all_running, "every pod is Running")


def is_job(pod: Object) -> bool:
    return pod["metadata"]["ownerReferences"][0]["kind"] == "Job"


def test_a_second_up_changes_nothing(platform: Stack) -> None:
    summary = platform.up().summary.resource_changes
    assert summary is not None
    assert set(summary) == {"same"}


@pytest.mark.usefixtures("platform")
def test_every_tier_of_several_pods_is_spread_over_the_zones(cluster: Cluster) -> None:
    assert len(set(cluster.zones(cluster.pods("webhook")))) == 2
    assert len(set(cluster.zones(cluster.pods("worker")))) == 3


@pytest.mark.usefixtures("platform")
def test_each_zone_holds_one_redis_master_and_another_shard_s_replica(
    cluster: Cluster,
) -> None:
    """The bootstrap makes pod 0 of each zone a master and pod 1 the replica of another zone's."""
    pods = cluster.pods("node")
    assert len(pods) == 6
    masters = cluster.zones([pod for pod in pods if pod["metadata"]["name"].endswith("-0")])
    replicas = cluster.zones([pod for pod in pods if pod["metadata"]["name"].endswith("-1")])
    assert sorted(masters) == sorted(replicas) == ["zone-a", "zone-b", "zone-c"]
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 6


def test_refresh_finds_no_drift(platform: Stack) -> None:
    summary = platform.refresh().summary.resource_changes
    assert summary is not None
    assert set(summary) == {"same"}


def test_a_secret_is_nowhere_in_the_state_in_plain_text(platform: Stack, cluster: Cluster) -> None:
    values = [value for each in cluster.objects("secrets") for value in each["data"].values()]
    assert values
    state = platform.state_text()
    assert not [value for value in values if value in state and not is_public(value)]


def is_public(value: str) -> bool:
    # Certificates are public: LS0tLS1CRUdJTiBDRVJU… is "-----BEGIN CERT…" in base64.
    return value.startswith("LS0tLS1CRUdJTiBDRVJU")


def test_the_api_server_accepts_what_other_environments_declare(platform: Stack) -> None:
    """A preview applies every object as a dry run, so the API server judges each of them."""
    platform.configure(
        {
            **LOCAL,
            "n8n": {"editorUrl": "https://n8n.example/", "webhookUrl": "https://hooks.example/"},
            "database": {"mode": "external", "host": "db.example", "maxConnections": 400},
            "redis": {"tls": False},
            "worker": {"autoscaling": "queue"},
        }
    )
    preview = platform.preview()
    assert preview.change_summary[OpType.CREATE] > 0
    assert preview.change_summary[OpType.UPDATE] > 0
    platform.configure(LOCAL)


def test_raising_a_tier_s_minimum_is_an_update_in_place_that_reaches_the_cluster(
    platform: Stack, cluster: Cluster
) -> None:
    platform.configure({**LOCAL, "worker": {"minReplicas": 6}})
    preview = platform.preview()
    assert preview.change_summary[OpType.UPDATE] == 1
    assert "minReplicas" in preview.stdout
    summary = platform.up().summary.resource_changes or {}
    assert summary[OpType.UPDATE] == 1
    assert set(summary) == {"same", "update"}
    eventually(lambda: len(cluster.pods("worker")) == 6, "there are six workers")


@pytest.mark.usefixtures("platform")
def test_workers_scale_when_their_memory_fills(cluster: Cluster) -> None:
    for pod in cluster.pods("worker"):
        name = pod["metadata"]["name"]
        usage = "kwok.x-k8s.io/usage-memory=1400Mi"
        cluster.kubectl("annotate", "pod", name, "--namespace", NAMESPACE, usage, "--overwrite")
    # Measured every 15 s, averaged, and looked at every 15 s again.
    eventually(lambda: len(cluster.pods("worker")) > 6, "the autoscaler adds workers", seconds=300)


def test_queue_autoscaling_replaces_the_memory_autoscaler(
    platform: Stack, cluster: Cluster
) -> None:
    platform.configure({**LOCAL, "worker": {"autoscaling": "queue"}})
    platform.up()
    autoscalers = cluster.objects("horizontalpodautoscalers")
    assert "n8n-worker" not in [each["spec"]["scaleTargetRef"]["name"] for each in autoscalers]
    scaled = cluster.objects("scaledobjects")
    assert [each["spec"]["scaleTargetRef"]["name"] for each in scaled] == ["n8n-worker"]


def test_two_updates_at_once_do_not_meet(platform: Stack) -> None:
    lock = platform.hold_lock()
    try:
        assert "the stack is currently locked" in failure(platform.up)
    finally:
        lock.unlink()


def test_a_protected_encryption_key_cannot_be_destroyed(platform: Stack) -> None:
    kept = {**LOCAL, "secrets": {"source": "generated", "protectEncryptionKey": True}}
    platform.configure(kept)
    platform.up()
    assert "encryption-key" in failure(platform.destroy)
    platform.configure(LOCAL)
    platform.up()


def test_destroy_leaves_nothing(platform: Stack, cluster: Cluster) -> None:
    platform.destroy()
    assert NAMESPACE not in cluster.names("namespaces")
    assert platform.resources() == []
