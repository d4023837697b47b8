"""Who answers for a resource, what it runs and which change made it can be read from it."""

from collections.abc import Mapping
from typing import Any

import pytest

from policies.conditions import changes
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.pods import DEPLOYMENT
from tests.policies.wording import pending, violated

_NAMESPACE = "kubernetes:core/v1:Namespace"
_OWNER = "the label or annotation owner, or any ending in /owner"
_CHANGE = "the label or annotation change, or any ending in /change"
_RECOMMENDED = {
    "app.kubernetes.io/name": "n8n",
    "app.kubernetes.io/version": "2.43.3",
    "app.kubernetes.io/managed-by": "pulumi",
}


def labelled(type_: str, labels: Any, annotations: Any = None) -> Resource:
    return resource(type_, {"metadata": {"labels": labels, "annotations": annotations}})


@pytest.mark.parametrize("key", _RECOMMENDED)
def test_workloads_have_the_recommended_labels(key: str) -> None:
    condition = changes.recommended_labels_are_set
    path = f"metadata.labels.{key}"
    others = {name: value for name, value in _RECOMMENDED.items() if name != key}
    missing = labelled(DEPLOYMENT, others)
    unknown = labelled(DEPLOYMENT, {**others, key: UNKNOWN})

    assert said(condition, labelled(DEPLOYMENT, _RECOMMENDED)) == []
    assert said(condition, missing) == [
        violated(condition, missing, found=f"{path} not set", requires="a value", fix=path)
    ]
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=path, requires="a value")
    ]


def test_a_namespace_has_no_version_of_its_own() -> None:
    condition = changes.recommended_labels_are_set

    assert said(condition, labelled(_NAMESPACE, {"app.kubernetes.io/managed-by": "pulumi"})) == []
    assert len(said(condition, labelled(_NAMESPACE, {}))) == 1


def test_what_is_no_workload_needs_no_labels() -> None:
    assert (
        judgement(changes.recommended_labels_are_set, resource("kubernetes:core/v1:Service"))
        is None
    )


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ({"owner": "platform"}, None),
        ({"n8n-platform/owner": "platform"}, None),
        (None, {"example.org/owner": "platform"}),
        ({"owner": ""}, {"owner": "platform"}),
    ],
)
def test_an_owner_is_named_by_label_or_annotation(
    labels: Mapping[str, str] | None, annotations: Mapping[str, str] | None
) -> None:
    for type_ in (DEPLOYMENT, _NAMESPACE):
        assert said(changes.resources_have_an_owner, labelled(type_, labels, annotations)) == []


@pytest.mark.parametrize("labels", [None, {}, {"owner": " "}, {"co-owner": "platform"}, ["owner"]])
def test_nobody_answers_for_it(labels: Any) -> None:
    condition, judged = changes.resources_have_an_owner, labelled(DEPLOYMENT, labels)

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found="no owner in metadata",
            requires=_OWNER,
            fix="metadata.labels",
        )
    ]


@pytest.mark.parametrize("labels", [UNKNOWN, {"owner": UNKNOWN}])
def test_an_unknown_owner_is_undecided(labels: Any) -> None:
    condition, judged = changes.resources_have_an_owner, labelled(DEPLOYMENT, labels)

    assert said(condition, judged) == [
        pending(condition, judged, unknown="metadata", requires=_OWNER)
    ]


def test_a_namespace_names_the_change_that_was_deployed() -> None:
    condition = changes.namespaces_name_their_change
    unknown = labelled(_NAMESPACE, None, {"n8n-platform/change": UNKNOWN})
    unnamed = labelled(_NAMESPACE, {"owner": "platform"})

    for key in ("change", "n8n-platform/change", "kubernetes.io/change-cause", "git-commit"):
        assert said(condition, labelled(_NAMESPACE, None, {key: "a4e1f9a"})) == []
    assert said(condition, unnamed) == [
        violated(
            condition,
            unnamed,
            found="no change in metadata",
            requires=_CHANGE,
            fix="metadata.labels",
        )
    ]
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown="metadata", requires=_CHANGE)
    ]
