"""What the router counts."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from ai_gateway.cost import Usage, dollars, saving
from ai_gateway.document import Document, Model
from ai_gateway.router import usage
from ai_gateway.router.asked import Asked
from ai_gateway.router.limits import Limits
from ai_gateway.router.metering import Metering, Outcome
from ai_gateway.stubs import Behaviour
from tests.ai_gateway.conftest import Way, make_document, model_name

_MODEL = model_name("efficient", "openai")
_CALL = "efficient_work:performance"
_TOKENS = json.dumps({"input": 1_000, "cached": 500, "output": 200})


@pytest.mark.parametrize(
    ("strategy", "provider"), [("performance", "openai"), ("cost", "anthropic")]
)
def test_tokens_and_dollars_are_right_right_after_a_call(
    way: Way, strategy: str, provider: str
) -> None:
    way.ask(f"efficient_work:{strategy}", _TOKENS)
    labels = {"use_case": "efficient_work", "model": model_name("efficient", provider)}
    for direction, count in (("input", 1_000), ("cached", 500), ("output", 200)):
        assert way.metric("ai_tokens_total", direction=direction, **labels) == count
    # 1 and 0.1 and 5 dollars for a million; the baseline 10 and 1 and 50.
    assert way.metric("ai_cost_dollars_total", **labels) == pytest.approx(0.00205)
    assert way.metric("ai_baseline_cost_dollars_total", **labels) == pytest.approx(0.0205)
    assert way.metric("ai_budget_spent_dollars", use_case="efficient_work") == pytest.approx(
        0.00205
    )
    assert way.metric("ai_request_seconds_count", **labels) == 1


@pytest.mark.parametrize(
    "block",
    [
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 5, "completion_tokens": -1},
        {
            "prompt_tokens": 5,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": -1},
        },
        {"prompt_tokens": 10**12, "completion_tokens": 5},
        {"prompt_tokens": "many", "completion_tokens": 5},
        {"prompt_tokens": 1.5, "completion_tokens": 5},
        {"prompt_tokens": True, "completion_tokens": 5},
        {"completion_tokens": 5},
        {"prompt_tokens": 5, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}},
        {"prompt_tokens": 5, "completion_tokens": 5, "prompt_tokens_details": "none"},
        [],
        "free",
    ],
    ids=repr,
)
def test_usage_that_cannot_be_is_counted_and_costs_nothing(way: Way, block: object) -> None:
    way.stubs.behave(_MODEL, Behaviour(usage=block))
    status, answer = way.ask(_CALL)
    assert status == 200
    assert answer["choices"][0]["message"]["content"] == "Hello!"
    assert way.metric("ai_usage_invalid_total", use_case="efficient_work") == 1
    assert way.metric("ai_cost_dollars_total") == 0
    assert way.metric("ai_tokens_total") == 0


def test_an_answer_without_usage_is_counted(way: Way) -> None:
    way.stubs.behave(_MODEL, Behaviour(usage=None))
    assert way.ask(_CALL)[0] == 200
    assert way.metric("ai_usage_missing_total", model=_MODEL) == 1


def outcome(document: Document, **changes: Any) -> Outcome:
    asked = Asked(
        use_case="efficient_work",
        strategy="performance",
        tier="efficient",
        body={},
        stream=False,
        wants_usage=False,
    )
    given = {
        "status": 200,
        "seconds": 1.0,
        "asked": asked,
        "config": document.tiers["efficient"],
        "path": "config.targets[0].targets[0]",
        "retries": "0",
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }
    return Outcome(**(given | changes))


def metered(*outcomes: dict[str, Any]) -> str:
    document = make_document()
    metering = Metering(document, Limits(document.use_cases), has_key=lambda _: True)
    for changes in outcomes:
        metering.record(outcome(document, **changes))
    return generate_latest(metering.registry).decode()


@pytest.mark.parametrize(
    "path",
    [
        "config",
        "config.targets[9]",
        "config.targets[0]",
        "config.targets[0].targets[99999999]",
        "config.targets[-1].targets[0]",
        "x",
        "config.targets[0].targets[0].targets[0]",
    ],
)
def test_a_model_that_is_not_known_is_counted_as_such(path: str) -> None:
    said = metered({"path": path})
    assert 'ai_usage_invalid_total{reason="unknown_model",use_case="efficient_work"} 1.0' in said
    assert 'model="unknown"' in said
    assert "ai_cost_dollars_total{" not in said


def test_the_gateways_own_word_for_the_target_counts_and_not_a_providers() -> None:
    said = metered({"path": "config.targets[1].targets[0], config.targets[0].targets[0]"})
    assert f'ai_cost_dollars_total{{model="{_MODEL}"' in said


@pytest.mark.parametrize(
    ("retries", "count"), [("2", 2), ("-1", 1), ("x", 0), (None, 0), ("9, 3", 3)]
)
def test_retries_are_the_gateways_number_or_all_that_there_were(
    retries: str | None, count: int
) -> None:
    said = metered({"path": "config.targets[2].targets[0].targets[0]", "retries": retries})
    assert f'use_case="efficient_work"}} {count:.1f}' in next(
        line for line in said.splitlines() if line.startswith("ai_retries_total{")
    )


def test_targets_passed_over_are_counted_through_nested_ones() -> None:
    said = metered({"path": "config.targets[2].targets[1]"})
    assert 'ai_fallbacks_total{model="efficient-of-openrouter"' in said
    [line] = [line for line in said.splitlines() if line.startswith("ai_fallbacks_total{")]
    assert line.endswith(" 1.0")


def test_a_mistake_in_counting_is_counted_and_not_raised() -> None:
    assert "ai_metering_failures_total 1.0" in metered({"config": {"targets": 7}}, {})


def test_the_saving_is_the_share_of_the_baseline_that_was_not_spent() -> None:
    assert 'ai_savings_ratio{use_case="efficient_work"} 0.9' in metered({}, {})


def test_the_number_of_series_is_bounded_by_the_document() -> None:
    asked = outcome(make_document()).asked
    assert asked is not None
    strange = [{"path": f"config.targets[{index}]"} for index in range(50)]
    refused = [{"asked": None, "status": 404, "reason": "unknown_use_case", "path": None}] * 50
    one, many = metered(strange[9], refused[0]), metered(*strange[9:], *refused)
    assert len(many.splitlines()) == len(one.splitlines())


_COUNT = st.integers(min_value=0, max_value=usage.MOST_TOKENS)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists) | _COUNT)
def test_reading_usage_never_fails_but_with_a_word_for_it(value: object) -> None:
    block = {"prompt_tokens": value, "completion_tokens": 1, "prompt_tokens_details": value}
    word, read = "", None
    try:
        read = usage.read(block)
    except usage.UsageError as error:
        word = str(error)
    assert word.replace("_", "").isalpha() if read is None else min(read.input, read.cached) >= 0


@given(sent=_COUNT, cached=_COUNT, output=_COUNT)
def test_openais_and_anthropics_way_of_counting_cost_the_same(
    sent: int, cached: int, output: int
) -> None:
    as_openai = {
        "prompt_tokens": min(sent + cached, usage.MOST_TOKENS),
        "completion_tokens": output,
        "prompt_tokens_details": {"cached_tokens": min(cached, usage.MOST_TOKENS)},
    }
    kept = as_openai["prompt_tokens"] - cached
    as_anthropic = {
        "prompt_tokens": kept,
        "completion_tokens": output,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
    }
    assert usage.read(as_openai) == usage.read(as_anthropic)


@given(_COUNT, _COUNT, _COUNT)
def test_costs_add_up(sent: int, cached: int, output: int) -> None:
    model = Model(
        provider="p", model="m", input_dollars=3, cached_input_dollars=0.3, output_dollars=15
    )
    parts = [
        Usage(input=sent, output=0),
        Usage(input=0, cached=cached, output=0),
        Usage(input=0, output=output),
    ]
    together = sum(dollars(part, model) for part in parts)
    assert math.isclose(dollars(sum(parts[1:], parts[0]), model), together, abs_tol=1e-9)


def test_there_is_no_saving_without_a_baseline() -> None:
    with pytest.raises(ValueError, match="above 0"):
        saving(1, 0)
