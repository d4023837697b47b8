"""Data stores say what their data is, what for, for how long, and who answers for it."""

import json
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import classification
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said

CONDITIONS = (
    classification.data_stores_are_classified,
    classification.data_stores_have_a_purpose,
    classification.personal_data_has_a_lawful_basis,
    classification.data_stores_have_a_retention,
    classification.data_stores_have_an_owner,
)

COMPLETE = {
    "data-classification": "personal",
    "data-purpose": "order-processing",
    "data-lawful-basis": "contract",
    "data-retention-days": "90",
    "data-owner": "team-orders",
}


def claim(labels: Any = None, annotations: Any = None) -> Resource:
    metadata = {"labels": labels, "annotations": annotations}
    return resource("kubernetes:core/v1:PersistentVolumeClaim", {"metadata": metadata})


def table(tags: Any, default_tags: Any = None) -> Resource:
    provider = {"defaultTags": json.dumps({"tags": default_tags or {}})}
    return resource("aws:dynamodb/table:Table", {"tags": tags}, provider=provider)


def stateful_set(**spec: Any) -> Resource:
    return resource("kubernetes:apps/v1:StatefulSet", {"spec": spec})


@pytest.mark.parametrize(
    "store",
    [
        claim(COMPLETE),
        claim(annotations={f"example.com/{key}": value for key, value in COMPLETE.items()}),
        table(COMPLETE),
        table({"data-owner": "team-orders"}, default_tags=COMPLETE),
    ],
)
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.id)
def test_a_store_with_all_labels_passes(condition: Condition, store: Resource) -> None:
    assert said(condition, store) == []


@pytest.mark.parametrize(
    ("condition", "key", "control", "requires"),
    [
        (
            classification.data_stores_are_classified,
            "data-classification",
            "SOC2 C1.1",
            "public or internal or confidential or personal",
        ),
        (classification.data_stores_have_a_purpose, "data-purpose", "SOC2 C1.1", "a purpose"),
        (
            classification.personal_data_has_a_lawful_basis,
            "data-lawful-basis",
            "SOC2 C1.1",
            "consent or contract or legal-obligation or vital-interests or public-task or "
            "legitimate-interests",
        ),
        (
            classification.data_stores_have_a_retention,
            "data-retention-days",
            "SOC2 C1.2",
            "a whole number of days",
        ),
        (classification.data_stores_have_an_owner, "data-owner", "SOC2 C1.1", "an owner"),
    ],
)
def test_each_label_is_asked_for_by_one_condition(
    condition: Condition, key: str, control: str, requires: str
) -> None:
    def finding(state: str) -> list[str]:
        return [
            f"[{control}] kubernetes:core/v1:PersistentVolumeClaim 'example': found "
            f"metadata.labels.{key} {state}; requires {requires}. Fix: metadata.labels.{key}. "
            f"Exception: policies/exceptions.yaml, condition {condition.id}, "
            "with owner and expiry."
        ]

    missing = {name: value for name, value in COMPLETE.items() if name != key}
    assert said(condition, claim(missing)) == finding("not set")
    assert said(condition, claim({**COMPLETE, key: " "})) == finding("set otherwise")
    assert said(condition, claim({**COMPLETE, key: UNKNOWN})) == [
        f"[{control}] kubernetes:core/v1:PersistentVolumeClaim 'example': undecided until up, "
        f"as metadata.labels.{key} is not known at preview; will require {requires}."
    ]


@pytest.mark.parametrize(
    ("key", "value", "condition"),
    [
        ("data-classification", "secret", classification.data_stores_are_classified),
        ("data-lawful-basis", "we-like-it", classification.personal_data_has_a_lawful_basis),
        ("data-retention-days", "forever", classification.data_stores_have_a_retention),
        ("data-retention-days", "-1", classification.data_stores_have_a_retention),
    ],
)
def test_other_words_than_the_agreed_are_no_classification(
    key: str, value: str, condition: Condition
) -> None:
    assert len(said(condition, claim({**COMPLETE, key: value}))) == 1


def test_tags_that_the_provider_computes_leave_nothing_undecided() -> None:
    untagged = resource("aws:dynamodb/table:Table", {"tagsAll": UNKNOWN})
    (message,) = said(classification.data_stores_have_an_owner, untagged)

    assert "found tags.data-owner not set; requires an owner" in message


def test_only_personal_data_needs_a_lawful_basis() -> None:
    condition = classification.personal_data_has_a_lawful_basis

    assert said(condition, claim({"data-classification": "internal"})) == []
    assert said(condition, claim({"data-classification": UNKNOWN})) == [
        "[SOC2 C1.1] kubernetes:core/v1:PersistentVolumeClaim 'example': undecided until up, as "
        "metadata.labels.data-classification is not known at preview; "
        "will require a lawful basis if the data is personal."
    ]


def test_personal_data_is_kept_within_the_configured_bounds() -> None:
    condition = classification.data_stores_have_a_retention
    too_long = {**COMPLETE, "data-retention-days": "3650"}

    assert said(condition, claim(too_long)) == [
        "[SOC2 C1.2] kubernetes:core/v1:PersistentVolumeClaim 'example': found "
        "metadata.labels.data-retention-days 3650; requires 1 to 365 days for personal data. "
        "Fix: metadata.labels.data-retention-days. Exception: policies/exceptions.yaml, "
        "condition data-stores-have-a-retention, with owner and expiry."
    ]
    assert said(condition, claim({**too_long, "data-classification": "internal"})) == []
    assert said(condition, claim({**too_long, "data-classification": UNKNOWN})) == [
        "[SOC2 C1.2] kubernetes:core/v1:PersistentVolumeClaim 'example': undecided until up, as "
        "metadata.labels.data-classification is not known at preview; "
        "will require 1 to 365 days for personal data."
    ]


def test_a_stateful_set_is_a_store_if_it_claims_volumes() -> None:
    condition = classification.data_stores_are_classified

    assert judgement(condition, stateful_set(template={})) is None
    assert len(said(condition, stateful_set(volumeClaimTemplates=[{}]))) == 1
    assert judgement(condition, resource("kubernetes:core/v1:ConfigMap")) is None
