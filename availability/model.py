"""The arithmetic: causes of outage, and the availability of each service level.

Outages of a cause begin at random times, independently of each other (a Poisson process), so the
number of them that last at a random moment has a Poisson distribution whose mean is rate times
duration, however durations are distributed (the queue M/G/∞). With n of them lasting, of which each
loses the share s, (1 - s)^n of the service is left: on average e^(-rate · duration · s). Causes in
series multiply, so their exponents add up.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from availability.assumptions import (
    BALANCER,
    COMPUTE,
    DATABASE,
    FUNCTION,
    KEYS,
    NAT,
    TABLE,
    Assumptions,
    Promise,
)

MINUTES_A_YEAR = 365.25 * 24 * 60
ZONES = 3


class Level(StrEnum):
    """What is promised to users."""

    WEBHOOK = "webhook acceptance"
    EXECUTION = "workflow execution"
    EDITOR = "editor and schedules"


Lost = Mapping[Level, float]
"""The share of each service level that is lost while a cause lasts; one left out loses nothing."""

EVERYTHING: Lost = dict.fromkeys(Level, 1.0)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Outages of one kind.

    Attributes:
        name: what happens.
        per_year: how often.
        minutes: how long each lasts, on average.
        lost: what is lost meanwhile.
    """

    name: str
    per_year: float
    minutes: float
    lost: Lost

    def exponent(self, level: Level) -> float:
        """Expected number of its outages at a moment, times what each loses."""
        return self.per_year * self.minutes / MINUTES_A_YEAR * self.lost.get(level, 0.0)


def at_least(needed: int, of: int, availability: float) -> float:
    """The probability that so many of equal, independent parts are there."""
    return sum(
        math.comb(of, up) * availability**up * (1 - availability) ** (of - up)
        for up in range(needed, of + 1)
    )


def quorum(assumptions: Assumptions) -> float:
    """The probability that two of three zones are there, without which Redis serves nothing."""
    zone = math.exp(-assumptions.zone_losses * assumptions.zone_loss_minutes / MINUTES_A_YEAR)
    return at_least(2, ZONES, zone)


def causes(given: Assumptions) -> tuple[Cause, ...]:
    """All causes of outage but the loss of two zones by chance."""
    on_main: Lost = {Level.EDITOR: 1.0}
    a_zone_s = dict.fromkeys(Level, 1 / ZONES)
    any_zone = ZONES * given.zone_losses
    return (
        _promised(DATABASE, given.database_used, EVERYTHING),
        _promised(BALANCER, given.balancer_used, {Level.WEBHOOK: 1.0, Level.EDITOR: 1.0}),
        _promised(COMPUTE, given.compute_used, EVERYTHING),
        # One of three gateways serves a third of the workers; there are three that can fail.
        _promised(NAT, given.nat_used, {Level.EXECUTION: given.outside_share}),
        # Only what outlasts the lease, two minutes, loses anything: nearly all of it.
        _promised(FUNCTION, given.lease_used, EVERYTHING),
        _promised(TABLE, given.lease_used, EVERYTHING),
        _promised(KEYS, given.lease_used, EVERYTHING),
        Cause(
            name="region lost: failover to the standby",
            per_year=given.region_losses,
            minutes=min(given.failover_minutes, given.region_loss_minutes),
            lost=EVERYTHING,
        ),
        Cause(
            name="zone lost, and it spreads: failover to the standby",
            per_year=any_zone * given.zone_losses_that_spread,
            minutes=min(given.failover_minutes, given.region_loss_minutes),
            lost=EVERYTHING,
        ),
        Cause(
            name="zone lost: a third of all calls, until the load balancer notices",
            per_year=any_zone,
            minutes=given.balancer_notices_minutes,
            lost={Level.WEBHOOK: a_zone_s[Level.WEBHOOK]},
        ),
        Cause(
            name="zone lost: a third of the workers, until they are back elsewhere",
            per_year=any_zone,
            minutes=given.zone_recovery_minutes,
            lost={Level.EXECUTION: a_zone_s[Level.EXECUTION]},
        ),
        Cause(
            name="zone lost with the database's primary, one time in three",
            per_year=any_zone / ZONES,
            minutes=given.database_failover_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="zone lost with the queue's master, one time in three",
            per_year=any_zone / ZONES,
            minutes=given.queue_failover_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="zone lost with main, one time in three",
            per_year=any_zone / ZONES,
            minutes=given.zone_recovery_minutes,
            lost=on_main,
        ),
        Cause(
            name="database fails over",
            per_year=given.database_failovers,
            minutes=given.database_failover_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="database's operating system is maintained (planned)",
            per_year=given.database_maintenances,
            minutes=given.database_failover_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="database gets a minor version (planned)",
            per_year=given.database_upgrades,
            minutes=given.database_upgrade_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="database is restored",
            per_year=given.restores,
            minutes=given.restore_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="the queue's master fails over",
            per_year=given.queue_failovers,
            minutes=given.queue_failover_minutes,
            lost=EVERYTHING,
        ),
        Cause(
            name="main is rolled out (planned)",
            per_year=given.main_rollouts,
            minutes=given.main_restart_minutes,
            lost=on_main,
        ),
        Cause(
            name="main stops",
            per_year=given.main_stops,
            minutes=given.main_restart_minutes,
            lost=on_main,
        ),
        Cause(
            name="main's node is lost",
            per_year=given.node_losses,
            minutes=given.zone_recovery_minutes,
            lost=on_main,
        ),
        Cause(
            name="a change breaks the platform",
            per_year=given.bad_changes,
            minutes=given.bad_change_minutes,
            lost=EVERYTHING,
        ),
    )


def availability(given: Assumptions, level: Level) -> float:
    """The share of a long time in which a service level is there."""
    return quorum(given) * math.exp(-sum(cause.exponent(level) for cause in causes(given)))


def minutes_lost(of: float) -> float:
    """What an availability leaves to be lost, in minutes a year."""
    return (1 - of) * MINUTES_A_YEAR


def promised(promises: Iterable[Promise]) -> float:
    """Promises in series."""
    return math.prod(each.availability for each in promises)


def _promised(promise: Promise, used: float, lost: Lost) -> Cause:
    """A vendor's outages, an hour each: how long one lasts does not matter, only their sum does."""
    minutes = -math.log(1 - used * (1 - promise.availability)) * MINUTES_A_YEAR
    return Cause(name=f"{promise.name}: outage", per_year=minutes / 60, minutes=60.0, lost=lost)
