"""What language models cost: tokens and a price in, dollars out."""

from dataclasses import dataclass

from ai_gateway.document import Model

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one call or of many.

    Attributes:
        input: sent, without those that the provider read from its cache.
        cached: sent, and read from the provider's cache.
        output: answered.
    """

    input: int
    cached: int = 0
    output: int

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input + other.input,
            cached=self.cached + other.cached,
            output=self.output + other.output,
        )


def dollars(usage: Usage, model: Model) -> float:
    """What these tokens cost on this model."""
    return (
        usage.input * model.input_dollars
        + usage.cached * model.cached_input_dollars
        + usage.output * model.output_dollars
    ) / _MILLION


def saving(routed: float, baseline: float) -> float:
    """The share of `baseline` dollars that was not spent; negative if more was.

    Raises:
        ValueError: the baseline costs nothing, so there is no share of it.
    """
    if baseline <= 0:
        raise ValueError(f"a saving is a share of a baseline above 0, and not of {baseline}")
    return 1 - routed / baseline
