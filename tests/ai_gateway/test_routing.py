"""Where calls go: by tier and strategy, and what happens when a model does not answer."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import settings
from ai_gateway import prices, routing, trial
from ai_gateway.document import Document, leaves
from ai_gateway.stubs import Behaviour, Stubs
from settings.ai import AiSettings

PRICED = prices.load().models
STRATEGIES = ("cost", "performance", "balanced")


def ai(**values: Any) -> AiSettings:
    gateway = {"gateway": "sidecar", "routerImage": "registry.example/ai/router:1.0.0"}
    return settings.parse({"ai": gateway | values, "secrets": {"source": "generated"}}).ai


def of_two_providers(models: list[str]) -> bool:
    return len({model.partition("/")[0] for model in models}) > 1


CHAINS = st.lists(st.sampled_from(sorted(PRICED)), min_size=2, max_size=4, unique=True).filter(
    of_two_providers
)
ANY = st.builds(
    lambda premium, balanced, efficient: ai(
        tiers={"premium": premium, "balanced": balanced, "efficient": efficient}
    ),
    CHAINS,
    CHAINS,
    CHAINS,
)


def branch(document: Document, tier: str, strategy: str) -> dict[str, Any]:
    """What Portkey does for a strategy, as its condition picks it."""
    config = document.tiers[tier]
    then = next(
        each["then"]
        for each in config["strategy"]["conditions"]
        if each["query"] == {"metadata.strategy": {"$eq": strategy}}
    )
    return next(target for target in config["targets"] if target["name"] == then)


def names(config: dict[str, Any]) -> list[str]:
    return [target["name"] for target in leaves(config)]


@given(ANY)
def test_no_strategy_ever_leaves_the_tier(chosen: AiSettings) -> None:
    document = routing.document(chosen)
    for tier in ("premium", "balanced", "efficient"):
        for strategy in STRATEGIES:
            reached = names(branch(document, tier, strategy))
            assert set(reached) == set(getattr(chosen.tiers, tier))


@given(ANY)
def test_performance_keeps_the_order_and_cost_goes_by_price(chosen: AiSettings) -> None:
    document = routing.document(chosen)
    for tier in ("premium", "balanced", "efficient"):
        chain = list(getattr(chosen.tiers, tier))
        assert names(branch(document, tier, "performance")) == chain
        by_cost = [PRICED[name].blended_dollars for name in names(branch(document, tier, "cost"))]
        assert by_cost == sorted(by_cost)


@given(ANY)
def test_balanced_shares_between_two_providers_and_falls_back_on_everything_else(
    chosen: AiSettings,
) -> None:
    document = routing.document(chosen)
    for tier in ("premium", "balanced", "efficient"):
        one, other = branch(document, tier, "balanced")["targets"]
        first, second = (names(half)[0] for half in (one, other))
        assert PRICED[first].model.provider != PRICED[second].model.provider
        for half in (one, other):
            # Every model of the tier once: a call finds the one that still answers.
            assert sorted(names(half)) == sorted(getattr(chosen.tiers, tier))
        assert one["weight"] + other["weight"] == 100
        dearer, cheaper = sorted(
            ((PRICED[first], one), (PRICED[second], other)),
            key=lambda each: -each[0].blended_dollars,
        )
        assert dearer[1]["weight"] <= cheaper[1]["weight"]
        assert dearer[1]["weight"] >= 1


@given(ANY)
def test_every_target_has_a_price_a_provider_and_a_key_s_name(chosen: AiSettings) -> None:
    document = routing.document(chosen)
    for config in document.tiers.values():
        for target in leaves(config):
            model = document.models[target["name"]]
            assert (model.provider, model.model) == (
                target["provider"],
                target["override_params"]["model"],
            )
            assert document.providers[model.provider].key in routing.keys(chosen)
    assert document.baseline in document.models


@given(ANY)
def test_the_document_survives_the_way_to_the_router(chosen: AiSettings) -> None:
    document = routing.document(chosen)
    assert Document.from_json(document.to_json()) == document


def test_the_longest_tiers_still_fit_the_header() -> None:
    longest = sorted(PRICED, key=len)[-4:]
    assert of_two_providers(longest)
    tiers = dict.fromkeys(("premium", "balanced", "efficient"), longest)
    urls = [
        {"provider": provider, "url": f"https://{provider}.{'a' * 60}.example/v1"}
        for provider in sorted({name.partition("/")[0] for name in longest})
    ]
    document = routing.document(ai(tiers=tiers, baseUrls=urls))
    assert document.problems() == []


def test_a_model_that_costs_half_gets_two_thirds_of_the_calls() -> None:
    chain = [PRICED["anthropic/claude-sonnet-5-5"], PRICED["openai/gpt-6.1-terra"]]
    assert [percent for _, percent in routing.shares(chain)] == [33, 67]


def test_of_models_that_cost_the_same_the_better_one_comes_first() -> None:
    chain = [PRICED["openai/gpt-6-luna"], PRICED["anthropic/claude-haiku-5-5"]]
    assert routing.cheapest_first(chain) == chain


def test_the_baseline_is_the_best_premium_model_unless_set() -> None:
    assert routing.document(ai()).baseline == "anthropic/claude-opus-5-5"
    chosen = routing.document(ai(baseline="openai/gpt-6-astra"))
    assert chosen.models[chosen.baseline].output_dollars == 50


def test_limits_timeouts_and_attempts_arrive_in_the_router_s_units() -> None:
    document = routing.document(ai(attempts=2, requestTimeoutSeconds=30))
    target = next(leaves(document.tiers["premium"]))
    assert target["request_timeout"] == 30_000
    assert target["retry"]["attempts"] == 2
    assert document.use_cases["data_processing"].requests_per_minute == 300


def test_a_provider_elsewhere_is_reached_there_and_its_host_is_trusted() -> None:
    chosen = ai(baseUrls=[{"provider": "openai", "url": "http://vllm.models.svc:8000/v1"}])
    hosts = {
        (target["provider"], target.get("custom_host"))
        for target in leaves(routing.document(chosen).tiers["balanced"])
    }
    assert hosts == {("openai", "http://vllm.models.svc:8000/v1"), ("anthropic", None)}
    assert routing.trusted_hosts(chosen) == ("vllm.models.svc",)


def test_only_the_hosted_gateway_needs_portkey_s_key() -> None:
    assert routing.keys(ai()) == ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")
    hosted = ai(gateway="hosted")
    assert routing.keys(hosted) == ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "PORTKEY_API_KEY")
    assert routing.document(hosted).upstream == "https://api.portkey.ai"


def test_without_a_gateway_nothing_is_routed_and_no_key_needed() -> None:
    nothing = settings.parse({}).ai
    assert routing.keys(nothing) == ()
    with pytest.raises(ValueError, match=r"ai\.gateway is none"):
        routing.document(nothing)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[str, Stubs]]:
    """The real gateway and router with the default settings, and stubs as providers."""
    with ExitStack() as stack:
        stubs = stack.enter_context(Stubs())
        gateway = stack.enter_context(trial.gateway())
        keys = Path(stack.enter_context(TemporaryDirectory()))
        document = routing.document(ai(attempts=0))
        for provider in document.providers.values():
            (keys / provider.key).write_text("stand-in")
        document = trial.towards(document, upstream=gateway.url, stubs=stubs)
        yield stack.enter_context(trial.router(document, keys)).url, stubs


def call(url: str, model: str) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    return trial.call(url, body)[0]


@pytest.mark.parametrize("use_case", ["critical_decisions", "business_analysis", "summarization"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("refusal", [400, 401, 500])
def test_the_gateway_asks_the_tier_s_other_model_when_one_refuses(
    running: tuple[str, Stubs], use_case: str, strategy: str, refusal: int
) -> None:
    url, stubs = running
    chosen = ai()
    tier = chosen.use_cases[use_case].tier
    chain = [PRICED[name] for name in getattr(chosen.tiers, tier)]
    first = routing.cheapest_first(chain)[0] if strategy == "cost" else chain[0]
    other = next(price for price in chain if price != first)
    stubs.reset()
    assert call(url, f"{use_case}:{strategy}") == 200
    healthy = [received.model for received in stubs.received]
    assert len(healthy) == 1
    assert healthy[0] in {price.model.model for price in chain}
    if strategy != "balanced":
        assert healthy == [first.model.model]
    stubs.behave(first.model.model, Behaviour(status=refusal))
    assert call(url, f"{use_case}:{strategy}") == 200
    assert stubs.received[-1].model == other.model.model
    # Never the same model twice, whichever half of the shared calls it was.
    asked = [received.model for received in stubs.received[1:]]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("trusted", [True, False])
def test_the_gateway_goes_to_a_host_of_the_cluster_only_where_it_is_trusted(trusted: bool) -> None:
    chosen = ai(
        baseUrls=[{"provider": "openai", "url": "http://none.models.svc.cluster.local/v1"}],
        attempts=0,
        requestTimeoutSeconds=1,
    )
    leaf = next(leaves(branch(routing.document(chosen), "balanced", "cost")))
    hosts = ",".join(routing.trusted_hosts(chosen)) if trusted else "127.0.0.1"
    with trial.gateway(trusted_hosts=hosts) as gateway:
        connection = HTTPConnection(urlsplit(gateway.url).netloc, timeout=30)
        connection.request(
            "POST",
            "/v1/chat/completions",
            json.dumps({"model": "any", "messages": []}),
            {
                "Content-Type": "application/json",
                "x-portkey-config": json.dumps({**leaf, "api_key": "stand-in"}),
            },
        )
        answer = connection.getresponse().read()
        connection.close()
    # There is no such host: what is refused is the name, or else the connection.
    assert (b"Invalid custom host" in answer) is not trusted
