"""`report.html`: the report for people, one file without scripts and without anything to fetch."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from policies.evidence import words
from policies.evidence.report import Outcome, Report, State

_MARKS: Mapping[State, str] = {
    State.VIOLATED: "✗",
    State.UNDECIDED: "?",
    State.EXCEPTED: "!",
    State.PASSED: "✓",
    State.OFF: "○",
    State.NO_RESOURCE: "·",
    State.NO_CONDITION: "·",
}

_WORDS: Mapping[State, str] = {State.UNDECIDED: "undecided until up"}
"""What people read, where it is not the state's own name."""


def page(report: Report) -> str:
    """The report as HTML."""
    environment = Environment(
        loader=PackageLoader("policies.evidence", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "slug": _slug,
        "by_type": _by_type,
        "word": _word,
        "mark": _mark,
        "found": words.found,
    }
    return environment.get_template("report.html.jinja").render(report=report, State=State)


def _slug(text: str) -> str:
    """The text as it can stand in an anchor."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def _by_type(outcomes: Iterable[Outcome]) -> list[tuple[str, list[str]]]:
    """Names of resources for each type, for a compact list; outcomes are sorted by type."""
    return [
        (name, [outcome.judged.label for outcome in group])
        for name, group in groupby(outcomes, key=lambda outcome: outcome.judged.type)
    ]


def _word(state: State) -> str:
    return _WORDS.get(state, state.value)


def _mark(state: State) -> str:
    return _MARKS[state]
