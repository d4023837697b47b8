"""What has a key, read from objects."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.governance import REREADS
from esc.rotation.cluster import Found, find


def external(**spec: Any) -> dict[str, Any]:
    data = [{"secretKey": "token", "remoteRef": {"key": "API_KEY"}}]
    return {
        "metadata": {"name": "copy"},
        "spec": {"data": data, "target": {"name": "made"}, **spec},
    }


def workload(
    pod: Mapping[str, Any], *, kind: str = "Deployment", rereads: str = ""
) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"name": "consumer"},
        "spec": {
            "selector": {"matchLabels": {"app": "consumer"}},
            "template": {
                "metadata": {"annotations": {REREADS: rereads}} if rereads else {},
                "spec": {"containers": [{"name": "main"}], **pod},
            },
        },
    }


def variable(name: str = "made", key: str = "token") -> dict[str, Any]:
    reference = {"secretKeyRef": {"name": name, "key": key}}
    return {"containers": [{"name": "main", "env": [{"name": "X", "valueFrom": reference}]}]}


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "keys", "secret": {"secretName": "made", **source}}]}


def found(pod: Mapping[str, Any], *, copy: dict[str, Any] | None = None, **more: Any) -> Found:
    return find({"API_KEY"}, [copy or external()], [workload(pod, **more)])


@pytest.mark.parametrize(
    "pod",
    [
        variable(),
        {"containers": [{"name": "main", "envFrom": [{"secretRef": {"name": "made"}}]}]},
        {"containers": [{"name": "main"}], "initContainers": variable()["containers"]},
        volume(),
        volume(items=[{"key": "token", "path": "t"}]),
        {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "made"}}]}}]},
    ],
)
def test_pods_that_refer_to_the_key_are_restarted(pod: dict[str, Any]) -> None:
    assert [str(each) for each in found(pod).at_start(files=True)] == ["deployment/consumer"]


@pytest.mark.parametrize(
    "pod",
    [
        {},
        variable(name="other"),
        variable(key="another-key"),
        volume(items=[{"key": "another-key", "path": "t"}]),
        {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "made"}}]}}]},
    ],
)
def test_pods_without_it_are_left_alone(pod: dict[str, Any]) -> None:
    assert not found(pod).consumers


def test_a_template_may_put_the_value_under_any_key() -> None:
    copy = external(target={"name": "made", "template": {"data": {"all.json": "{{ .token }}"}}})

    assert found(volume(items=[{"key": "all.json", "path": "t"}]), copy=copy).at_start(files=True)


def test_a_template_of_the_type_alone_changes_no_key() -> None:
    copy = external(target={"name": "made", "template": {"type": "Opaque"}})

    assert not found(variable(key="another-key"), copy=copy).consumers


def test_a_secret_without_a_name_has_its_external_secrets() -> None:
    assert found(variable(name="copy"), copy=external(target={})).consumers


def test_files_that_are_read_again_need_no_restart() -> None:
    rereading = found(volume(), rereads="other, made")

    assert not rereading.at_start(files=True)
    assert [each.rereads for each in rereading.consumers] == [True]


def test_a_variable_is_never_read_again() -> None:
    assert found({**variable(), **volume()}, rereads="made").at_start(files=True)


def test_another_secret_that_is_read_again_says_nothing_of_this_one() -> None:
    assert found(volume(), rereads="other").at_start(files=True)


def test_files_can_be_left_out() -> None:
    assert not found(volume()).at_start(files=False)
    assert found(variable()).at_start(files=False)
