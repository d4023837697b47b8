"""A model of two regions, their databases, and the people who fail over. Time is simulated.

The functions of the lease are the real ones; the table is a stand-in that knows the expressions
they use, and the databases are a model of `sql/fence.sql`, which has tests of its own on a real
PostgreSQL in `tests/fence`.
"""

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from components.aws import lease
from settings.aws.failover import FailoverSettings

LEASE = FailoverSettings().lease_seconds
WAIT = LEASE + FailoverSettings().margin_seconds
CHECK = 5
"""How often a database looks for connections to end: `fence-enforce` in fence.sql."""

JITTER = 5
"""By how much clocks of Lambda in one region differ here; in truth by milliseconds."""

REGIONS: tuple[str, ...] = ("eu-central-1", "eu-west-1")


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


class Pair:
    """Two regions, their connections, their databases, and people who fail over in either."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.now = 0.0
        self.clock = {region: chance.randint(-1000, 1000) for region in REGIONS}
        self.table = Table(holder=REGIONS[0], opens=-1e6)
        self.reaches_table = dict.fromkeys(REGIONS, True)
        self.open = {REGIONS[0]: True, REGIONS[1]: False}
        self.by_hand = dict.fromkeys(REGIONS, False)
        home = Database(REGIONS[0], timeline=1)
        self.databases = [home, Database(REGIONS[1], timeline=1, writable=False)]
        self.asked: list[tuple[Database, float]] = []
        self.granted: list[tuple[Database, float]] = []

    # What happens by itself

    def time_passes(self, seconds: int) -> None:
        # Time alone lets nobody in: who works at its end has worked all the while.
        for each in self.databases:
            if self._lets_in(each):
                each.let_in_at = min(self.now + seconds, each.lets_in_until())
        self.now += seconds

    def connection_to_the_table(self, region: str, reaches: bool) -> None:
        self.reaches_table[region] = reaches

    def region_goes_or_comes_back(self, region: str, up: bool) -> None:
        for each in self._of(region):
            each.up = up
            each.let_in_at = -1e9

    def database_asks(self, region: str) -> None:
        for each in self._of(region):
            # A replica runs no jobs; what is no longer the stack's may not call the function.
            if each.writable and each.current and each.up:
                self.asked.append((each, self.now))

    def function_runs(self) -> None:
        if not self.asked:
            return
        database, asked = self.asked.pop(self._chance.randrange(len(self.asked)))
        if self._renews(database):
            self.granted.append((database, asked))

    def answer_arrives(self) -> None:
        if not self.granted:
            return
        database, asked = self.granted.pop(self._chance.randrange(len(self.granted)))
        if database.up:
            database.answered(asked)

    def database_asks_and_is_answered(self, region: str) -> None:
        for each in self._of(region):
            if each.writable and each.current and each.up and self._renews(each):
                each.answered(self.now)

    # What people do, interrupted anywhere, twice, in both regions, too early

    def take(self, region: str) -> None:
        if self.reaches_table[region]:
            now = self._lambda_clock(region)
            with suppress(Refused):
                self.table.update(lease.taking(region, now=now, wait=WAIT))

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

    def let_the_platform_in(self, region: str) -> None:
        may = self.table.item["holder"] == region and self.reaches_table[region]
        if may and self._lambda_clock(region) >= self.table.item["opens"]:
            self.open[region] = True

    def let_the_platform_in_too_early(self, region: str) -> None:
        """Past `make failover`. What n8n does in the first seconds then is not covered."""
        self.open[region] = self.by_hand[region] = True

    def fail_over_without_waiting(self, region: str) -> None:
        self.take(region)
        self.promote(region)
        self.let_the_platform_in_too_early(region)

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

    def only_one_works(self) -> None:
        """Raises AssertionError where n8n can write in both regions."""
        working = [
            each for each in self.databases if self._works(each) and not self._is_excused(each)
        ]
        # Two of one region are an old and a new generation, of which n8n is told only the new.
        assert len({each.region for each in working}) <= 1, working

    def working(self) -> list[str]:
        """The regions that work."""
        return [each.region for each in self.databases if self._works(each)]

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

    def _renews(self, database: Database) -> bool:
        if not self.reaches_table[database.region]:
            return False
        try:
            now = self._lambda_clock(database.region)
            self.table.update(lease.renewal(database.region, now=now))
        except Refused:
            return False
        return True

    def _of(self, region: str) -> list[Database]:
        return [each for each in self.databases if each.region == region]

    def _lambda_clock(self, region: str) -> float:
        return self.now + self.clock[region] + self._chance.uniform(-JITTER, JITTER)
