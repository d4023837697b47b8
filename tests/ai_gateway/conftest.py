"""A router, Portkey's gateway and stub providers, all on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ai_gateway import trial
from ai_gateway.document import Document, Model, Provider, UseCase
from ai_gateway.stubs import Stubs

STRATEGIES = ("cost", "performance", "balanced")
TIERS = ("premium", "balanced", "efficient")
# Dollars for a million tokens sent, cached and answered.
_DOLLARS = {"premium": (10, 1, 50), "balanced": (3, 0.3, 15), "efficient": (1, 0.1, 5)}
_PROVIDERS = ("openai", "anthropic", "openrouter")
KEYS = {f"{name.upper()}_API_KEY": f"sk-secret-of-{name}" for name in _PROVIDERS}


def model_name(tier: str, provider: str) -> str:
    return f"{tier}-of-{provider}"


def target(tier: str, provider: str, **more: Any) -> dict[str, Any]:
    model = model_name(tier, provider)
    return {
        "provider": provider,
        "name": f"{provider}/{model}",
        "override_params": {"model": model},
        "request_timeout": 1_000,
    } | more


def tier_config(tier: str, **more: Any) -> dict[str, Any]:
    """Like those of ai_gateway/routing.py: performance begins with OpenAI, cost with Anthropic.

    Unlike them, fallbacks are not for calls that a provider finds fault with.
    """
    codes = {"on_status_codes": [401, 403, 404, 408, 429, 500, 502, 503, 504]}
    openai, anthropic, openrouter = (target(tier, provider, **more) for provider in _PROVIDERS)
    retried = {**openai, "retry": {"attempts": 1, "on_status_codes": [500]}}
    branches: dict[str, list[Any]] = {
        "performance": [openai, anthropic],
        "cost": [anthropic, openai],
        "balanced": [
            {
                "strategy": {"mode": "loadbalance"},
                "targets": [{**retried, "weight": 1}, {**anthropic, "weight": 0}],
            },
            openrouter,
        ],
    }
    return {
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {"metadata.strategy": {"$eq": name}}, "then": name} for name in branches
            ],
            "default": "balanced",
        },
        "targets": [
            {"name": name, "strategy": {"mode": "fallback", **codes}, "targets": targets}
            for name, targets in branches.items()
        ],
    }


def make_document(**changes: Any) -> Document:
    """Three tiers of three providers' models, and a use case for each tier."""
    models = {
        f"{provider}/{model_name(tier, provider)}": Model(
            provider=provider,
            model=model_name(tier, provider),
            input_dollars=sent,
            cached_input_dollars=cached,
            output_dollars=answered,
        )
        for tier, (sent, cached, answered) in _DOLLARS.items()
        for provider in _PROVIDERS
    }
    given: dict[str, Any] = {
        "upstream": "http://127.0.0.1:1",
        "upstream_key": None,
        "default_strategy": "balanced",
        "strategies": STRATEGIES,
        "use_cases": {
            f"{tier}_work": UseCase(tier=tier, requests_per_minute=10_000, daily_dollars=1_000)
            for tier in TIERS
        },
        "tiers": {tier: tier_config(tier) for tier in TIERS},
        "models": models,
        "providers": {
            provider: Provider(key=key) for provider, key in zip(_PROVIDERS, KEYS, strict=True)
        },
        "baseline": "openai/premium-of-openai",
    }
    return Document(**(given | changes))


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(router: trial.Running) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(router.metrics())
        for sample in family.samples
    }


@dataclass(frozen=True, kw_only=True)
class Way:
    """The whole way of a call; its metrics count from when it was made."""

    router: trial.Running
    gateway: trial.Running
    stubs: Stubs
    keys: Path
    before: Samples

    def ask(self, model: str, content: str = "hello", **more: Any) -> tuple[int, dict[str, Any]]:
        messages = [{"role": "user", "content": content}]
        return trial.call(self.router.url, {"model": model, "messages": messages, **more})

    def metric(self, name: str, **labels: str) -> float:
        """By how much the sum of the series with these labels has grown."""

        def total(of: Samples) -> float:
            wanted = labels.items()
            return sum(value for (each, has), value in of.items() if each == name and wanted <= has)

        return total(samples(self.router)) - total(self.before)


def write_keys(folder: Path) -> Path:
    for name, key in KEYS.items():
        (folder / name).write_text(f"{key}\n")
    return folder


@pytest.fixture(scope="session")
def gateway() -> Iterator[trial.Running]:
    with trial.gateway() as running:
        yield running


@pytest.fixture(scope="session")
def all_stubs() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


@pytest.fixture
def stubs(all_stubs: Stubs) -> Stubs:
    all_stubs.reset()
    return all_stubs


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return write_keys(folder)


MakeWay = Callable[..., AbstractContextManager[Way]]


@pytest.fixture
def make_way(gateway: trial.Running, stubs: Stubs, keys: Path) -> MakeWay:
    """Starts a router of the test's own; arguments change the document or are the router's."""

    @contextmanager
    def start(*, options: dict[str, Any] | None = None, **changes: Any) -> Iterator[Way]:
        made = make_document(**{"upstream": gateway.url, **changes})
        document = trial.towards(made, upstream=made.upstream, stubs=stubs)
        with trial.router(document, keys, **(options or {})) as router:
            yield Way(router=router, gateway=gateway, stubs=stubs, keys=keys, before={})

    return start


@pytest.fixture(scope="session")
def shared_router(
    gateway: trial.Running, all_stubs: Stubs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[trial.Running, Path]]:
    keys = write_keys(tmp_path_factory.mktemp("keys"))
    document = trial.towards(make_document(), upstream=gateway.url, stubs=all_stubs)
    with trial.router(document, keys) as router:
        yield router, keys


@pytest.fixture
def way(shared_router: tuple[trial.Running, Path], gateway: trial.Running, stubs: Stubs) -> Way:
    router, keys = shared_router
    return Way(router=router, gateway=gateway, stubs=stubs, keys=keys, before=samples(router))
