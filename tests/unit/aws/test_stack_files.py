"""What the files of a pair say alike, so that its standby can take over as it is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

_FOLDER = Path(__file__).parents[3]
_OF_A_REGION = ("region", "role", "peer", "network", "database", "keys")
"""Settings of AWS that are each environment's own."""


def config(stack: str) -> dict[str, Any]:
    return yaml.safe_load((_FOLDER / f"Pulumi.{stack}.yaml").read_text())["config"]


HOME, AWAY = config("production"), config("production-standby")
AWS = "n8n-platform:aws"


def test_both_environments_have_the_same_settings_of_the_platform() -> None:
    assert HOME.keys() == AWAY.keys()
    for area in HOME.keys() - {AWS}:
        here, there = (
            {key: value for key, value in each[area].items() if key != "zones"}
            for each in (HOME, AWAY)
        )
        assert here == there, area


def test_settings_of_aws_differ_only_by_region_and_role() -> None:
    here, there = (
        {key: value for key, value in each[AWS].items() if key not in _OF_A_REGION}
        for each in (HOME, AWAY)
    )
    assert here.pop("failover") == {**there.pop("failover"), "home": True}
    assert here == there


@pytest.mark.parametrize(("one", "other"), [(HOME, AWAY), (AWAY, HOME)])
def test_each_names_the_other_as_its_peer(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one[AWS]["peer"] == {
        "region": other[AWS]["region"],
        "cidr": other[AWS]["network"]["cidr"],
    }
