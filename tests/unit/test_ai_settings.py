"""What an operator gets from right and from wrong settings of the AI gateway."""

from typing import Any

import pytest
import yaml

import settings
from settings import tables

ROUTER = {"routerImage": "registry.example/ai/router:1.0.0"}


def problems(ai: dict[str, Any]) -> str:
    with pytest.raises(settings.SettingsError) as error:
        settings.parse({"ai": ai, "secrets": {"source": "generated"}})
    return str(error.value)


def test_no_prompt_leaves_unless_the_organisation_says_so() -> None:
    assert settings.parse({}).ai.gateway == "none"


@pytest.mark.parametrize(
    ("ai", "expected"),
    [
        (
            {"tiers": {"premium": ["openai/gpt-6.1-sol", "anthropic/claude-next"]}},
            "ai.tiers.premium is anthropic/claude-next; allowed: a model of "
            "ai_gateway/prices.yaml, or add its price there; there are openai/gpt-6-astra, ",
        ),
        (
            {"baseline": "openai/gpt-1"},
            "ai.baseline is openai/gpt-1; allowed: a model of ai_gateway/prices.yaml",
        ),
        (
            {"tiers": {"efficient": ["openai/gpt-6-luna", "openai/gpt-6.1-terra"]}},
            "ai.tiers.efficient is openai/gpt-6-luna, openai/gpt-6.1-terra; "
            "allowed: models of two providers at least",
        ),
        (
            {
                "tiers": {
                    "balanced": [
                        "openai/gpt-6-luna",
                        "anthropic/claude-haiku-5-5",
                        "openai/gpt-6-luna",
                    ]
                }
            },
            "ai.tiers.balanced is openai/gpt-6-luna, twice; allowed: each model once",
        ),
        (
            {"tiers": {"premium": ["openai/gpt-6.1-sol"]}},
            'ai.tiers.premium is ["openai/gpt-6.1-sol"]; allowed: Tuple should have at least 2',
        ),
        (
            {"tiers": {"premium": ["gpt-6.1-sol", "anthropic/claude-opus-5-5"]}},
            'ai.tiers.premium.0 is "gpt-6.1-sol"; allowed: provider/model, such as openai/gpt-6.1',
        ),
        (
            {"tiers": {"cheap": ["openai/gpt-6-luna"]}},
            "ai.tiers.cheap: no such setting; there are premium, balanced, efficient",
        ),
        (
            {"useCases": {"chat": {"tier": "best", "requestsPerMinute": 1, "dailyDollars": 1}}},
            "ai.useCases.chat.tier is \"best\"; allowed: 'premium', 'balanced' or 'efficient'",
        ),
        (
            {"useCases": {"chat:fast": {"tier": "premium"}}},
            'is "chat:fast"; allowed: small letters, digits and _, such as data_processing',
        ),
        (
            {"useCases": {"chat": {"tier": "premium", "requestsPerMinute": 10}}},
            "ai.useCases.chat.dailyDollars: is missing; write a value",
        ),
        (
            {"useCases": {"chat": {"tier": "premium", "requestsPerMinute": 1, "dailyDollars": 0}}},
            "ai.useCases.chat.dailyDollars is 0",
        ),
        (
            {"gateway": "sidecar"},
            "ai.routerImage is none; allowed: the image you built with "
            "ai_gateway/image/Dockerfile, or ai.gateway: none",
        ),
        (
            {"gateway": "hosted"},
            "ai.routerImage is none; allowed: the image you built with ai_gateway/image/Dockerfile",
        ),
        (
            {"gateway": "sidecar", "hostedUrl": "https://eu.portkey.example", **ROUTER},
            "ai.hostedUrl is https://eu.portkey.example; allowed: left out, or write "
            "ai.gateway: hosted",
        ),
        (
            {
                "gateway": "hosted",
                "baseUrls": [{"provider": "openai", "url": "http://vllm.models.svc:8000/v1"}],
                **ROUTER,
            },
            "ai.baseUrls is http://vllm.models.svc:8000/v1; allowed: an address that Portkey's "
            "hosted gateway reaches, or ai.gateway: sidecar",
        ),
        (
            {
                "baseUrls": [
                    {"provider": "openai", "url": "https://eu.api.openai.com/v1"},
                    {"provider": "openai", "url": "https://us.api.openai.com/v1"},
                ]
            },
            "ai.baseUrls is openai, twice; allowed: one url for each provider",
        ),
        (
            {"baseUrls": [{"provider": "groq", "url": "https://api.groq.com/openai/v1"}]},
            "ai.baseUrls is groq; allowed: a provider of ai.tiers: anthropic, openai",
        ),
        (
            {"baseUrls": [{"provider": "openai", "url": "http://models.example/v1"}]},
            "https; http only inside the cluster, at SERVICE.NAMESPACE.svc",
        ),
        (
            {"baseUrls": [{"provider": "openai", "url": "http://models.svc.example/v1"}]},
            "https; http only inside the cluster",
        ),
        (
            {"baseUrls": [{"provider": "openai", "url": "https://user:word@models.example/v1"}]},
            "an address without user, query or / at its end",
        ),
        ({"attempts": 9}, "ai.attempts is 9; allowed: less than or equal to 5"),
        ({"portkeyImage": "portkeyai/gateway:latest"}, "a complete version of 3 numbers"),
        (
            {"portkeyResources": {"cpuRequest": "2", "cpuLimit": "1"}},
            "ai.portkeyResources.memoryRequest: is missing",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write(ai: dict[str, Any], expected: str) -> None:
    assert expected in problems(ai)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = problems(
        {
            "gateway": "sidecar",
            "baseline": "openai/gpt-1",
            "tiers": {
                "premium": ["openai/gpt-6-luna", "openai/gpt-6.1-terra"],
                "efficient": ["openai/gpt-6-luna", "anthropic/claude-next"],
            },
        }
    )
    for key in ("ai.routerImage", "ai.baseline", "ai.tiers.premium", "ai.tiers.efficient"):
        assert f"- {key} is" in text
    assert "4 settings" in text


@pytest.mark.parametrize(
    "url", ["http://vllm.models.svc:8000/v1", "http://vllm.models.svc.cluster.local/v1"]
)
def test_a_server_in_the_cluster_may_be_plain(url: str) -> None:
    ai = settings.parse({"ai": {"baseUrls": [{"provider": "openai", "url": url}]}}).ai
    assert ai.base_urls[0].url == url


def test_use_cases_of_a_stack_replace_the_whole_list() -> None:
    chat = {"tier": "efficient", "requestsPerMinute": 5, "dailyDollars": 0.5}
    assert list(settings.parse({"ai": {"useCases": {"chat": chat}}}).ai.use_cases) == ["chat"]


def test_the_readme_says_what_an_entry_of_use_cases_holds() -> None:
    rows = [line for line in tables.table().splitlines() if line.startswith("| `useCases")]
    assert "| mapping of name to object | `executive_analysis`, `critical_decisions`, " in rows[0]
    assert any(
        row.startswith("| `useCases.NAME.dailyDollars` | number, 0.01 to 100000 | required |")
        for row in rows
    )


def test_the_defaults_survive_being_written_as_a_stack_s_values() -> None:
    written = yaml.safe_load(tables.schema())["config"]["n8n-platform:ai"]["default"]
    assert settings.parse({"ai": written}) == settings.parse({})
