"""The routing document: what the router is told, made by the program and mounted into its pod.

There is no key in it: keys are files of their own, named as `Provider.key` says.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Portkey is told in one HTTP header, and Node.js takes 16 KiB of headers. A key is at most about
# 200 characters.
_MOST_HEADER = 15_000
_KEY = 200


@dataclass(frozen=True, kw_only=True)
class Model:
    """A language model, and what it costs.

    Attributes:
        provider: Portkey's name of who serves it, such as `openai`.
        model: the provider's name of it.
        input_dollars: for a million tokens that are sent.
        cached_input_dollars: for a million of those that the provider read from its cache.
        output_dollars: for a million tokens that it answers with.
    """

    provider: str
    model: str
    input_dollars: float
    cached_input_dollars: float
    output_dollars: float


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """What a workflow wants a model for.

    Attributes:
        tier: which models are good enough for it.
        requests_per_minute: calls that one router lets through in a minute.
        daily_dollars: what one router may spend on it from midnight to midnight, UTC.
    """

    tier: str
    requests_per_minute: int
    daily_dollars: float


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Who serves models.

    Attributes:
        key: name of the file with its key; also the variable's name in the catalogue.
    """

    key: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """How calls are routed.

    Attributes:
        upstream: Portkey's address, without `/v1`: the sidecar's, or the hosted one.
        upstream_key: name of the file with the key of the hosted gateway; None for the sidecar.
        default_strategy: where a call names none.
        strategies: those that a call may name.
        use_cases: by name.
        tiers: Portkey's configuration for each tier, without keys: its mode is `conditional` on
            `metadata.strategy`, and its targets are named as the strategies. Targets that are
            models carry the name of one in `models` as `name`.
        models: by name, `provider/model`.
        providers: by Portkey's name.
        baseline: the model that everything is compared with: what it would have cost.
    """

    upstream: str
    upstream_key: str | None
    default_strategy: str
    strategies: tuple[str, ...]
    use_cases: Mapping[str, UseCase]
    tiers: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, Model]
    providers: Mapping[str, Provider]
    baseline: str

    def to_json(self) -> str:
        """As text, always the same for the same document."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Document":
        """A document of its text.

        Raises:
            ValueError: it is not one, or what it says does not fit together; with all problems.
        """
        try:
            read = json.loads(text)
            document = cls(
                upstream=read["upstream"],
                upstream_key=read["upstream_key"],
                default_strategy=read["default_strategy"],
                strategies=tuple(read["strategies"]),
                use_cases={name: UseCase(**each) for name, each in read["use_cases"].items()},
                tiers=read["tiers"],
                models={name: Model(**each) for name, each in read["models"].items()},
                providers={name: Provider(**each) for name, each in read["providers"].items()},
                baseline=read["baseline"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a routing document: {error!r}") from error
        if problems := document.problems():
            raise ValueError("not a routing document: " + "; ".join(problems))
        return document

    def problems(self) -> list[str]:
        """What does not fit together, in no more than a line each."""
        found = [
            f"use case {name}: there is no tier {use_case.tier}"
            for name, use_case in self.use_cases.items()
            if use_case.tier not in self.tiers
        ]
        if self.default_strategy not in self.strategies:
            found.append(f"default_strategy {self.default_strategy} is not in strategies")
        if self.baseline not in self.models:
            found.append(f"baseline {self.baseline} is not in models")
        for name, tier in self.tiers.items():
            found += [f"tier {name}: {problem}" for problem in self._tier_problems(tier)]
        return found

    def _tier_problems(self, tier: Mapping[str, Any]) -> Iterator[str]:
        branches = {each.get("name") for each in tier.get("targets", ())}
        for strategy in self.strategies:
            if strategy not in branches:
                yield f"no target is named {strategy}"
        count = 0
        for target in leaves(tier):
            count += 1
            name, provider = str(target.get("name")), target["provider"]
            if name not in self.models:
                yield f"the target named {name} is not in models"
            elif self.models[name].provider != provider:
                yield f"the target named {name} goes to {provider}"
            if provider not in self.providers:
                yield f"provider {provider} is not in providers"
            if "api_key" in target:
                yield f"the target named {name} has a key in it"
        size = len(json.dumps(tier)) + count * _KEY
        if size > _MOST_HEADER:
            yield f"{size} bytes with keys, and Portkey takes {_MOST_HEADER}: name fewer models"


def leaves(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The targets of a Portkey configuration that are models."""
    if "provider" in config:
        yield config
    for target in config.get("targets", ()):
        yield from leaves(target)
