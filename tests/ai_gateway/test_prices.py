"""The price table can be trusted, and says where it cannot be used."""

import copy
from typing import Any

import pytest
import yaml

from ai_gateway import prices

TABLE = yaml.safe_load(prices.FILE.read_text(encoding="utf-8"))


def changed(**entry: Any) -> dict[str, Any]:
    """The table with its first price changed."""
    document = copy.deepcopy(TABLE)
    document["prices"][0] |= entry
    return document


def test_what_is_not_verified_says_what_is_missing() -> None:
    for price in prices.load().models.values():
        assert price.verified is (price.why is None)


def test_every_provider_s_key_is_the_catalogue_s() -> None:
    assert prices.load().keys["together-ai"] == "TOGETHER_API_KEY"


def test_one_price_weighs_three_tokens_sent_with_one_answered() -> None:
    assert prices.load().models["anthropic/claude-opus-5-5"].blended_dollars == (3 * 4 + 20) / 4


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (changed(output="dear"), "prices[0] (openai/gpt-6-astra).output: 'dear' is not of type"),
        (changed(input=0), "prices[0] (openai/gpt-6-astra).input: 0 is less than or equal"),
        (changed(cached_input=11), "prices[0] (openai/gpt-6-astra).cached_input: is more than"),
        (changed(provider="groq"), "prices[0] (groq/gpt-6-astra).provider: is not among providers"),
        (changed(looked_up="2026-02-30"), "looked_up: 2026-02-30 is no day"),
        (changed(source="somebody said so"), "prices[0] (openai/gpt-6-astra).source:"),
        (changed(verified=True), "prices[0] (openai/gpt-6-astra): "),
        (changed(model="gpt-6.1-sol"), "prices[1] (openai/gpt-6.1-sol): has a price already"),
        (
            TABLE | {"providers": TABLE["providers"] | {"groq": {"integration": "groq"}}},
            "providers.groq.integration: groq is not in the catalogue",
        ),
        ({}, "the document: 'providers' is a required property"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: dict[str, Any], expected: str) -> None:
    with pytest.raises(prices.PricesError) as error:
        prices.parse(document)
    assert expected in str(error.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    document = changed(cached_input=11)
    document["prices"][1]["looked_up"] = "2026-13-01"
    with pytest.raises(prices.PricesError) as error:
        prices.parse(document)
    assert len(error.value.problems) == 2
