"""Two regions never work at once, whatever happens in which order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from components.aws import lease
from tests.unit.aws.pair import CHECK, JITTER, LEASE, REGIONS, WAIT, Pair, Refused, Table

TIMES = (1, CHECK, 20, LEASE - 10, LEASE, WAIT - LEASE, WAIT)

EVENTS = (
    *[("time_passes", seconds) for seconds in TIMES],
    *[("database_asks_and_is_answered", region) for region in REGIONS for _ in range(3)],
    *[("database_asks", region) for region in REGIONS],
    *[("function_runs",), ("answer_arrives",)] * 2,
    *[("take", region) for region in REGIONS for _ in range(2)],
    *[("promote", region) for region in REGIONS for _ in range(2)],
    *[("let_the_platform_in", region) for region in REGIONS for _ in range(2)],
    *[("let_the_platform_in_too_early", region) for region in REGIONS],
    *[("make_a_replica_again", region) for region in REGIONS],
    *[("connection_to_the_table", region, True) for region in REGIONS for _ in range(2)],
    *[("connection_to_the_table", region, False) for region in REGIONS],
    *[("region_goes_or_comes_back", region, True) for region in REGIONS for _ in range(2)],
    *[("region_goes_or_comes_back", region, False) for region in REGIONS],
)
"""What can happen, as often as it is to happen."""

WALKS, STEPS = 400, 60


@examples(max_examples=10)
# A choice of hypothesis' for each step would take minutes: these are 240,000 steps in seconds.
@given(seed=st.integers(min_value=0))
def test_in_no_order_of_events_do_both_regions_work(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 -- an order of events, no secret
    for _ in range(WALKS):
        pair, happened = Pair(chance), []
        for event, *arguments in chance.choices(EVENTS, k=STEPS):
            happened.append((event, *arguments))
            getattr(pair, event)(*arguments)
            try:
                pair.only_one_works()
            except AssertionError as error:
                raise AssertionError(f"after {happened}: {error}") from None


def fail_over(pair: Pair, region: str) -> None:
    """The steps in their order."""
    pair.take(region)
    pair.promote(region)
    pair.time_passes(WAIT + 2 * JITTER)
    pair.let_the_platform_in(region)
    pair.database_asks_and_is_answered(region)


@pytest.fixture
def pair() -> Pair:
    pair = Pair(Random(1))  # noqa: S311 -- clocks, no secrets
    pair.database_asks_and_is_answered(REGIONS[0])
    assert pair.working() == [REGIONS[0]]
    return pair


def test_a_lost_region_is_replaced_and_does_not_come_back_by_itself(pair: Pair) -> None:
    pair.region_goes_or_comes_back(REGIONS[0], up=False)
    fail_over(pair, REGIONS[1])
    assert pair.working() == [REGIONS[1]]

    pair.region_goes_or_comes_back(REGIONS[0], up=True)
    pair.database_asks_and_is_answered(REGIONS[0])
    assert pair.working() == [REGIONS[1]]


def test_a_region_that_nobody_can_reach_stops_by_itself(pair: Pair) -> None:
    pair.connection_to_the_table(REGIONS[0], reaches=False)
    fail_over(pair, REGIONS[1])
    assert pair.working() == [REGIONS[1]]


def test_the_way_back_is_the_same_way(pair: Pair) -> None:
    fail_over(pair, REGIONS[1])
    pair.make_a_replica_again(REGIONS[0])
    fail_over(pair, REGIONS[0])
    assert pair.working() == [REGIONS[0]]


def test_a_failure_shorter_than_the_lease_is_not_noticed(pair: Pair) -> None:
    pair.connection_to_the_table(REGIONS[0], reaches=False)
    pair.time_passes(LEASE - 10)
    assert pair.working() == [REGIONS[0]]
    pair.connection_to_the_table(REGIONS[0], reaches=True)
    pair.database_asks_and_is_answered(REGIONS[0])
    pair.time_passes(LEASE - 10)
    assert pair.working() == [REGIONS[0]]


def test_a_replica_that_is_promoted_too_early_does_not_work_yet(pair: Pair) -> None:
    pair.fail_over_without_waiting(REGIONS[1])
    pair.time_passes(2 * CHECK)
    assert pair.working() == [REGIONS[0]]
    pair.database_asks_and_is_answered(REGIONS[1])
    assert pair.working() == [REGIONS[0]]
    pair.time_passes(WAIT + 2 * JITTER)
    pair.database_asks_and_is_answered(REGIONS[1])
    assert pair.working() == [REGIONS[1]]


def test_an_interrupted_failover_goes_on_where_it_was(pair: Pair) -> None:
    pair.take(REGIONS[1])
    opens = pair.table.item["opens"]
    pair.time_passes(20)
    pair.take(REGIONS[1])
    assert pair.table.item["opens"] == opens


def test_where_there_is_no_lease_nobody_takes_one() -> None:
    with pytest.raises(Refused):
        Table().update(lease.taking(REGIONS[1], now=0, wait=WAIT))
