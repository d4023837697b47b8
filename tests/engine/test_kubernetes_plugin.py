"""What the kubernetes plugin owes its users, through the engine.

On a machine without internet access that is the stand-in of this repository; where the official
plugin is at hand the same tests run against that one.
"""

import json
import re
import signal
import subprocess

import pytest
from pulumi.automation import OpType

from local import stack as local_stack
from tests.engine.cluster import Cluster
from tests.engine.stacks import Stack, failure
from tests.waiting import eventually

_PROGRAM = """\
import pulumi
import pulumi_kubernetes as kubernetes

cluster = kubernetes.Provider("cluster", context="n8n-platform-local", namespace="default")
on_cluster = pulumi.ResourceOptions(provider=cluster)
"""

_DEPLOYMENT = """
kubernetes.apps.v1.Deployment(
    "web",
    metadata={{"name": "web", "annotations": {annotations}}},
    spec={{
        "replicas": {replicas},
        "selector": {{"matchLabels": {labels}}},
        "template": {{
            "metadata": {{"labels": {labels}}},
            "spec": {{
                "nodeSelector": {nodes},
                "containers": [{{"name": "web", "image": {image!r}}}],
            }},
        }},
    }},
    opts=on_cluster,
)
"""


def deployment(
    *,
    replicas: int = 1,
    image: str = "registry.example/web:1.0.0",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    nodes: dict[str, str] | None = None,
) -> str:
    return _PROGRAM + _DEPLOYMENT.format(
        replicas=replicas,
        image=image,
        labels=labels or {"app": "web"},
        annotations=annotations or {},
        nodes=nodes or {},
    )


def config_map(name: str, value: str, options: str = "opts=on_cluster") -> str:
    return (
        _PROGRAM + f"\nkubernetes.core.v1.ConfigMap('map', metadata={{'name': {name!r}}}, "
        f"data={{'key': {value!r}}}, {options})\n"
    )


def unnamed(label: str) -> str:
    return (
        _PROGRAM
        + "\naccount = kubernetes.core.v1.ServiceAccount("
        + f"'unnamed', metadata={{'labels': {{'change': {label!r}}}}}, opts=on_cluster)\n"
        + "pulumi.export('name', account.metadata.name)\n"
    )


def test_the_api_server_s_own_validation_fails_the_preview(small_program: Stack) -> None:
    small_program.write_program(deployment(replicas=-1))
    text = failure(small_program.preview)
    assert "spec.replicas" in text
    assert "must be greater than or equal to 0" in text
    assert small_program.resources() == []


def test_the_preview_of_a_change_names_the_changed_property(small_program: Stack) -> None:
    small_program.write_program(deployment())
    small_program.up()
    small_program.write_program(deployment(image="registry.example/web:1.0.1"))
    preview = small_program.preview()
    assert preview.change_summary[OpType.UPDATE] == 1
    assert '"registry.example/web:1.0.0" => "registry.example/web:1.0.1"' in preview.stdout


def test_an_immutable_field_replaces_the_object_and_its_name_is_freed_first(
    small_program: Stack, cluster: Cluster
) -> None:
    small_program.write_program(deployment())
    small_program.up()
    (before,) = cluster.objects("deployments", namespace="default")
    small_program.write_program(deployment(labels={"app": "other"}))
    assert small_program.preview().change_summary[OpType.REPLACE] == 1
    small_program.up()
    (after,) = cluster.objects("deployments", namespace="default")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["selector"]["matchLabels"] == {"app": "other"}


def test_an_object_without_a_name_is_given_one_that_stays(
    small_program: Stack, cluster: Cluster
) -> None:
    small_program.write_program(unnamed("one"))
    name = small_program.up().outputs["name"].value
    assert re.fullmatch(r"unnamed-[0-9a-f]{8}", name)
    small_program.write_program(unnamed("two"))
    assert small_program.up().outputs["name"].value == name
    assert name in cluster.names("serviceaccounts", namespace="default")


