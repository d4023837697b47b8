"""What a drill measured, with the target beside it: as tables for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that was measured.

    Attributes:
        what: what it is, for people.
        measured: the number; None where what was waited for did not happen.
        unit: of the number and its targets.
        at_most: the number may not be above it, if it is given.
        at_least: nor below it, if it is given.
        compared: the same of the same workloads with Kubernetes' defaults, where they were
            measured: a number, or what happened instead.
        note: what a reader has to know to read the number rightly.
    """

    what: str
    measured: float | None
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    compared: float | str | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is no target."""
        if self.at_most is None and self.at_least is None:
            return None
        if self.measured is None:
            return False
        return (self.at_most is None or self.measured <= self.at_most) and (
            self.at_least is None or self.measured >= self.at_least
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one drill came to.

    Attributes:
        drill: its name.
        title: what was broken.
        figures: what was measured.
        remarks: sentences about what the figures do not show.
    """

    drill: str
    title: str
    figures: Sequence[Figure]
    remarks: Sequence[str] = ()

    @property
    def missed(self) -> list[Figure]:
        """The figures whose target is not met."""
        return [figure for figure in self.figures if figure.met is False]


def table(report: Report) -> Table:
    """The figures of a drill; the column of Kubernetes' defaults only where there are any."""
    compares = any(figure.compared is not None for figure in report.figures)
    shown = Table(title=report.title, title_justify="left")
    shown.add_column("figure", overflow="fold")
    for heading in ("measured", "target"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("met", no_wrap=True)
    if compares:
        shown.add_column("Kubernetes' defaults", justify="right")
    shown.add_column("", overflow="fold")
    for figure in report.figures:
        compared = (_compared(figure),) if compares else ()
        shown.add_row(
            figure.what,
            _number(figure.measured, figure.unit),
            _target(figure),
            {None: "", True: "yes", False: "NO"}[figure.met],
            *compared,
            figure.note,
        )
    return shown


def document(reports: Sequence[Report], *, when: str, command: str) -> str:
    """All of it as JSON.

    Args:
        reports: of the drills that ran.
        when: when they ended, in ISO 8601.
        command: with which they can be run again.
    """
    content: dict[str, Any] = {
        "when": when,
        "command": command,
        "met": not any(report.missed for report in reports),
        "drills": [
            {
                "drill": report.drill,
                "title": report.title,
                "remarks": list(report.remarks),
                "figures": [{**asdict(figure), "met": figure.met} for figure in report.figures],
            }
            for report in reports
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def _target(figure: Figure) -> str:
    if figure.at_most == 0:
        return _number(0, figure.unit)
    parts = []
    if figure.at_least is not None:
        parts.append(f"≥ {_number(figure.at_least, figure.unit)}")
    if figure.at_most is not None:
        parts.append(f"≤ {_number(figure.at_most, figure.unit)}")
    return ", ".join(parts)


def _compared(figure: Figure) -> str:
    if figure.compared is None or isinstance(figure.compared, str):
        return figure.compared or ""
    return _number(figure.compared, figure.unit)


def _number(number: float | None, unit: str) -> str:
    if number is None:
        return "not in time"
    # A duration below ten seconds with a decimal; whatever is counted, without.
    digits = 1 if isinstance(number, float) and number < 10 and not number.is_integer() else 0
    return f"{number:,.{digits}f} {unit}".strip()
