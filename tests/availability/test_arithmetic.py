"""The arithmetic of availability is right, and says where the target breaks."""

from dataclasses import replace
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from availability.assumptions import ASSUMED, PROMISES, Assumption, Assumptions, listed
from availability.document import page
from availability.model import Level, at_least, availability, minutes_lost, quorum
from availability.sensitivity import TARGET, tornado
from tests.availability.years import play

LEVELS = st.sampled_from(Level)


@pytest.mark.parametrize("level", Level)
def test_years_that_are_played_lose_what_was_reckoned(level: Level) -> None:
    played = play(ASSUMED, level, years=4000, seed=9)

    reckoned = minutes_lost(availability(ASSUMED, level))
    # Three standard errors; and few enough of them that a cause left out would be noticed.
    assert abs(played.minutes - reckoned) < 3 * played.error
    assert played.error < 0.02 * reckoned


def test_two_zones_gone_together_are_counted() -> None:
    often = replace(ASSUMED, zone_losses=20.0, zone_losses_that_spread=0.0)
    assert minutes_lost(quorum(often)) > 400
    played = play(often, Level.WEBHOOK, years=2000, seed=9)

    reckoned = minutes_lost(availability(often, Level.WEBHOOK))
    assert abs(played.minutes - reckoned) < 3 * played.error


@given(st.integers(0, 5), st.integers(1, 5), st.floats(0, 1))
def test_so_many_of_so_many_is_what_enumeration_finds(needed: int, of: int, share: float) -> None:
    enumerated = sum(
        prod(share if up else 1 - share for up in parts)
        for parts in product((True, False), repeat=of)
        if sum(parts) >= needed
    )
    assert at_least(needed, of, share) == pytest.approx(enumerated, abs=1e-12)


@given(st.sampled_from(listed()), LEVELS, st.floats(0, 1), st.floats(0, 1))
def test_more_of_what_is_assumed_is_never_better(
    assumption: Assumption, level: Level, one: float, other: float
) -> None:
    def lost(share: float) -> float:
        value = assumption.low + share * (assumption.high - assumption.low)
        return minutes_lost(availability(_with(assumption, value), level))

    least, most = sorted((one, other))
    assert lost(least) <= lost(most) + 1e-6


@pytest.mark.parametrize("level", Level)
def test_the_target_is_just_met_where_it_is_said_to_break(level: Level) -> None:
    broken = [each for each in tornado(level) if each.breaks_at is not None]
    assert broken
    for effect in broken:
        assert effect.breaks_at is not None
        there = availability(_with(effect.assumption, effect.breaks_at), level)
        assert there == pytest.approx(TARGET, abs=1e-12)
        beyond = availability(_with(effect.assumption, effect.breaks_at * 1.001), level)
        assert beyond < TARGET


def test_a_share_that_cannot_break_the_target_is_not_said_to() -> None:
    found = {each.assumption.key: each.breaks_at for each in tornado(Level.WEBHOOK)}
    assert found["balancer_used"] is None
    assert found["database_used"] is not None


def test_a_promise_without_a_source_says_so() -> None:
    for promise in PROMISES:
        assert promise.source or "not sourced" in promise.remark


def test_a_level_that_misses_the_target_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "| **no** |" not in page()
    monkeypatch.setattr("availability.document.ASSUMED", replace(ASSUMED, database_used=1.0))
    assert page().count("| **no** |") == len(Level)


def _with(assumption: Assumption, value: float) -> Assumptions:
    return replace(ASSUMED, **{assumption.key: value})