def test_refresh_sees_what_somebody_else_changed_and_up_puts_it_back(
    small_program: Stack, cluster: Cluster
) -> None:
    small_program.write_program(config_map("drift", "ours"))
    small_program.up()
    patch = json.dumps({"data": {"key": "theirs"}})
    cluster.kubectl("patch", "configmap", "drift", "--namespace", "default", "--patch", patch)
    assert (small_program.refresh().summary.resource_changes or {})[OpType.UPDATE] == 1
    small_program.up()
    (found,) = [
        each
        for each in cluster.objects("configmaps", namespace="default")
        if each["metadata"]["name"] == "drift"
    ]
    assert found["data"] == {"key": "ours"}


def test_an_existing_object_is_imported_and_not_made_again(
    small_program: Stack, cluster: Cluster
) -> None:
    cluster.kubectl(
        "create", "configmap", "found", "--namespace", "default", "--from-literal", "key=value"
    )
    options = "opts=pulumi.ResourceOptions(provider=cluster, import_='default/found')"
    small_program.write_program(config_map("found", "value", options))
    small_program.up()
    small_program.write_program(config_map("found", "value"))
    summary = small_program.up().summary.resource_changes
    assert set(summary or {}) == {"same"}


def test_pods_that_cannot_start_fail_the_update_and_the_next_one_goes_on(
    small_program: Stack,
) -> None:
    patience = {"pulumi.com/timeoutSeconds": "3"}
    nowhere = {"kubernetes.io/hostname": "nowhere"}
    small_program.write_program(deployment(annotations=patience, nodes=nowhere))
    text = failure(small_program.up)
    assert "web" in text
    assert "didn't match Pod's node affinity/selector" in text
    small_program.write_program(deployment(annotations=patience))
    summary = small_program.up().summary.resource_changes or {}
    assert summary[OpType.UPDATE] == 1


def test_readiness_is_not_awaited_where_an_annotation_says_so(small_program: Stack) -> None:
    nowhere = {"kubernetes.io/hostname": "nowhere"}
    small_program.write_program(
        deployment(annotations={"pulumi.com/skipAwait": "true"}, nodes=nowhere)
    )
    small_program.up()


_UNREACHABLE = """\
import pulumi
import pulumi_kubernetes as kubernetes

kubeconfig = '''
apiVersion: v1
kind: Config
current-context: gone
contexts: [{name: gone, context: {cluster: gone, user: gone}}]
clusters: [{name: gone, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: gone, user: {token: none}}]
'''
cluster = kubernetes.Provider("cluster", kubeconfig=kubeconfig)
kubernetes.core.v1.ConfigMap("map", opts=pulumi.ResourceOptions(provider=cluster))
"""


def test_an_unreachable_cluster_is_a_warning_at_preview_and_an_error_at_up(
    small_program: Stack,
) -> None:
    small_program.write_program(_UNREACHABLE)
    preview = small_program.preview()
    assert preview.change_summary[OpType.CREATE] == 3
    assert "unreachable" in preview.stdout
    assert "unreachable" in failure(small_program.up)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_an_interrupted_update_is_completed_by_the_next_one(
    small_program: Stack, cluster: Cluster, how: signal.Signals
) -> None:
    # No node carries the label yet, so that the update is interrupted while it waits.
    label = f"interrupted-{how.name}"
    small_program.write_program(deployment(nodes={label: "true"}))
    update = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", small_program.name],
        cwd=small_program.folder,
        env=small_program.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(
        lambda: cluster.names("deployments", namespace="default") == ["web"],
        "the update has begun",
    )
    update.send_signal(how)
    update.wait(timeout=60)
    local_stack.release_stale_locks(small_program.locks)
    cluster.kubectl("label", "node", "zone-a-1", f"{label}=true")
    small_program.up()
    (found,) = cluster.objects("deployments", namespace="default")
    assert found["status"]["readyReplicas"] == 1
    assert set(small_program.up().summary.resource_changes or {}) == {"same"}
