"""What a mix costs, by tokens and prices alone, and what it would cost on one model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ai_gateway.cost import Usage, dollars, saving
from ai_gateway.document import Document, leaves
from ai_gateway.savings.mixes import Mix


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Calls of one use case and strategy that one model answered.

    Attributes:
        use_case: what they were for.
        strategy: how their model was chosen.
        model: who answered, `provider/model`.
        calls: how many; a fraction where it is what the weights lead one to expect.
        each: tokens of one.
    """

    use_case: str
    strategy: str
    model: str
    calls: float
    each: Usage

    def dollars(self, document: Document, model: str | None = None) -> float:
        """What they cost, or would have cost on another model."""
        return self.calls * dollars(self.each, document.models[model or self.model])


@dataclass(frozen=True, kw_only=True)
class Total:
    """What calls cost together.

    Attributes:
        calls: how many.
        routed: dollars on the models that answered.
        baseline: dollars on the baseline.
    """

    calls: float
    routed: float
    baseline: float

    @property
    def saving(self) -> float:
        """The share of the baseline's dollars that was not spent."""
        return saving(self.routed, self.baseline)


def total(answered: Iterable[Answered], document: Document, baseline: str | None = None) -> Total:
    """What these calls cost together, beside the document's baseline or another model."""
    listed = list(answered)
    return Total(
        calls=sum(each.calls for each in listed),
        routed=sum(each.dollars(document) for each in listed),
        baseline=sum(each.dollars(document, baseline or document.baseline) for each in listed),
    )


def expected(mix: Mix, document: Document) -> list[Answered]:
    """Who answers a mix while every model does: the first of a chain, and shares as weights say."""
    return [
        Answered(
            use_case=calls.use_case,
            strategy=calls.strategy,
            model=model,
            calls=calls.count * share,
            each=calls.each,
        )
        for calls in mix.calls
        for model, share in answering(_branch(document, calls.use_case, calls.strategy)).items()
    ]


def answering(config: Mapping[str, Any]) -> dict[str, float]:
    """The share of calls that each model of a configuration answers, while all of them do."""
    if "provider" in config:
        return {config["name"]: 1.0}
    targets = config["targets"]
    if config["strategy"]["mode"] == "fallback":
        return answering(targets[0])
    shares: dict[str, float] = {}
    weight = sum(target["weight"] for target in targets)
    for target in targets:
        for model, share in answering(target).items():
            shares[model] = shares.get(model, 0.0) + share * target["weight"] / weight
    return shares


def floor_is_kept(answered: Answered, document: Document) -> bool:
    """Whether the model that answered is one of the use case's tier."""
    tier = document.tiers[document.use_cases[answered.use_case].tier]
    return answered.model in {leaf["name"] for leaf in leaves(tier)}


def _branch(document: Document, use_case: str, strategy: str) -> Mapping[str, Any]:
    tier = document.tiers[document.use_cases[use_case].tier]
    return next(target for target in tier["targets"] if target["name"] == strategy)
