"""Pods of simulated nodes start once, each kind after its own time."""

from collections.abc import Mapping
from typing import Any

import pytest

from drills.nodes import START_SECONDS, StartingNodes

LABEL = '.metadata.labels["app.kubernetes.io/name"]'


def starts(stage: Mapping[str, Any], name: str) -> bool:
    (chosen,) = (
        each for each in stage["spec"]["selector"]["matchExpressions"] if each["key"] == LABEL
    )
    return (name in chosen["values"]) is (chosen["operator"] == "In")


@pytest.mark.parametrize(("name", "seconds"), [*START_SECONDS.items(), ("postgres", 0)])
def test_exactly_one_stage_makes_a_pod_ready_after_its_time(name: str, seconds: int) -> None:
    stages = [
        document
        for document in StartingNodes().controller_configuration()
        if document["metadata"]["name"].startswith("pod-ready")
    ]
    (stage,) = (each for each in stages if starts(each, name))
    assert stage["spec"].get("delay", {}).get("durationMilliseconds", 0) == seconds * 1000
