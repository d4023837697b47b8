"""Mixes of calls: what they are, how they are read, and how a large one is made small."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from ai_gateway.cost import Usage

FILE = Path(__file__).parent / "mixes.yaml"
"""Where the mixes are written."""

REFERENCE = "reference"
"""The mix that the headline is about."""

_COUNT = {"type": "integer", "minimum": 1}
_CALLS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["use_case", "calls", "input", "output", "strategies"],
    "properties": {
        "use_case": {"type": "string"},
        "calls": _COUNT,
        "input": _COUNT,
        "output": _COUNT,
        "strategies": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"enum": ["cost", "performance", "balanced"]},
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 100},
        },
    },
}
_SCHEMA = {
    "type": "object",
    "required": [REFERENCE],
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "why", "calls"],
        "properties": {
            "title": {"type": "string"},
            "why": {"type": "string"},
            "calls": {"type": "array", "minItems": 1, "items": _CALLS},
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Calls that are alike.

    Attributes:
        use_case: what they are for.
        strategy: how their model is chosen.
        count: how many.
        each: tokens of one.
    """

    use_case: str
    strategy: str
    count: float
    each: Usage


@dataclass(frozen=True, kw_only=True)
class Mix:
    """A day's calls.

    Attributes:
        name: its key in the file.
        title: in a few words.
        calls: by use case and strategy.
    """

    name: str
    title: str
    calls: tuple[Calls, ...]

    @property
    def count(self) -> float:
        """How many calls it has."""
        return sum(each.count for each in self.calls)

    def scaled(self, total: int) -> "Mix":
        """About as many calls in the same proportions, at least one of each kind."""
        factor = total / self.count
        return Mix(
            name=self.name,
            title=self.title,
            calls=tuple(
                Calls(
                    use_case=each.use_case,
                    strategy=each.strategy,
                    count=max(1, round(each.count * factor)),
                    each=each.each,
                )
                for each in self.calls
            ),
        )


def load() -> tuple[Mix, ...]:
    """The mixes of the file, in its order.

    Raises:
        ValueError: it is not as it should be; the message lists everything that is wrong.
    """
    return parse(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def parse(document: Any) -> tuple[Mix, ...]:
    """The mixes of a document, as YAML gives it.

    Raises:
        ValueError: it is not as it should be; the message lists everything that is wrong.
    """
    errors = Draft202012Validator(_SCHEMA).iter_errors(document)
    problems = [f"{error.json_path}: {error.message}" for error in errors]
    if not problems:
        problems = list(_contradictions(document))
    if problems:
        raise ValueError("the mixes cannot be used:\n  - " + "\n  - ".join(problems))
    return tuple(
        Mix(
            name=name,
            title=mix["title"],
            calls=tuple(
                Calls(
                    use_case=entry["use_case"],
                    strategy=strategy,
                    count=entry["calls"] * percent / 100,
                    each=Usage(input=entry["input"], output=entry["output"]),
                )
                for entry in mix["calls"]
                for strategy, percent in entry["strategies"].items()
            ),
        )
        for name, mix in document.items()
    )


def _contradictions(document: Mapping[str, Any]) -> Iterator[str]:
    for name, mix in document.items():
        use_cases = [entry["use_case"] for entry in mix["calls"]]
        for use_case in dict.fromkeys(use_cases):
            if use_cases.count(use_case) > 1:
                yield f"$.{name}.calls: {use_case} is there twice; one entry with its strategies"
        for index, entry in enumerate(mix["calls"]):
            total = sum(entry["strategies"].values())
            if total != 100:
                place = f"$.{name}.calls[{index}].strategies"
                yield f"{place}: {total} percent together; 100 is needed"
