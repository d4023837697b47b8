"""The price table can be trusted, and says where it cannot be used."""

import copy
from typing import Any

import pytest
import yaml

from cost import prices

TABLE = yaml.safe_load(prices.FILE.read_text(encoding="utf-8"))


def changed(**amount: Any) -> dict[str, Any]:
    """The table with the first price of a NAT gateway changed."""
    document = copy.deepcopy(TABLE)
    document["prices"]["nat-gateway"]["dollars"]["eu-central-1"] |= amount
    return document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (changed(amount="dear"), "prices.nat-gateway.dollars.eu-central-1.amount: Input should be"),
        (changed(amount=-1.0), "prices.nat-gateway.dollars.eu-central-1.amount: Input should be"),
        (changed(source="hearsay"), "source: hearsay is not among sources; or write none"),
        (changed(source="none"), "nat-gateway.eu-central-1.why: is for prices without a source"),
        (changed(why="because"), "nat-gateway.eu-central-1.why: is for prices without a source"),
        (TABLE | {"looked_up": "2026-02-30"}, "looked_up: 2026-02-30 is no day"),
        ({}, "prices: Field required"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: dict[str, Any], expected: str) -> None:
    with pytest.raises(prices.PricesError) as error:
        prices.parse(document)
    assert expected in str(error.value)


def test_every_source_is_used() -> None:
    used = {
        amount["source"]
        for entry in TABLE["prices"].values()
        for amount in entry["dollars"].values()
    }
    assert set(TABLE["sources"]) == used - {"none"}


def test_a_price_that_was_read_nowhere_says_why() -> None:
    for regions in prices.load().by_item.values():
        for price in regions.values():
            assert (price.source is None) is (price.why is not None)
