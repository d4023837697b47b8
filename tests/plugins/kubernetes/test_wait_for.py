import json

import pytest

from local.plugins.kubernetes import wait_for
from local.plugins.server import PluginError

OBJECT = {
    "metadata": {"labels": {"a.b/c": "d"}},
    "spec": {"size": 3, "suspended": False},
    "status": {
        "phase": "Running",
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Degraded", "status": "False"},
        ],
    },
}


def _is_met(annotation: str) -> bool:
    return wait_for.judge(wait_for.parse(annotation), OBJECT).ready


@pytest.mark.parametrize(
    "annotation",
    [
        "condition=Ready",
        "condition=degraded=False",
        "jsonpath={.status.phase}=Running",
        "jsonpath={.status.phase}",
        "jsonpath={.spec.size}=3",
        "jsonpath={.spec.suspended}=false",
        "jsonpath={.status.conditions[0].type}=Ready",
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
        "jsonpath={.metadata.labels['a.b/c']}=d",
        r"jsonpath={.metadata.labels.a\.b/c}=d",
        json.dumps(["condition=Ready", "jsonpath={.spec.size}=3"]),
    ],
)
def test_an_expectation_that_the_object_meets(annotation):
    assert _is_met(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        "condition=Degraded",
        "condition=Missing",
        "jsonpath={.status.phase}=Pending",
        "jsonpath={.status.nothing}",
        "jsonpath={.status.conditions[*].status}=True",
        json.dumps(["condition=Ready", "jsonpath={.spec.size}=4"]),
    ],
)
def test_an_expectation_that_the_object_does_not_meet(annotation):
    assert not _is_met(annotation)


def test_what_is_still_missing_is_named():
    expectations = wait_for.parse(json.dumps(["condition=Ready", "condition=Synced"]))
    assert wait_for.judge(expectations, OBJECT).progress == "Waiting for condition=Synced"


@pytest.mark.parametrize(
    "annotation", ["Ready", "jsonpath=.status.phase", "jsonpath={.status.phase[}=x", "[]"]
)
def test_what_is_not_in_the_syntax_is_refused(annotation):
    with pytest.raises(PluginError, match=r"pulumi\.com/waitFor"):
        wait_for.parse(annotation)
