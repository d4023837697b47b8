"""Reads the price table, and says everything that is wrong with it at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

import integrations.catalogue
from ai_gateway.document import Model

FILE = Path(__file__).parent / "prices.yaml"
"""Where all prices are written."""

_BLEND = (3, 1)
"""Input and output tokens that one price for both is weighed with: three to one, as is usual where
models are compared."""


class PricesError(ValueError):
    """The price table cannot be used; the message lists everything that is wrong in it.

    Attributes:
        problems: each with the place.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "the price table of models cannot be used:"
            + "".join(f"\n  - {problem}" for problem in problems)
        )


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs, and how that is known.

    Attributes:
        model: what it costs.
        up_to_input_tokens: length of a prompt above which it costs more; None where it never does.
        looked_up: when.
        source: the page it was read on.
        verified: all three figures are on a page of the provider's own.
        why: what is missing where they are not.
    """

    model: Model
    up_to_input_tokens: int | None
    looked_up: date
    source: str
    verified: bool
    why: str | None

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.model.provider}/{self.model.model}"

    @property
    def blended_dollars(self) -> float:
        """One price for a million tokens, three quarters of them sent and one answered."""
        sent, answered = _BLEND
        total = sent * self.model.input_dollars + answered * self.model.output_dollars
        return total / (sent + answered)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The price table.

    Attributes:
        models: prices by name, `provider/model`.
        keys: the variable with a provider's key, by Portkey's name of the provider.
    """

    models: Mapping[str, Price]
    keys: Mapping[str, str]


@cache
def load(file: Path = FILE) -> Prices:
    """The price table of a file.

    Raises:
        PricesError: it is no YAML, is not as `prices.schema.json` says, or contradicts itself.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PricesError([f"{file.name} is no YAML: {error}"]) from error
    return parse(document)


def parse(document: Any) -> Prices:
    """The price table of a document, as YAML gives it.

    Raises:
        PricesError: it is not as `prices.schema.json` says, or contradicts itself.
    """
    schema = json.loads(FILE.with_name("prices.schema.json").read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(document), key=lambda e: list(e.path))
    problems = [f"{_place(error, document)}: {error.message}" for error in errors]
    if not problems:
        problems = list(_contradictions(document))
    if problems:
        raise PricesError(problems)
    read = [_price(entry) for entry in document["prices"]]
    return Prices(
        models={price.name: price for price in read},
        keys={name: _key(each["integration"]) for name, each in document["providers"].items()},
    )


def _place(error: ValidationError, document: Any) -> str:
    """Where an error is, with the model's name beside its number."""
    place = ""
    for step in error.absolute_path:
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
        document = document[step]
        if isinstance(step, int) and isinstance(document, dict):
            place += f" ({document.get('provider')}/{document.get('model')})"
    return place.removeprefix(".") or "the document"


def _contradictions(document: Mapping[str, Any]) -> Iterator[str]:
    known = {each.id: each for each in integrations.catalogue.load().integrations}
    for name, each in document["providers"].items():
        integration = known.get(each["integration"])
        if integration is None:
            yield f"providers.{name}.integration: {each['integration']} is not in the catalogue"
        elif sum(variable.secret for variable in integration.variables) != 1:
            yield f"providers.{name}.integration: {integration.id} has not one secret but others"
    seen: set[str] = set()
    for index, entry in enumerate(document["prices"]):
        name = f"{entry['provider']}/{entry['model']}"
        place = f"prices[{index}] ({name})"
        if entry["provider"] not in document["providers"]:
            yield f"{place}.provider: is not among providers"
        if name in seen:
            yield f"{place}: has a price already; keep one"
        seen.add(name)
        if entry["cached_input"] > entry["input"]:
            yield f"{place}.cached_input: is more than input, {entry['input']}"
        try:
            date.fromisoformat(entry["looked_up"])
        except ValueError:
            yield f"{place}.looked_up: {entry['looked_up']} is no day"


def _price(entry: Mapping[str, Any]) -> Price:
    return Price(
        model=Model(
            provider=entry["provider"],
            model=entry["model"],
            input_dollars=float(entry["input"]),
            cached_input_dollars=float(entry["cached_input"]),
            output_dollars=float(entry["output"]),
        ),
        up_to_input_tokens=entry.get("up_to_input_tokens"),
        looked_up=date.fromisoformat(entry["looked_up"]),
        source=entry["source"],
        verified=entry["verified"],
        why=entry.get("why"),
    )


def _key(integration: str) -> str:
    """The variable with the key of a service in the catalogue."""
    catalogue = integrations.catalogue.load()
    service = next(each for each in catalogue.integrations if each.id == integration)
    return next(variable.name for variable in service.variables if variable.secret)
