"""Everything of an environment is in regions that are allowed."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.unit.aws.region import HOME, Region, key_arn, primary, problems, standby

EUROPE = ("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3")
AMERICA = ("us-east-1", "us-east-2", "us-west-2")
_NAMED = re.compile(r"\b(?:ap|ca|eu|sa|us)-[a-z]+-\d\b")


def pair(regions: Sequence[str], allowed: Sequence[str]) -> dict[str, Any]:
    region, peer, witness = regions
    return primary(
        region=region,
        peer={"region": peer, "cidr": "10.65.0.0/16"},
        failover={"witnessRegion": witness},
        allowedRegions=list(allowed),
    )


@given(
    regions=st.permutations([*EUROPE, *AMERICA]).map(lambda order: order[:3]),
    allowed=st.sets(st.sampled_from([*EUROPE, *AMERICA]), min_size=1),
)
def test_a_pair_is_accepted_only_within_allowed_regions(
    regions: list[str], allowed: set[str]
) -> None:
    wrong = problems(pair(regions, sorted(allowed)))
    keys = ("aws.region", "aws.peer.region", "aws.failover.witnessRegion")
    for key, region in zip(keys, regions, strict=True):
        if region not in allowed:
            assert key in wrong
    one_set = {*regions} <= {*EUROPE} or {*regions} <= {*AMERICA}
    assert (wrong == []) == ({*regions} <= allowed and one_set)


@examples(max_examples=12)
@given(regions=st.permutations(EUROPE).map(lambda order: order[:3]))
def test_no_resource_names_a_region_that_is_not_allowed(regions: list[str]) -> None:
    values = pair(regions, sorted(regions))
    assume(not problems(values))
    found = {name for each in Region(values) for name in _NAMED.findall(str(each.inputs))}
    # Keys that the test itself gives are in the environment's region.
    assert found <= {*regions}
    assert {regions[0], regions[1]} <= found


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (
            standby(database={"sourceArn": "arn:aws:rds:eu-west-3:111122223333:db:n8n-1"}),
            "aws.database.sourceArn",
        ),
        (
            primary(alarms={"topics": ["arn:aws:sns:us-east-1:111122223333:alarms"]}),
            "aws.alarms.topics",
        ),
    ],
)
def test_what_is_named_by_its_arn_is_where_it_has_to_be(values: Any, wrong: str) -> None:
    assert problems(values) == [wrong]


def test_keys_of_another_region_are_refused() -> None:
    keys = {"existing": {each: key_arn(each, HOME) for each in ("data", "backup", "escrow")}}
    assert set(problems(standby(keys=keys))) == {
        f"aws.keys.existing.{name}" for name in ("data", "backup", "escrow")
    }
