"""Writes `docs/availability.md` from the model; `make docs` calls it."""

from collections.abc import Iterable, Sequence

from availability.assumptions import (
    ASSUMED,
    BALANCER,
    COMPUTE,
    DATABASE,
    FUNCTION,
    KEYS,
    NAT,
    PROMISES,
    TABLE,
    Assumption,
    Basis,
    Promise,
    listed,
)
from availability.model import (
    MINUTES_A_YEAR,
    Level,
    availability,
    causes,
    minutes_lost,
    promised,
    quorum,
)
from availability.sensitivity import TARGET, Effect, tornado, variants

_MONTH = 30 * 24 * 60
_BARS = 10
"""Assumptions of each service level that are drawn."""

_WIDTH = 60
"""Characters of the longest bar."""

_LEASE = (FUNCTION, TABLE, KEYS)

_IN_PATH = {
    Level.WEBHOOK: (DATABASE, BALANCER, COMPUTE, *_LEASE),
    Level.EXECUTION: (DATABASE, COMPUTE, NAT, *_LEASE),
    Level.EDITOR: (DATABASE, BALANCER, COMPUTE, *_LEASE),
}
"""The services that each service level cannot do without."""

_INTRODUCTION = """\
# Availability

<!-- Made of availability/ by `make docs`; not edited by hand. -->

What can be promised of production: three zones, RDS in two of them, one main pod, a standby region.
The arithmetic is a sum over causes of outage (`availability/model.py`); most of its numbers are
assumptions, and the page says which of them decide. A vendor's SLA is a promise of credits, not a
measurement: it says when money comes back, and nothing of how often the service was away.
"""

_METHOD = """\
## How it is reckoned

Outages of each cause begin at random, independently of the others; a cause that loses a part of a
service counts with that part. Availability is then e to the power of minus the sum of rate times
duration times part, multiplied with the probability that two of three zones are there: Redis needs
a majority of its masters. Independent zones are hardly ever gone together, so what counts is the
zone that takes others along, a cause of its own. `tests/availability` plays thousands of years of
random outages, in which a lost zone has all its consequences at once, and finds the same.

Left out: what vendors' outages have in common beyond the spreading zone; EKS's control plane, which
is not in the path; certificates and domains that expire; outside services that workflows call; load
that is more than the quota lets grow. A webhook that waits counts as accepted, and a queued job as
executed, however late: delays have service levels of their own ([monitoring](monitoring.md)).
Schedules that were due while main was away start at their next time.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _INTRODUCTION,
            _result(),
            _breaking(),
            _causes(),
            _sensitivity(),
            _assumptions(),
            _promises(),
            _METHOD,
        ]
    )


def _result() -> str:
    rows = []
    for level in Level:
        reckoned = availability(ASSUMED, level)
        rows.append(
            [
                level,
                _percent(reckoned),
                f"{minutes_lost(reckoned):.0f}",
                _percent(promised(_IN_PATH[level])),
                "yes" if reckoned >= TARGET else "**no**",
            ]
        )
    header = ["service level", "reckoned", "minutes lost a year", "vendors' promises alone"]
    allowed, failover = minutes_lost(TARGET), ASSUMED.failover_minutes
    spent = failover / (_MONTH * (1 - TARGET))
    return f"""\
## Result

{_table([*header, f"meets {TARGET:.2%}"], rows)}
{TARGET:.2%} allows {allowed:.0f} minutes a year. These are averages over many years: a month with
one failover to the standby ({failover:.0f} minutes) has spent {spent:.0%} of its 30 days' budget.
"""


def _breaking() -> str:
    floor, lost = promised(_IN_PATH[Level.WEBHOOK]), ASSUMED.region_loss_minutes
    compared = [
        [each.name, *(_judged(availability(each.assumptions, level)) for level in Level)]
        for each in variants()
    ]
    return f"""\
## Where {TARGET:.2%} breaks

- **On paper, at once.** RDS's promise ({DATABASE.availability:.2%}) is the whole budget by itself;
  with load balancer, EC2 and the lease it is {_percent(floor)}. {TARGET:.2%} can be aimed at. It
  cannot be passed on as a guarantee that rests on AWS's.
- **With our own changes.** One that breaks the platform costs more than a year of lost zones;
  rollouts of main are the editor's largest planned loss.
- **With a lost region, or the lease.** Without a standby one lost region is {lost:.0f} minutes,
  more than a year's budget. The standby has its price, too: the lease that keeps two regions from
  working at once has to be renewed, and without Lambda, DynamoDB or KMS it is not.

