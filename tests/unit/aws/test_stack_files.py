"""The files of both regions of production: either may work, so they say the same of the platform.

Whichever of the two works: `make failover` changes roles, and what a database follows.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from failover.pair import Environment, environment, partner

_REPOSITORY = Path(__file__).parents[3]
_STACKS = ("production", "production-standby")

_OF_A_REGION = (
    "platform.zones",
    *("aws.region", "aws.role", "aws.peer", "aws.network.cidr", "aws.keys.existing"),
    *("aws.database.sourceArn", "aws.database.generation"),
    *("aws.failover.home", "aws.failover.records.endpoint", "aws.failover.records.checkHost"),
)
"""What an environment says of its own region. All else is the platform's."""


def flat(value: Any, path: str) -> dict[str, Any]:
    """Each setting by its path; a list is a setting."""
    if not isinstance(value, dict):
        return {path: value}
    return {
        inner: each
        for key, below in value.items()
        for inner, each in flat(below, f"{path}.{key}").items()
    }


def shared(document: dict[str, Any]) -> dict[str, Any]:
    """What a file says of the platform."""
    settings = flat(document["config"], "config")
    own = tuple(f"config.n8n-platform:{each}" for each in _OF_A_REGION)
    return {path: value for path, value in settings.items() if not path.startswith(own)}


@pytest.fixture(scope="module")
def pair() -> tuple[Environment, Environment]:
    home, away = (environment(stack, folder=_REPOSITORY) for stack in _STACKS)
    return home, away


def test_both_say_the_same_of_all_but_their_regions() -> None:
    home, away = (
        yaml.safe_load((_REPOSITORY / f"Pulumi.{stack}.yaml").read_text()) for stack in _STACKS
    )
    assert shared(home) == shared(away)
    # Deployed with the same credentials, and secrets.
    assert home["environment"] == away["environment"]


def test_each_finds_the_other(pair: tuple[Environment, Environment]) -> None:
    for one, other in (pair, pair[::-1]):
        found = partner(one, folder=_REPOSITORY)
        assert found
        assert found.stack == other.stack
        assert one.aws.peer
        assert one.aws.peer.cidr == other.aws.network.cidr


def test_one_of_them_is_home_and_one_works(pair: tuple[Environment, Environment]) -> None:
    assert [each.aws.failover.home for each in pair] == [True, False]
    assert {each.aws.role for each in pair} == {"primary", "standby"}


def test_the_database_that_waits_follows_the_one_that_works(
    pair: tuple[Environment, Environment],
) -> None:
    (works,) = (each for each in pair if each.aws.role == "primary")
    (waits,) = (each for each in pair if each.aws.role == "standby")
    assert works.aws.database.source_arn is None
    assert waits.aws.database.source_arn == works.database_arn()


def test_zones_and_keys_are_of_the_own_region(pair: tuple[Environment, Environment]) -> None:
    for each in pair:
        zones = each.settings.platform.zones
        assert [zone[-1] for zone in zones] == ["a", "b", "c"]
        assert {zone[:-1] for zone in zones} == {each.aws.region}
        keys = each.aws.keys.existing
        for _, arn in keys or ():
            assert arn.startswith(f"arn:aws:kms:{each.aws.region}:{each.aws.account_id}:")
