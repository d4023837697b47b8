"""Settings of the AI gateway: which language models calls may go to, and what they may cost."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

import versions
from settings.platform import Resources
from settings.types import Area, Image

Tier = Literal["premium", "balanced", "efficient"]
"""Which models are good enough for a use case."""

Strategy = Literal["cost", "performance", "balanced"]
"""How one of a tier's models is chosen."""


def _checked_model(value: str) -> str:
    provider, slash, model = value.partition("/")
    if not (slash and model and re.fullmatch(r"[a-z0-9][a-z0-9-]*", provider)) or " " in value:
        raise ValueError("provider/model, such as openai/gpt-6.1-terra")
    return value


def _checked_use_case(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", value):
        raise ValueError("small letters, digits and _, such as data_processing")
    return value


def in_cluster(url: str) -> bool:
    """Whether an address is a Service's, by the name that the cluster's DNS knows it by."""
    return (urlsplit(url).hostname or "").endswith((".svc", ".svc.cluster.local"))


def _checked_base_url(value: str) -> str:
    parts = urlsplit(value)
    plain = parts.hostname and not (parts.username or parts.query or parts.fragment)
    if parts.scheme == "http" and not in_cluster(value):
        raise ValueError("https; http only inside the cluster, at SERVICE.NAMESPACE.svc")
    if parts.scheme not in ("http", "https") or not plain or value.endswith("/"):
        raise ValueError(
            "an address without user, query or / at its end, such as https://eu.api.openai.com/v1"
        )
    return value


ModelName = Annotated[str, AfterValidator(_checked_model)]
"""A model: Portkey's name of its provider, a slash, the provider's name of it."""

UseCaseName = Annotated[str, AfterValidator(_checked_use_case)]
"""What a workflow calls, as the model's name."""

BaseUrl = Annotated[str, AfterValidator(_checked_base_url)]
"""Where a provider's API is served."""

Models = Annotated[
    tuple[ModelName, ...],
    Field(
        min_length=2,
        max_length=4,
        description="Models of this tier, best first, of two providers at least: when one fails, "
        "the next answers. Four at most: they travel in a header with every call.",
    ),
]


class TierSettings(Area):
    """The models that are good enough for a use case. No strategy ever leaves a tier."""

    # Anthropic's stand first: of OpenAI's newest, most take no tools by Chat Completions, the API
    # that n8n and Portkey speak, so that a call with tools is refused there and falls back.
    premium: Models = ("anthropic/claude-opus-5-5", "openai/gpt-6.1-sol")
    balanced: Models = ("anthropic/claude-sonnet-5-5", "openai/gpt-6.1-terra")
    efficient: Models = ("anthropic/claude-haiku-5-5", "openai/gpt-6-luna")


class UseCaseSettings(Area):
    """What a workflow wants a model for. Both limits hold for one worker pod, in its memory."""

    tier: Tier = Field(description="Models that are good enough.")
    requests_per_minute: int = Field(
        ge=1, le=100_000, description="Calls that one worker pod makes in a minute at most."
    )
    daily_dollars: float = Field(
        ge=0.01,
        le=100_000,
        description="Dollars that one worker pod spends from midnight to midnight, UTC, at most.",
    )


class BaseUrlSettings(Area):
    """Where a provider's API is served, if not where everybody finds it."""

    provider: str = Field(description="Provider, as Portkey names it.")
    url: BaseUrl = Field(
        description="A region, such as https://eu.api.openai.com/v1, or a server of your own, "
        "which may be http at SERVICE.NAMESPACE.svc. With /v1 for openai and anthropic, without "
        "it for openrouter, together-ai and cohere, where Portkey adds it."
    )


def _use_case(tier: Tier, requests_per_minute: int, daily_dollars: float) -> UseCaseSettings:
    return UseCaseSettings(
        tier=tier, requests_per_minute=requests_per_minute, daily_dollars=daily_dollars
    )


class AiSettings(Area):
    """How workflows reach language models: by use case, each with the models good enough for it."""

    gateway: Literal["none", "sidecar", "hosted"] = Field(
        default="none",
        description="`sidecar` runs Portkey's gateway beside each worker, `hosted` uses Portkey's "
        "own service; both send prompts to the providers below. `none`: workflows call providers "
        "themselves, or not at all. Nobody can choose this but the organisation.",
    )
    tiers: TierSettings = Field(
        default=TierSettings(),
        description="Models by how good they are. Each has a price in ai_gateway/prices.yaml.",
    )
    use_cases: Mapping[UseCaseName, UseCaseSettings] = Field(
        default={
            "executive_analysis": _use_case("premium", 20, 6.0),
            "critical_decisions": _use_case("premium", 20, 6.0),
            "business_analysis": _use_case("balanced", 60, 4.0),
            "content_generation": _use_case("balanced", 60, 3.0),
            "data_processing": _use_case("efficient", 300, 2.0),
            "summarization": _use_case("efficient", 300, 1.0),
        },
        min_length=1,
        description="What workflows call as a model, each with `tier`, `requestsPerMinute` and "
        "`dailyDollars`. The limits are each worker pod's own: times `worker.maxReplicas` they are "
        "the environment's. What a stack sets replaces the whole list.",
    )
    default_strategy: Strategy = Field(
        default="balanced",
        description="How a model of the tier is chosen where the call doesn't say, by "
        "`use_case:strategy`. `performance`: in the tier's order. `cost`: the cheapest first. "
        "`balanced`: the first two providers share the calls, the cheaper one getting more.",
    )
    baseline: ModelName | None = Field(
        default=None,
        description="Model that costs are compared with, as if it had answered every call. Left "
        "out: the first of the premium tier.",
    )
    attempts: int = Field(
        default=1,
        ge=0,
        le=5,
        description="Times that a model is tried again after 429, 500, 502, 503 or 504, before the "
        "next one of the tier is.",
    )
    request_timeout_seconds: int = Field(
        default=120,
        ge=1,
        le=600,
        description="Seconds that one model has for its answer before the next one is tried.",
    )
    base_urls: tuple[BaseUrlSettings, ...] = Field(
        default=(), description="Providers that are reached elsewhere, each with `provider`, `url`."
    )
    hosted_url: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:\d+)?$")] = Field(
        default="https://api.portkey.ai",
        description="Portkey's hosted gateway, without a path; used where `gateway` is `hosted`.",
    )
    portkey_image: Image = Field(
        default=versions.PORTKEY,
        description="Portkey's gateway, the sidecar's image.",
    )
    router_image: Image | None = Field(
        default=None,
        description="The router's image, which nobody publishes: build it with "
        "ai_gateway/image/Dockerfile and write where you pushed it.",
    )
    portkey_resources: Resources = Field(
        default=Resources(
            cpu_request="50m", memory_request="192Mi", cpu_limit="500m", memory_limit="512Mi"
        ),
        description="Portkey's gateway, in each worker pod: 134 MB were measured, and each probe "
        "starts another Node.js.",
    )
    router_resources: Resources = Field(
        default=Resources(
            cpu_request="50m", memory_request="64Mi", cpu_limit="500m", memory_limit="128Mi"
        ),
        description="The router, in each worker pod.",
    )