{_table(["platform", *Level], compared)}
The target is just met where one assumption, and nothing else, is as high as this. Those that would
have to be more than ten times as high are left out.

{_table(["assumption", "reckoned with", *Level], _limits())}"""


def _limits() -> list[list[str]]:
    """Assumptions that break the target within ten times their value, and where."""
    effects = {level: tornado(level) for level in Level}
    rows = []
    for assumption in listed():
        found = [
            next((each for each in effects[level] if each.assumption == assumption), None)
            for level in Level
        ]
        cells = [_number(each.breaks_at) if each and _near(each) else "" for each in found]
        if any(cells):
            rows.append([assumption.meaning, _number(assumption.value), *cells])
    return rows


def _near(effect: Effect) -> bool:
    return effect.breaks_at is not None and effect.breaks_at <= 10 * effect.assumption.value


def _causes() -> str:
    lost = {
        cause.name: [cause.exponent(level) * MINUTES_A_YEAR for level in Level]
        for cause in causes(ASSUMED)
    }
    lost["two zones gone by chance"] = [minutes_lost(quorum(ASSUMED))] * len(Level)
    dearest = sorted(lost, key=lambda name: -max(lost[name]))
    rows = [[name, *map(_minutes, lost[name])] for name in dearest]
    return f"""\
## What costs how much

Minutes a year, the dearest first. Rollouts of webhook pods cost nothing: `make e2e` rolls them
under load, and no call fails.

{_table(["cause", *Level], rows)}"""


def _sensitivity() -> str:
    effects = {level: tornado(level) for level in Level}
    longest = max(each.most for found in effects.values() for each in found)
    text = """\
## What the assumptions do

Minutes lost a year when one assumption goes from its lowest to its highest value (a tenth to ten
times, no share above 1), the strongest first. `|` is as reckoned, `!` what the target allows.
"""
    for level in Level:
        reckoned = minutes_lost(availability(ASSUMED, level))
        bars = [_bar(each, reckoned, _WIDTH / longest) for each in effects[level][:_BARS]]
        text += f"\n### {level.capitalize()}\n\n```text\n{''.join(bars)}```\n"
    return text


def _bar(effect: Effect, reckoned: float, scale: float) -> str:
    """A line such as `bad_changes  59 ████|████!███ 652`."""
    characters = [" "] * (_WIDTH + 1)
    first, last = round(effect.least * scale), round(effect.most * scale)
    characters[first : last + 1] = "█" * (last - first + 1)
    characters[round(reckoned * scale)] = "|"
    characters[round(minutes_lost(TARGET) * scale)] = "!"
    bar = "".join(characters)
    return f"{effect.assumption.key:26} {effect.least:4.0f} {bar} {effect.most:4.0f}\n"


def _assumptions() -> str:
    header = ["name", "says", "value", "varied", "basis", "from"]
    return f"""\
## Assumptions

**Measured** is what the command prints on this repository's embedded cluster. What is **assumed**
is nobody's measurement: replace it by your own (`availability/assumptions.py`), and `make docs`
writes this page anew.

{_table(header, map(_assumption, listed()))}"""


def _assumption(each: Assumption) -> list[str]:
    varied = f"{_number(each.low)} to {_number(each.high)}"
    basis = each.basis if each.basis is Basis.DOCUMENTED else f"**{each.basis}**"
    return [f"`{each.key}`", each.meaning, _number(each.value), varied, basis, each.source]


def _promises() -> str:
    header = ["service", "promised, a month", "in force since", "remark"]
    return f"""\
## Vendors' promises

Looked up on 2026-11-24 in stored copies of these pages.

{_table(header, map(_promise, PROMISES))}"""


def _promise(each: Promise) -> list[str]:
    name = f"[{each.name}]({each.source})" if each.source else each.name
    since = each.in_force.isoformat() if each.in_force else "not found"
    return [name, f"{each.availability:.2%}", since, each.remark]


def _judged(of: float) -> str:
    return _percent(of) if of >= TARGET else f"**{_percent(of)}**"


def _percent(of: float) -> str:
    return f"{of:.3%}"


def _minutes(lost: float) -> str:
    if lost == 0:
        return ""
    return f"{lost:.1f}" if lost >= 0.05 else "under 0.1"


def _number(of: float | None) -> str:
    """Three digits, without an exponent."""
    return "" if of is None else f"{float(f'{of:.3g}'):,g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
