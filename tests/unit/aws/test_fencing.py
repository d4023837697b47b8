"""Two regions never work at once, whatever happens in which order.

The functions of the lease are the real ones; the table is a stand-in that knows the expressions
they use, and the databases are a model of `sql/fence.sql`, which has tests of its own on a real
PostgreSQL. Time is simulated, in seconds.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from components.aws import lease
from settings.aws.failover import FailoverSettings

LEASE = FailoverSettings().lease_seconds
WAIT = LEASE + FailoverSettings().margin_seconds
CHECK = 5
"""How often a database looks for connections to end: `fence-enforce` in fence.sql."""

JITTER = 5
"""By how much clocks of Lambda in one region differ here; in truth by milliseconds."""

REGIONS = ("eu-central-1", "eu-west-1")


class Refused(Exception):  # noqa: N818 -- what DynamoDB calls a refused condition is no error here
    """The condition of a write was not met."""


class Table:
    """One item of DynamoDB, and as much of its language as the lease needs."""

    def __init__(self, **item: Any) -> None:
        self.item = item

    def update(self, request: dict[str, Any]) -> None:
        values = request["ExpressionAttributeValues"]
        if not all(
            self._holds(each, values) for each in request["ConditionExpression"].split(" AND ")
        ):
            raise Refused
        for assignment in request["UpdateExpression"].removeprefix("SET ").split(", "):
            name, _, value = assignment.partition(" = ")
            self.item[name] = self._value(values[value])

    def _holds(self, condition: str, values: dict[str, Any]) -> bool:
        if condition.startswith("attribute_exists("):
            return condition.removeprefix("attribute_exists(").removesuffix(")") in self.item
        name, operator, value = condition.split()
        there, wanted = self.item[name], self._value(values[value])
        return {
            "=": there == wanted,
            "<>": there != wanted,
            "<=": operator == "<=" and there <= wanted,
        }[operator]

    @staticmethod
    def _value(typed: dict[str, str]) -> Any:
        ((kind, text),) = typed.items()
        return float(text) if kind == "N" else text


@dataclass(eq=False)
class Database:
    """What `fence.sql` makes of a database, and which life of it this is."""

    region: str
    timeline: int
    writable: bool = True
    current: bool = True
    up: bool = True
    until: float = -1e9
    of_timeline: int = 0
    promoted_at: float = -1e9
    let_in_at: float = -1e9
    """When n8n could last connect: what is open then stays until it is ended."""

    def answered(self, asked: float) -> None:
        self.until, self.of_timeline = asked + LEASE, self.timeline

    def lets_in_until(self) -> float:
        """How long the role's password is accepted: a source's lease until the next check."""
        own = self.of_timeline == self.timeline
        return self.until if own else min(self.until, self.promoted_at + CHECK)


class Pair(RuleBasedStateMachine):
    """Two regions, their connections, their databases, and people who fail over in either."""

    @initialize(
        clocks=st.tuples(*(st.integers(-1000, 1000) for _ in REGIONS)),
    )
    def begin(self, clocks: tuple[int, int]) -> None:
        self.now = 0.0
        self.clock = dict(zip(REGIONS, clocks, strict=True))
        self.table = Table(holder=REGIONS[0], opens=-1e6)
        self.reaches_table = dict.fromkeys(REGIONS, True)
        self.open = {REGIONS[0]: True, REGIONS[1]: False}
        self.by_hand = dict.fromkeys(REGIONS, False)
        home = Database(REGIONS[0], timeline=1)
        self.databases = [home, Database(REGIONS[1], timeline=1, writable=False)]
        self.asked: list[tuple[Database, float]] = []
        self.granted: list[tuple[Database, float]] = []

    # What happens by itself

    @rule(seconds=st.sampled_from([1, CHECK, 20, LEASE - 10, LEASE, WAIT - LEASE, WAIT]))
    def time_passes(self, seconds: int) -> None:
        # Time alone lets nobody in: who works at its end has worked all the while.
        for each in self.databases:
            if self._lets_in(each):
                each.let_in_at = min(self.now + seconds, each.lets_in_until())
        self.now += seconds

    @rule(region=st.sampled_from(REGIONS), reaches=st.booleans())
    def connection_to_the_table(self, region: str, reaches: bool) -> None:
        self.reaches_table[region] = reaches

    @rule(region=st.sampled_from(REGIONS), up=st.booleans())
    def region_goes_or_comes_back(self, region: str, up: bool) -> None:
        for each in self._of(region):
            each.up = up
            each.let_in_at = -1e9

    @rule(region=st.sampled_from(REGIONS))
    def database_asks(self, region: str) -> None:
        for each in self._of(region):
            # A replica runs no jobs; what is no longer the stack's may not call the function.
            if each.writable and each.current and each.up:
                self.asked.append((each, self.now))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), jitter=st.integers(-JITTER, JITTER))
    def function_runs(self, data: st.DataObject, jitter: int) -> None:
        database, asked = self.asked.pop(data.draw(st.integers(0, len(self.asked) - 1)))
        if not self.reaches_table[database.region]:
            return
        now = self._lambda_clock(database.region, jitter)
        try:
            self.table.update(lease.renewal(database.region, now=now))
        except Refused:
            return
        self.granted.append((database, asked))

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def answer_arrives(self, data: st.DataObject) -> None:
        database, asked = self.granted.pop(data.draw(st.integers(0, len(self.granted) - 1)))
        if database.up:
            database.answered(asked)

    @rule(region=st.sampled_from(REGIONS))
    def database_asks_and_is_answered(self, region: str) -> None:
        for each in self._of(region):
            if each.writable and each.current and each.up and self.reaches_table[region]:
                try:
                    now = self._lambda_clock(region, 0)
                    self.table.update(lease.renewal(region, now=now))
                except Refused:
                    continue
                each.answered(self.now)

    # What people do, interrupted anywhere, twice, in both regions, too early

    @rule(region=st.sampled_from(REGIONS), jitter=st.integers(-JITTER, JITTER))
    def take(self, region: str, jitter: int) -> None:
        if self.reaches_table[region]:
            now = self._lambda_clock(region, jitter)
            with suppress(Refused):
                self.table.update(lease.taking(region, now=now, wait=WAIT))

    @rule(region=st.sampled_from(REGIONS))
    def promote(self, region: str) -> None:
        for each in self._of(region):
            if each.current and not each.writable and each.up:
                source = max(
                    (other for other in self.databases if other.writable),
                    key=lambda other: other.timeline,
                )
                each.writable, each.timeline = True, source.timeline + 1
                each.promoted_at = self.now
                # The replica has what its source knew, and that may be a lease.
                each.until, each.of_timeline = source.until, source.of_timeline

    @rule(region=st.sampled_from(REGIONS))
    def let_the_platform_in(self, region: str) -> None:
        may = self.table.item["holder"] == region and self.reaches_table[region]
        if may and self._lambda_clock(region, 0) >= self.table.item["opens"]:
            self.open[region] = True

    @rule(region=st.sampled_from(REGIONS))
    def let_the_platform_in_too_early(self, region: str) -> None:
        """Past `make failover`. What n8n does in the first seconds then is not covered."""
        self.open[region] = self.by_hand[region] = True

    @rule(region=st.sampled_from(REGIONS))
    def fail_over_without_waiting(self, region: str) -> None:
        self.take(region, 0)
        self.promote(region)
        self.let_the_platform_in_too_early(region)

    @rule(region=st.sampled_from(REGIONS))
    def make_a_replica_again(self, region: str) -> None:
        others = [each for each in self.databases if each.region != region and each.current]
        if not any(each.writable and each.up for each in others):
            return
        mine = self._of(region)
        if any(each.writable and each.current for each in mine):
            for each in mine:
                each.current = False
            self.open[region] = False
            self.databases.append(Database(region, timeline=0, writable=False))

    # What must hold

    @invariant()
    def only_one_works(self) -> None:
        working = [
            each for each in self.databases if self._works(each) and not self._is_excused(each)
        ]
        assert len(working) <= 1, working

    def _is_excused(self, database: Database) -> bool:
        return self.by_hand[database.region] and self.now < database.promoted_at + 2 * CHECK

    def _lets_in(self, database: Database) -> bool:
        there = database.up and database.writable and self.open[database.region]
        return there and database.lets_in_until() > self.now

    def _works(self, database: Database) -> bool:
        """Whether n8n may write: it is let in, or was within the last check."""
        if self._lets_in(database):
            database.let_in_at = self.now
        return database.writable and database.up and database.let_in_at > self.now - CHECK

    def _of(self, region: str) -> list[Database]:
        return [each for each in self.databases if each.region == region]

    def _lambda_clock(self, region: str, jitter: int) -> float:
        return self.now + self.clock[region] + jitter


TestPair = Pair.TestCase
TestPair.settings = examples(max_examples=200, stateful_step_count=40)


def fail_over(pair: Pair, region: str) -> None:
    """The steps in their order."""
    pair.take(region, 0)
    pair.promote(region)
    pair.time_passes(WAIT)
    pair.let_the_platform_in(region)
    pair.database_asks_and_is_answered(region)


def working(pair: Pair) -> list[str]:
    return [each.region for each in pair.databases if pair._works(each)]


@pytest.fixture
def pair() -> Pair:
    pair = Pair()
    pair.begin(clocks=(300, -300))
    pair.database_asks_and_is_answered(REGIONS[0])
    assert working(pair) == [REGIONS[0]]
    return pair


def test_a_lost_region_is_replaced_and_does_not_come_back_by_itself(pair: Pair) -> None:
    pair.region_goes_or_comes_back(REGIONS[0], up=False)
    fail_over(pair, REGIONS[1])
    assert working(pair) == [REGIONS[1]]

    pair.region_goes_or_comes_back(REGIONS[0], up=True)
    pair.database_asks_and_is_answered(REGIONS[0])
    assert working(pair) == [REGIONS[1]]


def test_a_region_that_nobody_can_reach_stops_by_itself(pair: Pair) -> None:
    pair.connection_to_the_table(REGIONS[0], reaches=False)
    fail_over(pair, REGIONS[1])
    assert working(pair) == [REGIONS[1]]


def test_the_way_back_is_the_same_way(pair: Pair) -> None:
    fail_over(pair, REGIONS[1])
    pair.make_a_replica_again(REGIONS[0])
    fail_over(pair, REGIONS[0])
    assert working(pair) == [REGIONS[0]]


def test_a_failure_shorter_than_the_lease_is_not_noticed(pair: Pair) -> None:
    pair.connection_to_the_table(REGIONS[0], reaches=False)
    pair.time_passes(LEASE - 10)
    assert working(pair) == [REGIONS[0]]
    pair.connection_to_the_table(REGIONS[0], reaches=True)
    pair.database_asks_and_is_answered(REGIONS[0])
    pair.time_passes(LEASE - 10)
    assert working(pair) == [REGIONS[0]]


def test_a_replica_that_is_promoted_too_early_does_not_work_yet(pair: Pair) -> None:
    pair.fail_over_without_waiting(REGIONS[1])
    pair.time_passes(2 * CHECK)
    assert working(pair) == [REGIONS[0]]
    pair.database_asks_and_is_answered(REGIONS[1])
    assert working(pair) == [REGIONS[0]]
    pair.time_passes(WAIT)
    pair.database_asks_and_is_answered(REGIONS[1])
    assert working(pair) == [REGIONS[1]]


def test_an_interrupted_failover_goes_on_where_it_was(pair: Pair) -> None:
    pair.take(REGIONS[1], 0)
    opens = pair.table.item["opens"]
    pair.time_passes(20)
    pair.take(REGIONS[1], 0)
    assert pair.table.item["opens"] == opens


def test_where_there_is_no_lease_nobody_takes_one() -> None:
    with pytest.raises(Refused):
        Table().update(lease.taking(REGIONS[1], now=0, wait=WAIT))
