"""Years of random outages, played one event at a time, beside which the arithmetic is checked."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import mean, stdev

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
from availability.model import MINUTES_A_YEAR, ZONES, Level

_BATCHES = 40


@dataclass(frozen=True)
class Outage:
    """From when until when, in minutes, which share is lost; a zone's own loss has its number."""

    start: float
    end: float
    share: float = 0.0
    zone: int | None = None


@dataclass(frozen=True, kw_only=True)
class Played:
    """Minutes lost a year, and the standard error of that."""

    minutes: float
    error: float


def play(given: Assumptions, level: Level, *, years: int, seed: int) -> Played:
    """Play that many years in batches."""
    random = Random(seed)  # noqa: S311
    length = years / _BATCHES * MINUTES_A_YEAR
    found = [
        _lost(list(_outages(given, level, length, random))) / length * MINUTES_A_YEAR
        for _ in range(_BATCHES)
    ]
    return Played(minutes=mean(found), error=stdev(found) / math.sqrt(_BATCHES))


def _outages(given: Assumptions, level: Level, length: float, random: Random) -> Iterator[Outage]:
    def at(start: float, minutes: float, share: float = 1.0, zone: int | None = None) -> Outage:
        return Outage(start, start + random.expovariate(1 / minutes), share, zone)

    def starts(per_year: float) -> Iterator[float]:
        now = random.expovariate(per_year / MINUTES_A_YEAR)
        while now < length:
            yield now
            now += random.expovariate(per_year / MINUTES_A_YEAR)

    def vendor(promise: Promise, used: float, share: float = 1.0) -> Iterator[Outage]:
        minutes = used * (1 - promise.availability) * MINUTES_A_YEAR
        return (at(start, 60, share) for start in starts(minutes / 60))

    def zone_lost(zone: int, start: float) -> Iterator[Outage]:
        """One event with all that follows from it."""
        yield at(start, given.zone_loss_minutes, zone=zone)
        if random.random() < given.zone_losses_that_spread:
            yield at(start, given.failover_minutes)
        if level is Level.WEBHOOK:
            yield at(start, given.balancer_notices_minutes, 1 / ZONES)
        if level is Level.EXECUTION:
            yield at(start, given.zone_recovery_minutes, 1 / ZONES)
        if random.randrange(ZONES) == zone:
            yield at(start, given.database_failover_minutes)
        if random.randrange(ZONES) == zone:
            yield at(start, given.queue_failover_minutes)
        if level is Level.EDITOR and random.randrange(ZONES) == zone:
            yield at(start, given.zone_recovery_minutes)

    yield from vendor(DATABASE, given.database_used)
    yield from vendor(COMPUTE, given.compute_used)
    yield from vendor(FUNCTION, given.lease_used)
    yield from vendor(TABLE, given.lease_used)
    yield from vendor(KEYS, given.lease_used)
    if level is Level.EXECUTION:
        for _ in range(ZONES):
            yield from vendor(NAT, given.nat_used, given.outside_share / ZONES)
    else:
        yield from vendor(BALANCER, given.balancer_used)
    for zone in range(ZONES):
        for start in starts(given.zone_losses):
            yield from zone_lost(zone, start)
    on_everything = (
        (given.region_losses, given.failover_minutes),
        (given.database_failovers + given.database_maintenances, given.database_failover_minutes),
        (given.database_upgrades, given.database_upgrade_minutes),
        (given.restores, given.restore_minutes),
        (given.queue_failovers, given.queue_failover_minutes),
        (given.bad_changes, given.bad_change_minutes),
    )
    on_main = (
        (given.main_rollouts + given.main_stops, given.main_restart_minutes),
        (given.node_losses, given.zone_recovery_minutes),
    )
    for per_year, minutes in (*on_everything, *(on_main if level is Level.EDITOR else ())):
        yield from (at(start, minutes) for start in starts(per_year))


def _lost(outages: list[Outage]) -> float:
    """Minutes of service that are lost, the part that is lost counted as such."""
    edges = [(each.start, 1, each) for each in outages] + [(each.end, -1, each) for each in outages]
    edges.sort(key=lambda edge: edge[0])
    whole, zones, part = 0, [0] * ZONES, 0.0
    lost = then = 0.0
    for now, step, outage in edges:
        gone = whole or sum(map(bool, zones)) > 1
        lost += (now - then) * (1.0 if gone else 1 - math.exp(part))
        then = now
        if outage.zone is not None:
            zones[outage.zone] += step
        elif outage.share == 1:
            whole += step
        else:
            part += step * math.log(1 - outage.share)
    return lost
