"""What is published about savings: worked out by hand, and compared with what really runs."""

import copy
import io
from dataclasses import replace
from typing import Any

import pytest
import yaml
from rich.console import Console

import settings
from ai_gateway import prices, routing, trial
from ai_gateway.cost import Usage
from ai_gateway.document import Document
from ai_gateway.savings import __main__ as command
from ai_gateway.savings import arithmetic, mixes, report
from ai_gateway.savings.arithmetic import Answered
from ai_gateway.savings.replay import ReplayError, place, replay

MIXES = yaml.safe_load(mixes.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document() -> Document:
    """Opus 5.5 costs 4 and 20 dollars, Sonnet 5.5 2 and 10, GPT-6.1 Terra 1 and 5."""
    ai = {
        "gateway": "sidecar",
        "routerImage": "registry.example/ai/router:1.0.0",
        "tiers": {
            "premium": ["anthropic/claude-opus-5-5", "openai/gpt-6.1-sol"],
            "balanced": ["anthropic/claude-sonnet-5-5", "openai/gpt-6.1-terra"],
            "efficient": ["anthropic/claude-haiku-5-5", "openai/gpt-6-luna"],
        },
    }
    return routing.document(settings.parse({"ai": ai, "secrets": {"source": "generated"}}).ai)


def mix(*calls: dict[str, Any]) -> mixes.Mix:
    document = copy.deepcopy(MIXES)
    document["reference"]["calls"] = list(calls)
    return next(each for each in mixes.parse(document) if each.name == "reference")


def calls(use_case: str, count: int, **strategies: int) -> dict[str, Any]:
    return {
        "use_case": use_case,
        "calls": count,
        "input": 10_000,
        "output": 1_000,
        "strategies": strategies,
    }


def test_a_tiny_mix_costs_what_it_costs_by_hand(document: Document) -> None:
    # One call is 10,000 in and 1,000 out: 0.06 on Opus, 0.03 on Sonnet, 0.015 on Terra.
    tiny = mix(
        calls("executive_analysis", 1, performance=100),
        calls("business_analysis", 10, cost=50, performance=50),
    )
    total = arithmetic.total(arithmetic.expected(tiny, document), document)
    assert total.routed == pytest.approx(0.06 + 5 * 0.015 + 5 * 0.03)
    assert total.baseline == pytest.approx(11 * 0.06)
    assert total.saving == pytest.approx(1 - 0.285 / 0.66)


def test_shared_calls_are_expected_as_the_weights_say(document: Document) -> None:
    shared = mix(calls("business_analysis", 100, balanced=100))
    expected = arithmetic.expected(shared, document)
    assert {each.model: each.calls for each in expected} == pytest.approx(
        {"anthropic/claude-sonnet-5-5": 33, "openai/gpt-6.1-terra": 67}
    )
    total = arithmetic.total(expected, document)
    assert total.routed == pytest.approx(33 * 0.03 + 67 * 0.015)


def test_a_dearer_baseline_of_one_s_own_choice_saves_more(document: Document) -> None:
    same = arithmetic.expected(mix(calls("critical_decisions", 1, performance=100)), document)
    assert arithmetic.total(same, document).saving == 0
    assert arithmetic.total(same, document, "openai/gpt-6.1-sol").saving == pytest.approx(-1)


def test_a_model_of_another_tier_breaks_the_floor(document: Document) -> None:
    kept = Answered(
        use_case="critical_decisions",
        strategy="cost",
        model="openai/gpt-6.1-sol",
        calls=1,
        each=Usage(input=1, output=1),
    )
    assert arithmetic.floor_is_kept(kept, document)
    assert not arithmetic.floor_is_kept(replace(kept, model="openai/gpt-6-luna"), document)


def test_a_smaller_mix_keeps_proportions_and_every_kind() -> None:
    scaled = mix(
        calls("executive_analysis", 1, performance=100), calls("summarization", 3000, cost=100)
    ).scaled(300)
    assert [each.count for each in scaled.calls] == [1, 300]


@pytest.mark.parametrize("chosen", mixes.load(), ids=lambda each: each.name)
def test_no_mix_is_counted_with_a_price_for_shorter_prompts(
    chosen: mixes.Mix, document: Document
) -> None:
    for answered in arithmetic.expected(chosen, document):
        longest = prices.load().models[answered.model].up_to_input_tokens
        assert longest is None or answered.each.input <= longest


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (calls("summarization", 10, cost=50), "50 percent together; 100 is needed"),
        (calls("summarization", 10, best=100), "'best' is not one of"),
        (calls("summarization", 0, cost=100), "0 is less than the minimum of 1"),
    ],
)
def test_a_wrong_mix_is_said_with_its_place(call: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=r"\$\.reference\.calls\[0\]") as error:
        mix(call)
    assert expected in str(error.value)


def test_a_use_case_is_listed_once() -> None:
    with pytest.raises(ValueError, match="summarization is there twice"):
        mix(calls("summarization", 1, cost=100), calls("summarization", 2, balanced=100))


SMALL = [
    calls("executive_analysis", 2, performance=100),
    calls("business_analysis", 20, balanced=50, cost=50),
    calls("summarization", 10, cost=100),
]


def test_what_runs_costs_what_tokens_and_prices_make(document: Document) -> None:
    """The real gateway and router, 32 calls: who answered, and what the router counted."""
    small = mix(*SMALL)
    with place(document) as at:
        answered = replay(small, at)
    by_model: dict[tuple[str, str], float] = {}
    for each in answered:
        key = (f"{each.use_case}:{each.strategy}", each.model)
        by_model[key] = by_model.get(key, 0) + each.calls
        assert arithmetic.floor_is_kept(each, document)
    assert by_model["executive_analysis:performance", "anthropic/claude-opus-5-5"] == 2
    assert by_model["business_analysis:cost", "openai/gpt-6.1-terra"] == 10
    assert by_model["summarization:cost", "anthropic/claude-haiku-5-5"] == 10
    shared = [count for (call, _), count in by_model.items() if call.endswith(":balanced")]
    assert sum(shared) == 10


def test_a_router_that_counts_other_prices_is_found_out(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The router is started with Haiku at a tenth more than the arithmetic takes it for."""
    name = "anthropic/claude-haiku-5-5"
    dearer = replace(document.models[name], output_dollars=0.55)
    with place(document) as at:
        wrong = replace(at.document, models=dict(document.models) | {name: dearer})
        real = trial.router
        monkeypatch.setattr(trial, "router", lambda _, keys: real(wrong, keys))
        with pytest.raises(ReplayError, match=r"the router counted .* dollars; there were"):
            replay(mix(calls("summarization", 3, cost=100)), at)


def test_the_headline_says_when_the_goal_is_missed(document: Document) -> None:
    unfavourable = mix(calls("critical_decisions", 10, performance=100))
    total = arithmetic.total(arithmetic.expected(unfavourable, document), document)
    printed = io.StringIO()
    report.headline(Console(file=printed, width=200), unfavourable, total, document)
    assert "Reference mix: 0.0% less than anthropic/claude-opus-5-5" in printed.getvalue()
    assert "NOT reached" in printed.getvalue()


def test_the_command_prints_every_mix_with_its_arithmetic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_CALLS", 20)
    assert command.main() == 0
    printed = capsys.readouterr().out
    for name in MIXES:
        assert f"{name}: " in printed
    assert "1 x (9,000 x $4 + 1,500 x $20) / 1,000,000 = $0.0660" in printed
    assert "BROKEN" not in printed
    assert "Reference mix: " in printed
