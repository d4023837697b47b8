"""A picture of a dashboard's layout, as SVG: which panel is where, and what it draws.

It shows no data: that takes Grafana.
"""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from html import escape

from dashboards.board import Board
from dashboards.panels import UNITS, Panel

_COLUMN, _LINE = 40, 12
"""Pixels of one of Grafana's 24 columns, and of one unit of height."""
_GAP = 3
_FONT, _STRIDE = 12, 14
_LETTER = 6.3
"""Width of a letter in pixels, on average."""
_UNIT_LETTERS = 7
"""Room for the unit, in the corner."""
_STEP = 4
"""Width of the bar that shows a panel's thresholds."""

_PAPER, _SHEET, _EDGE = "#f4f5f5", "#ffffff", "#d0d3d8"
_INK, _GREY, _CURVE = "#24292e", "#6a717b", "#c9d7ee"
_COLOURS = {"green": "#3f9b5c", "orange": "#e0862b", "red": "#cc3b3b"}
_WAVE = (0.6, 0.45, 0.55, 0.3, 0.5, 0.35, 0.65, 0.5, 0.55, 0.4)


def picture(board: Board, *, jobs: Iterable[str]) -> str:
    """The SVG of a dashboard that needs these scrape jobs to be whole."""
    shown = json.loads(board.json(jobs=frozenset(jobs), runbooks=None) or "{}")["panels"]
    panels = [panel for row in board.rows for panel in row.panels]
    drawn = [part for each in shown if each["type"] == "row" for part in _heading(each)]
    places = [each["gridPos"] for each in shown if each["type"] != "row"]
    for panel, place in zip(panels, places, strict=True):
        drawn += _panel(panel, place)
    width = 24 * _COLUMN
    height = max(place["y"] + place["h"] for place in places) * _LINE + _GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" font-family="sans-serif" font-size="{_FONT}">',
            f"<title>{escape(board.title)}: layout</title>",
            f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _heading(row: dict[str, dict[str, int]]) -> Iterator[str]:
    # Grafana's row is one unit high, which is little for a line of text.
    y = row["gridPos"]["y"] * _LINE + _LINE - 2
    yield _text(_GAP, y, str(row["title"]), colour=_GREY, weight="bold")


def _panel(panel: Panel, place: dict[str, int]) -> Iterator[str]:
    x, y = place["x"] * _COLUMN + _GAP, place["y"] * _LINE + _GAP
    width, height = place["w"] * _COLUMN - 2 * _GAP, place["h"] * _LINE - 2 * _GAP
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" fill="{_SHEET}"'
        f' stroke="{_EDGE}"/>'
    )
    if panel.kind == "graph":
        yield _curve(x, y + height, width, height)
    yield from _thresholds(panel, x + width, y, height)
    yield (
        f'<text x="{x + width - 2 * _STEP}" y="{y + _STRIDE}" fill="{_GREY}"'
        f' text-anchor="end">{UNITS[panel.unit]}</text>'
    )
    letters = int(width / _LETTER) - _UNIT_LETTERS
    lines = textwrap.wrap(panel.title, letters)
    for number, line in enumerate(lines, start=1):
        yield _text(x + 6, y + number * _STRIDE, line, weight="bold")
    top = y + (len(lines) + 1) * _STRIDE
    room = (height - len(lines) * _STRIDE - 8) // _STRIDE
    for number, line in enumerate(_series(panel, letters, room)):
        yield _text(x + 6, top + number * _STRIDE, line, colour=_GREY)


def _curve(x: int, bottom: int, width: int, height: int) -> str:
    step = width / (len(_WAVE) - 1)
    points = " ".join(
        f"{x + number * step:.0f},{bottom - height * share / 2:.0f}"
        for number, share in enumerate(_WAVE)
    )
    return f'<polyline points="{points}" fill="none" stroke="{_CURVE}" stroke-width="2"/>'


def _thresholds(panel: Panel, right: int, y: int, height: int) -> Iterator[str]:
    if panel.thresholds is None:
        return
    colours = [step.color for step in panel.thresholds.steps()]
    part = height / len(colours)
    for number, colour in enumerate(reversed(colours)):
        yield (
            f'<rect x="{right - _STEP}" y="{y + number * part:.1f}" width="{_STEP}"'
            f' height="{part:.1f}" fill="{_COLOURS[colour]}"/>'
        )


def _series(panel: Panel, letters: int, lines: int) -> list[str]:
    """What is drawn: `waiting, running`; a series for each value of a label is `each pod`."""
    if lines < 1:
        return []
    legends = [re.sub(r"\{\{(\w+)\}\}", r"each \1", query.legend) for query in panel.queries]
    return textwrap.wrap(", ".join(legends), letters, max_lines=lines, placeholder=" …")


def _text(x: int, y: int, text: str, colour: str = _INK, weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" font-weight="{weight}">{escape(text)}</text>'
