"""Rules of the AI gateway: prices, providers, and where it runs."""

from collections.abc import Iterator

import ai_gateway.prices
from settings.ai import AiSettings, in_cluster
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules


def _tiers(ai: AiSettings) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each tier's models, with the setting that holds them."""
    return (
        ("ai.tiers.premium", ai.tiers.premium),
        ("ai.tiers.balanced", ai.tiers.balanced),
        ("ai.tiers.efficient", ai.tiers.efficient),
    )


def models_have_prices(settings: Settings) -> Iterator[Problem]:
    """Every model that may answer, and the baseline, has a price: costs are counted with it."""
    priced = ai_gateway.prices.load().models
    named = [*_tiers(settings.ai)]
    if settings.ai.baseline is not None:
        named.append(("ai.baseline", (settings.ai.baseline,)))
    for key, models in named:
        for model in dict.fromkeys(models):
            if model not in priced:
                yield Problem(
                    key=key,
                    given=model,
                    wanted="a model of ai_gateway/prices.yaml, or add its price there; there are "
                    + ", ".join(priced),
                )


def a_tier_has_two_providers(settings: Settings) -> Iterator[Problem]:
    """A provider that fails leaves every tier another one."""
    for key, models in _tiers(settings.ai):
        if len({model.partition("/")[0] for model in models}) < 2:
            yield Problem(
                key=key,
                given=", ".join(models),
                wanted="models of two providers at least: with one, its failure is the tier's",
            )


def models_differ_in_a_tier(settings: Settings) -> Iterator[Problem]:
    """A model named twice is tried twice, and counted as if it were a fallback."""
    for key, models in _tiers(settings.ai):
        for model in dict.fromkeys(models):
            if models.count(model) > 1:
                yield Problem(key=key, given=f"{model}, twice", wanted="each model once")


def base_urls_name_providers_once(settings: Settings) -> Iterator[Problem]:
    """A provider is reached at one address, and is one that is used."""
    providers = [each.provider for each in settings.ai.base_urls]
    used = {model.partition("/")[0] for _, models in _tiers(settings.ai) for model in models}
    for provider in dict.fromkeys(providers):
        if providers.count(provider) > 1:
            yield Problem(
                key="ai.baseUrls", given=f"{provider}, twice", wanted="one url for each provider"
            )
        if provider not in used:
            yield Problem(
                key="ai.baseUrls",
                given=provider,
                wanted=f"a provider of ai.tiers: {', '.join(sorted(used))}",
                compares=("ai.tiers",),
            )


def the_gateway_has_its_parts(settings: Settings) -> Iterator[Problem]:
    """What is needed where the gateway runs is there, and what could not be used is not."""
    ai = settings.ai
    if ai.gateway != "none" and ai.router_image is None:
        yield Problem(
            key="ai.routerImage",
            given="none",
            wanted="the image you built with ai_gateway/image/Dockerfile, or ai.gateway: none",
            compares=("ai.gateway",),
        )
    if ai.gateway != "hosted" and ai.hosted_url != AiSettings().hosted_url:
        yield Problem(
            key="ai.hostedUrl",
            given=ai.hosted_url,
            wanted="left out, or write ai.gateway: hosted",
            compares=("ai.gateway",),
        )
    if ai.gateway == "hosted":
        for each in ai.base_urls:
            if in_cluster(each.url):
                yield Problem(
                    key="ai.baseUrls",
                    given=each.url,
                    wanted="an address that Portkey's hosted gateway reaches, or ai.gateway: "
                    "sidecar",
                    compares=("ai.gateway",),
                )


RULES: Rules = (
    models_have_prices,
    a_tier_has_two_providers,
    models_differ_in_a_tier,
    base_urls_name_providers_once,
    the_gateway_has_its_parts,
)
