"""The bill of materials: what is charged for, at its price."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from cost.charge import Charge
from cost.environment import charges, standby_of
from cost.prices import MissingPriceError, Price, Prices
from cost.usage import Usage
from settings import Settings
from settings.aws import AwsSettings


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a bill: a charge and the price of its item."""

    charge: Charge
    price: Price

    @property
    def unit_dollars(self) -> float:
        """What one of them costs."""
        return self.price.dollars * self.charge.size

    @property
    def dollars(self) -> float:
        """What all of them cost, a month."""
        return self.unit_dollars * self.charge.quantity


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What one environment costs a month.

    Attributes:
        name: of the environment.
        zones: how many it has.
        lines: by component.
    """

    name: str
    zones: int
    lines: Sequence[Line]

    @property
    def dollars(self) -> float:
        """All of it."""
        return total(self.lines)

    @property
    def by_component(self) -> dict[str, list[Line]]:
        """Lines by component, in their order."""
        grouped = groupby(self.lines, key=lambda line: line.charge.component)
        return {name: list(lines) for name, lines in grouped}

    @property
    def of_a_zone(self) -> float:
        """What there is in each zone: an extra zone, made like the others, costs this."""
        return total(line for line in self.lines if line.charge.per_zone) / self.zones

    @property
    def for_standby(self) -> float:
        """What is in this environment because it has a standby."""
        return total(line for line in self.lines if line.charge.for_standby)

    @property
    def not_sourced(self) -> float:
        """What rests on prices that were read nowhere."""
        return total(line for line in self.lines if line.price.source is None)


def total(lines: Iterable[Line]) -> float:
    """The sum of lines."""
    return sum(line.dollars for line in lines)


def bills(name: str, settings: Settings, usage: Usage, prices: Prices) -> list[Bill]:
    """The bill of a stack's environment, and that of its standby, if it has one.

    Args:
        name: of the stack.
        settings: its settings.
        usage: quantities of an environment at work.
        prices: the price table.

    Raises:
        MissingPriceError: something has no price; nothing is added up without it.
    """
    found = [(name, settings, environment)] if (environment := settings.aws) else []
    standby = standby_of(settings, environment) if environment else None
    if standby and standby.aws:
        found.append((f"standby of {name}", standby, standby.aws))
    wanted = [charge for _, each, at in found for charge in charges(each, at, usage)]
    missing = [
        (charge.item, charge.region)
        for charge in wanted
        if prices.find(charge.item, charge.region) is None
    ]
    if missing:
        raise MissingPriceError(missing)
    return [_bill(title, each, at, usage, prices) for title, each, at in found]


def _bill(
    name: str, settings: Settings, environment: AwsSettings, usage: Usage, prices: Prices
) -> Bill:
    priced = [
        Line(charge=charge, price=price)
        for charge in charges(settings, environment, usage)
        if (price := prices.find(charge.item, charge.region))
    ]
    return Bill(name=name, zones=len(settings.platform.zones), lines=priced)
