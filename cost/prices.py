"""Reads the price table, and says everything that is wrong with it at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE = Path(__file__).parent / "prices.yaml"
"""Where all prices are written."""

_NOT_SOURCED = "none"


class PricesError(ValueError):
    """The price table cannot be used; the message lists everything that is wrong in it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "the price table of AWS cannot be used:"
            + "".join(f"\n  - {problem}" for problem in problems)
        )


class MissingPriceError(ValueError):
    """Something that a stack needs has no price; the message lists all of it."""

    def __init__(self, missing: Iterable[tuple[str, str]]) -> None:
        """
        Args:
            missing: items and the regions in which they have none.
        """
        listed = sorted(set(missing))
        super().__init__(
            f"{len(listed)} prices are missing in cost/prices.yaml; nothing was added up:"
            + "".join(f"\n  - {item} in {region}" for item, region in listed)
        )


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Source(_Model):
    url: Annotated[str, Field(pattern=r"^https://\S+$")]
    says: str


class _Amount(_Model):
    amount: Annotated[float, Field(gt=0)]
    source: str
    why: str | None = None


class _Entry(_Model):
    unit: str
    dollars: dict[str, _Amount]


class _Document(_Model):
    looked_up: str
    sources: dict[str, _Source]
    prices: dict[str, _Entry]


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one unit of an item costs in a region.

    Attributes:
        dollars: US dollars.
        unit: of what.
        source: the page it was read on; None where it was read nowhere.
        why: how it is known then.
    """

    dollars: float
    unit: str
    source: str | None
    why: str | None


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The price table.

    Attributes:
        looked_up: when all were.
        by_item: prices by item and region.
    """

    looked_up: date
    by_item: Mapping[str, Mapping[str, Price]]

    def find(self, item: str, region: str) -> Price | None:
        """The price of an item in a region, if there is one."""
        return self.by_item.get(item, {}).get(region)


@cache
def load(file: Path = FILE) -> Prices:
    """The price table of a file.

    Raises:
        PricesError: it is no YAML, is not as expected, or contradicts itself.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PricesError([f"{file.name} is no YAML: {error}"]) from error
    return parse(document)


def parse(document: Any) -> Prices:
    """The price table of a document, as YAML gives it.

    Raises:
        PricesError: it is not as expected, or contradicts itself.
    """
    try:
        table = _Document.model_validate(document)
    except ValidationError as error:
        raise PricesError(
            [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        ) from None
    problems = list(_contradictions(table))
    if problems:
        raise PricesError(problems)
    return Prices(
        looked_up=date.fromisoformat(table.looked_up),
        by_item={
            item: {
                region: _price(amount, entry.unit, table.sources)
                for region, amount in entry.dollars.items()
            }
            for item, entry in table.prices.items()
        },
    )


def _price(amount: _Amount, unit: str, sources: Mapping[str, _Source]) -> Price:
    source = sources.get(amount.source)
    return Price(
        dollars=amount.amount, unit=unit, source=source.url if source else None, why=amount.why
    )


def _contradictions(table: _Document) -> Iterator[str]:
    try:
        date.fromisoformat(table.looked_up)
    except ValueError:
        yield f"looked_up: {table.looked_up} is no day"
    for item, entry in table.prices.items():
        for region, amount in entry.dollars.items():
            place = f"prices.{item}.{region}"
            sourced = amount.source != _NOT_SOURCED
            if sourced and amount.source not in table.sources:
                yield f"{place}.source: {amount.source} is not among sources; or write none"
            if sourced == bool(amount.why):
                yield f"{place}.why: is for prices without a source, and needed there"
