"""The platform as a user deploys it: up, unchanged, changed, refreshed, destroyed.

The tests of this file share one stack and run in the order in which they stand: each describes
the next thing that a user does to the same deployment.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from local.environment import REPOSITORY, Environment
from tests.engine.stacks import Stack, failure
from tests.waiting import eventually

NAMESPACE = "n8n"
LOCAL: dict[str, Any] = {
    key.removeprefix("n8n-platform:"): value
    for key, value in yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())[
        "config"
    ].items()
}


@pytest.fixture(scope="module")
def platform(environment: Environment, program: Path) -> Iterator[Stack]:
    stack = Stack(environment, program, "local")
    stack.configure(LOCAL)
    yield stack
    stack.configure(LOCAL)
    stack.destroy()


@pytest.fixture(scope="module")
def core(cluster: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(cluster)


def pods_by_component(core: client.CoreV1Api) -> dict[str, list[Any]]:
    found = defaultdict(list)
    for pod in core.list_namespaced_pod(NAMESPACE).items:
        found[pod.metadata.labels["app.kubernetes.io/component"]].append(pod)
    return found


def zones(core: client.CoreV1Api, pods: list[Any]) -> list[str]:
    zone_of = {
        node.metadata.name: node.metadata.labels["topology.kubernetes.io/zone"]
        for node in core.list_node().items
    }
    return [zone_of[pod.spec.node_name] for pod in pods]


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
    platform: Stack, core: client.CoreV1Api
) -> None:
    summary = platform.preview().change_summary
    assert set(summary) == {"create"}
    assert NAMESPACE not in [each.metadata.name for each in core.list_namespace().items]


def test_up_deploys_the_platform(platform: Stack) -> None:
    result = platform.up()
    assert result.outputs["editorUrl"].value == LOCAL["n8n"]["editorUrl"]


def test_every_pod_runs(platform: Stack, core: client.CoreV1Api) -> None:
    def all_running() -> bool:
        pods = pods_by_component(core)
        assert len(pods["webhook"]) == 2
        assert len(pods["worker"]) == 3
        phases = Counter(
            pod.status.phase for each in pods.values() for pod in each if not is_job(pod)
        )
        return set(phases) == {"Running"}

    eventually(all_running, "every pod is Running")


def is_job(pod: Any) -> bool:
    return any(owner.kind == "Job" for owner in pod.metadata.owner_references or [])


def test_a_second_up_changes_nothing(platform: Stack) -> None:
    summary = platform.up().summary.resource_changes
    assert summary is not None
    assert set(summary) == {"same"}


def test_every_tier_of_several_pods_is_spread_over_the_zones(
    platform: Stack, core: client.CoreV1Api
) -> None:
    pods = pods_by_component(core)
    assert len(set(zones(core, pods["webhook"]))) == 2
    assert len(set(zones(core, pods["worker"]))) == 3


def test_refresh_finds_no_drift(platform: Stack) -> None:
    summary = platform.refresh().summary.resource_changes
    assert summary is not None
    assert set(summary) == {"same"}


def test_a_secret_is_nowhere_in_the_state_in_plain_text(
    platform: Stack, core: client.CoreV1Api
) -> None:
    secrets = core.list_namespaced_secret(NAMESPACE).items
    values = [value for secret in secrets for key, value in (secret.data or {}).items()]
    assert values
    state = platform.state_text()
    assert not [value for value in values if value in state and not is_public(value)]


def is_public(value: str) -> bool:
    # Certificates are public: LS0tLS1CRUdJTiBDRVJU… is "-----BEGIN CERT…" in base64.
    return value.startswith("LS0tLS1CRUdJTiBDRVJU")


def test_raising_a_tier_s_minimum_is_an_update_in_place_that_reaches_the_cluster(
    platform: Stack, core: client.CoreV1Api
) -> None:
    platform.configure({**LOCAL, "worker": {"minReplicas": 6}})
    preview = platform.preview()
    assert preview.change_summary.get("update") == 1
    assert "minReplicas" in preview.stdout
    summary = platform.up().summary.resource_changes or {}
    assert summary.get("update") == 1
    assert set(summary) <= {"same", "update"}
    eventually(lambda: len(pods_by_component(core)["worker"]) == 6, "there are six workers")


def test_workers_scale_when_their_memory_fills(
    platform: Stack, core: client.CoreV1Api, cluster: client.ApiClient
) -> None:
    for pod in pods_by_component(core)["worker"]:
        core.patch_namespaced_pod(
            pod.metadata.name,
            NAMESPACE,
            {"metadata": {"annotations": {"kwok.x-k8s.io/usage-memory": "1400Mi"}}},
        )
    eventually(lambda: len(pods_by_component(core)["worker"]) > 6, "the autoscaler adds workers")


def test_queue_autoscaling_replaces_the_memory_autoscaler(
    platform: Stack, cluster: client.ApiClient
) -> None:
    platform.configure({**LOCAL, "worker": {"autoscaling": "queue"}})
    platform.up()
    targets = [
        each.spec.scale_target_ref.name
        for each in client.AutoscalingV2Api(cluster)
        .list_namespaced_horizontal_pod_autoscaler(NAMESPACE)
        .items
    ]
    assert "n8n-worker" not in targets
    scaled = client.CustomObjectsApi(cluster).list_namespaced_custom_object(
        "keda.sh", "v1alpha1", NAMESPACE, "scaledobjects"
    )
    assert [each["spec"]["scaleTargetRef"]["name"] for each in scaled["items"]] == ["n8n-worker"]


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


def test_destroy_leaves_nothing(platform: Stack, core: client.CoreV1Api) -> None:
    platform.destroy()
    assert NAMESPACE not in [each.metadata.name for each in core.list_namespace().items]
    assert platform.resources() == []
