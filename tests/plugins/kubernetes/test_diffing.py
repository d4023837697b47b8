import copy
from typing import Any

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from local.plugins.kubernetes import diffing, replacement
from local.plugins.kubernetes.diffing import Difference
from tests.plugins.kubernetes.objects import Object, config_map

DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "spec": {
                "hostNetwork": False,
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "env": [{"name": "A", "value": ""}],
                        "resources": {"requests": {"cpu": "1000m", "memory": "0.5Gi"}},
                    }
                ],
            }
        },
    },
}


def _live(inputs: Object, **changed: Any) -> Object:
    """What the server makes of the inputs: filled in, in its spelling, without zero values."""
    live = copy.deepcopy(inputs)
    live["metadata"] |= {"uid": "1", "generation": 1}
    if live["kind"] == "Deployment":
        live["spec"] |= {"progressDeadlineSeconds": 600, **changed}
        pod_spec = live["spec"]["template"]["spec"]
        del pod_spec["hostNetwork"]
        container = pod_spec["containers"][0]
        del container["env"][0]["value"]
        container["resources"]["requests"] = {"cpu": "1", "memory": "512Mi"}
        container["imagePullPolicy"] = "IfNotPresent"
    return live


def _compare(old: Object, new: Object, *, live: Object | None = None, **options: Any) -> Difference:
    immutable = replacement.fields(new, mutable_config_maps=False, mutable_secrets=False)
    return diffing.compare(
        old_inputs=old,
        old_live=live or _live(old),
        new_inputs=new,
        immutable=immutable,
        **options,
    )


def _kinds(difference: Difference) -> dict[str, PropertyDiffKind]:
    return {path: diff.kind for path, diff in difference.properties.items()}


def _changed(obj: Object, path: str, value: Any) -> Object:
    result = copy.deepcopy(obj)
    *parents, last = diffing.parse_path(path)
    target: Any = result
    for part in parents:
        target = target[part]
    target[last] = value
    return result


def test_the_same_inputs_are_no_change_however_the_server_spells_them():
    assert _compare(DEPLOYMENT, DEPLOYMENT).properties == {}


def test_another_quantity_is_a_change():
    path = "spec.template.spec.containers[0].resources.requests.cpu"
    assert _kinds(_compare(DEPLOYMENT, _changed(DEPLOYMENT, path, "2"))) == {
        path: PropertyDiffKind.UPDATE
    }


@pytest.mark.parametrize(
    ("obj", "path", "value"),
    [
        (DEPLOYMENT, "spec.template.spec.containers[0].env[0].value", "1000m"),
        (config_map(limits="1", max="1"), "data.max", "1000m"),
    ],
)
def test_text_that_looks_like_a_quantity_is_compared_literally(obj, path, value):
    old = _changed(obj, path, "1")
    new = _changed(obj, path, value)
    assert list(_compare(old, new, live=old).properties) == [path]


def test_a_custom_resource_is_compared_literally():
    old = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {}, "spec": {"min": "1"}}
    new = _changed(old, "spec.min", "1000m")
    assert _kinds(_compare(old, new)) == {"spec.min": PropertyDiffKind.UPDATE}


def test_a_changed_image_is_shown_with_its_path_and_updated_in_place():
    path = "spec.template.spec.containers[0].image"
    difference = _compare(DEPLOYMENT, _changed(DEPLOYMENT, path, "web:2"))
    assert _kinds(difference) == {path: PropertyDiffKind.UPDATE}
    assert difference.replaces == ()


def test_a_changed_selector_replaces_the_deployment_in_its_place():
    new = _changed(DEPLOYMENT, "spec.selector.matchLabels.app", "other")
    difference = _compare(DEPLOYMENT, new)
    assert difference.replaces == ("spec.selector.matchLabels.app",)
    assert difference.delete_before_replace


def test_drift_that_a_refresh_has_seen_is_a_change():
    live = _live(DEPLOYMENT, replicas=5)
    difference = _compare(DEPLOYMENT, DEPLOYMENT, live=live)
    assert _kinds(difference) == {"spec.replicas": PropertyDiffKind.UPDATE}


def test_ignored_changes_and_all_below_them_are_left_out():
    live = _live(DEPLOYMENT, replicas=5)
    new = _changed(DEPLOYMENT, "spec.template.spec.containers[0].image", "web:2")
    ignored = ["spec.replicas", "spec.template.spec.containers[*].image"]
    assert _compare(DEPLOYMENT, new, live=live, ignored=ignored).properties == {}


def test_additions_and_removals_are_told_apart_in_maps_and_lists():
    old = config_map(a="1", b="2")
    new = config_map(b="2", c="3")
    difference = _compare(old, new)
    assert _kinds(difference) == {
        "data.a": PropertyDiffKind.DELETE_REPLACE,
        "data.c": PropertyDiffKind.ADD_REPLACE,
    }
    container = DEPLOYMENT["spec"]["template"]["spec"]["containers"][0]
    two = _changed(DEPLOYMENT, "spec.template.spec.containers", [container, {"name": "b"}])
    assert _kinds(_compare(DEPLOYMENT, two)) == {
        "spec.template.spec.containers[1]": PropertyDiffKind.ADD
    }


def test_an_autonamed_object_is_replaced_by_one_beside_it():
    old = config_map(a="1")
    old["metadata"]["annotations"] = {"pulumi.com/autonamed": "true"}
    difference = _compare(old, _changed(old, "data.a", "2"))
    assert difference.replaces == ("data.a",)
    assert not difference.delete_before_replace


def test_another_name_or_namespace_needs_no_deletion_first():
    for field in ("name", "namespace"):
        new = _changed(DEPLOYMENT, f"metadata.{field}", "other")
        difference = _compare(DEPLOYMENT, new)
        assert difference.replaces == (f"metadata.{field}",)
        assert not difference.delete_before_replace


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("spec.ports[0].name", ("spec", "ports", 0, "name")),
        ('data["a.b"]', ("data", "a.b")),
        ('metadata.annotations["x/y"].z', ("metadata", "annotations", "x/y", "z")),
        ("spec.containers[*].image", ("spec", "containers", "*", "image")),
    ],
)
def test_property_paths_are_read_as_pulumi_writes_them(path, parts):
    assert diffing.parse_path(path) == parts


def test_keys_with_dots_are_quoted_in_paths():
    assert diffing.format_path(("data", "a.b", 0, "c")) == 'data["a.b"][0].c'
