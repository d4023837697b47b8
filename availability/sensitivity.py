"""What each assumption does to a service level, and where the target breaks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from alerts.objectives import WEBHOOK_AVAILABILITY
from availability.assumptions import ASSUMED, PROMISES, Assumption, Assumptions, listed
from availability.model import Level, availability, minutes_lost

TARGET = WEBHOOK_AVAILABILITY.objective
"""The share of time that every service level is measured against."""

_STEPS = 60
"""Halvings of the range in which a target breaks: to the eighteenth digit."""

_FURTHEST = 1000.0
"""Times its value that an assumption is tried at: one that breaks nothing there breaks nothing."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an assumption does to one service level.

    Attributes:
        assumption: the assumption.
        level: the service level.
        least: minutes a year that are lost with its lowest value.
        most: minutes a year that are lost with its highest value.
        breaks_at: its value at which the target is just met; None where no value breaks it.
    """

    assumption: Assumption
    level: Level
    least: float
    most: float
    breaks_at: float | None

    @property
    def swing(self) -> float:
        """Minutes a year between the two."""
        return self.most - self.least


def tornado(level: Level, given: Assumptions = ASSUMED) -> list[Effect]:
    """Every assumption that matters to a service level, the strongest first."""
    effects = [_effect(assumption, level, given) for assumption in listed()]
    return sorted((each for each in effects if each.swing > 0), key=lambda each: -each.swing)


def _effect(assumption: Assumption, level: Level, given: Assumptions) -> Effect:
    def lost(value: float) -> float:
        return minutes_lost(availability(replace(given, **{assumption.key: value}), level))

    return Effect(
        assumption=assumption,
        level=level,
        least=lost(assumption.low),
        most=lost(assumption.high),
        breaks_at=_breaks_at(lost, assumption),
    )


def _breaks_at(lost: Callable[[float], float], assumption: Assumption) -> float | None:
    """Where more of an assumption loses more than the target allows, by halving."""
    allowed = minutes_lost(TARGET)
    low, high = 0.0, min(assumption.value * _FURTHEST, assumption.limit)
    if lost(low) > allowed or lost(high) <= allowed:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if lost(middle) <= allowed else (low, middle)
    return low


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The same platform with something else.

    Attributes:
        name: what is else.
        assumptions: its numbers.
    """

    name: str
    assumptions: Assumptions


def variants() -> tuple[Variant, ...]:
    """What the figures are compared with."""
    floor = dict.fromkeys((each.used_by for each in PROMISES if each.used_by), 1.0)
    # 300 s until pods of a lost node are replaced, for the platform's 30.
    slower = replace(ASSUMED, zone_recovery_minutes=ASSUMED.zone_recovery_minutes + 270 / 60)
    alone = replace(ASSUMED, failover_minutes=ASSUMED.region_loss_minutes, lease_used=0.0)
    # It switches over for a failure, and for a minor version.
    switched = dict.fromkeys(("database_failover_minutes", "database_upgrade_minutes"), 35 / 60)
    cluster = replace(alone, **switched)
    return (
        Variant(name="as assumed", assumptions=ASSUMED),
        Variant(name="Kubernetes' own time until lost pods are replaced", assumptions=slower),
        Variant(name="no standby, and so no lease: a lost region is waited for", assumptions=alone),
        Variant(name="no standby, and RDS as a Multi-AZ cluster", assumptions=cluster),
        Variant(
            name="vendors at the floor of their promises", assumptions=replace(ASSUMED, **floor)
        ),
    )
