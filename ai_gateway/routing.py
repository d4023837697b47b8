"""From settings and prices to the routing document: which models answer, and in which order.

A tier becomes one configuration of Portkey with a branch for each strategy, of the tier's own
models only: however a call is routed, its quality stays that of its use case.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import integrations.catalogue
from ai_gateway import prices
from ai_gateway.document import Document, Provider, UseCase
from ai_gateway.prices import Price, Prices
from settings.ai import AiSettings, Strategy

SIDECAR: Final = "http://127.0.0.1:8788"
"""Where Portkey's gateway listens beside the router, in the same pod."""

ROUTER: Final = "http://127.0.0.2:8787"
"""Where the router listens. n8n's guard against calls to private addresses (N8N_SSRF_…) covers its
AI nodes as well as its HTTP Request node, and knows addresses but no ports. This one has to be let
through; 127.0.0.1 would let workflows through to n8n's task broker, too, which listens there alone.
What of the pod listens on every address can be reached here: health checks and metrics."""

STRATEGIES: Final[tuple[Strategy, ...]] = ("cost", "performance", "balanced")
"""How one of a tier's models is chosen."""

_RETRIED: Final = (429, 500, 502, 503, 504)
# A model that took too long (408) is not among them: it would take as long again.

_HOSTED: Final = "portkey"
"""The hosted gateway in the catalogue of integrations."""


def document(ai: AiSettings) -> Document:
    """What the router is told.

    Raises:
        ValueError: these settings have no gateway, or a model without a price.
    """
    if ai.gateway == "none":
        raise ValueError("ai.gateway is none: there is nothing to route")
    table = prices.load()
    tiers = _tiers(ai)
    chains = {tier: [_price(table, name) for name in models] for tier, models in tiers.items()}
    used = {price.name: price for chain in chains.values() for price in chain}
    baseline = _price(table, ai.baseline or ai.tiers.premium[0])
    return Document(
        upstream=SIDECAR if ai.gateway == "sidecar" else ai.hosted_url,
        upstream_key=_hosted_key() if ai.gateway == "hosted" else None,
        default_strategy=ai.default_strategy,
        strategies=STRATEGIES,
        use_cases={
            name: UseCase(
                tier=each.tier,
                requests_per_minute=each.requests_per_minute,
                daily_dollars=each.daily_dollars,
            )
            for name, each in ai.use_cases.items()
        },
        tiers={tier: _tier(ai, chain) for tier, chain in chains.items()},
        models={name: price.model for name, price in (used | {baseline.name: baseline}).items()},
        providers={
            provider: Provider(key=table.keys[provider])
            for provider in sorted({price.model.provider for price in used.values()})
        },
        baseline=baseline.name,
    )


def keys(ai: AiSettings) -> tuple[str, ...]:
    """Names of the variables whose values the router needs, each as a file; none without gateway.

    Raises:
        ValueError: a model has no price.
    """
    if ai.gateway == "none":
        return ()
    routed = document(ai)
    named = {provider.key for provider in routed.providers.values()}
    return tuple(sorted(named | ({routed.upstream_key} if routed.upstream_key else set())))


def trusted_hosts(ai: AiSettings) -> tuple[str, ...]:
    """Hosts that Portkey must be told to trust, in its variable TRUSTED_CUSTOM_HOSTS.

    It refuses names of the cluster and private addresses that are not in that list.
    """
    return tuple(sorted({urlsplit(each.url).hostname or "" for each in ai.base_urls}))


def cheapest_first(chain: Sequence[Price]) -> list[Price]:
    """The same models by price; of two that cost the same, the better one first."""
    return sorted(chain, key=lambda price: price.blended_dollars)


def shares(chain: Sequence[Price]) -> list[tuple[Price, int]]:
    """The first models of a chain's first two providers, and the percentage of calls of each.

    Calls are divided inversely to the prices, so that about as much is spent with each: where one
    costs twice as much as the other, it gets a third of the calls.

    Raises:
        ValueError: the chain has one provider.
    """
    first = chain[0]
    second = next((each for each in chain if each.model.provider != first.model.provider), None)
    if second is None:
        raise ValueError(f"{first.name} is of the only provider: there is none to share with")
    sum_of_both = first.blended_dollars + second.blended_dollars
    percent = min(99, max(1, round(100 * second.blended_dollars / sum_of_both)))
    return [(first, percent), (second, 100 - percent)]


def _tiers(ai: AiSettings) -> Mapping[str, tuple[str, ...]]:
    return {
        "premium": ai.tiers.premium,
        "balanced": ai.tiers.balanced,
        "efficient": ai.tiers.efficient,
    }


def _price(table: Prices, name: str) -> Price:
    try:
        return table.models[name]
    except KeyError:
        raise ValueError(f"{name} has no price in ai_gateway/prices.yaml") from None


def _hosted_key() -> str:
    catalogue = integrations.catalogue.load()
    portkey = next(each for each in catalogue.integrations if each.id == _HOSTED)
    return next(variable.name for variable in portkey.variables if variable.secret)


def _tier(ai: AiSettings, chain: Sequence[Price]) -> dict[str, Any]:
    """Portkey's configuration of a tier."""
    branches: dict[Strategy, dict[str, Any]] = {
        "cost": _fallback(ai, cheapest_first(chain)),
        "performance": _fallback(ai, chain),
        "balanced": {
            "strategy": {"mode": "loadbalance"},
            # Each half falls back on its own: on the other's model first, so that no model is
            # tried twice, then on the rest.
            "targets": [
                {"weight": percent, **_fallback(ai, [price, *(p for p in chain if p != price)])}
                for price, percent in shares(chain)
            ],
        },
    }
    return {
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {"metadata.strategy": {"$eq": name}}, "then": name} for name in branches
            ],
            "default": ai.default_strategy,
        },
        "targets": [{"name": name, **branch} for name, branch in branches.items()],
    }


def _fallback(ai: AiSettings, chain: Sequence[Price]) -> dict[str, Any]:
    """One model after the other, until one answers.

    Any refusal counts, 400 too: a provider may refuse a parameter, tools or a length that the next
    one takes. What is wrong with every provider is refused by each, at no cost but time.
    """
    return {
        "strategy": {"mode": "fallback"},
        "targets": [_target(ai, price) for price in chain],
    }


def _target(ai: AiSettings, price: Price) -> dict[str, Any]:
    target: dict[str, Any] = {
        "name": price.name,
        "provider": price.model.provider,
        "override_params": {"model": price.model.model},
        "retry": {"attempts": ai.attempts, "on_status_codes": list(_RETRIED)},
        "request_timeout": ai.request_timeout_seconds * 1000,
    }
    for each in ai.base_urls:
        if each.provider == price.model.provider:
            target["custom_host"] = each.url
    return target
