"""Writes days into esc/rotated.yaml, and leaves its comments and its order as they are."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import yaml

from esc.definition import FOLDER
from esc.rotated.record import FILE, NAME, RecordError, Section, parse, sections

_INDENT = "  "


def write(environment: str, days: Mapping[str, date], *, folder: Path = FOLDER) -> None:
    """Write down when keys were set or replaced.

    Args:
        environment: `project/environment`.
        days: by the key's name.
        folder: where definitions and the record are.

    Raises:
        RecordError: the record would not be valid with them, or cannot be added to as it is
            written. It is unchanged.
        OSError: it cannot be read or written.
    """
    file = folder / FILE
    text = file.read_text(encoding="utf-8")
    before = parse(text, folder=folder)
    after = _with(text, environment, days)
    wanted = {**before, environment: {**before.get(environment, {}), **days}}
    if parse(after, folder=folder) != wanted:
        raise RecordError([f"{NAME} is written in a way that cannot be added to"])
    file.write_text(after, encoding="utf-8")


def lines(environment: str, days: Mapping[str, date]) -> str:
    """What the record should say, for somebody who writes it by hand."""
    return "\n".join([f"{environment}:", *(f"{_INDENT}{key}: {day}" for key, day in days.items())])


def _with(text: str, environment: str, days: Mapping[str, date]) -> str:
    """The record's text with days of keys in it."""
    found = [each for each in sections(text) if each.title.value == environment]
    if not found:
        return f"{text.rstrip()}\n{lines(environment, days)}\n"
    # From the last one on, so that places before it stay where they are.
    for start, end, new in sorted(_edits(text, found[0], days), reverse=True):
        text = f"{text[:start]}{new}{text[end:]}"
    return text


def _edits(text: str, section: Section, days: Mapping[str, date]) -> Iterator[tuple[int, int, str]]:
    """What is put in place of which part of the text: from one character to before another."""
    written = {each.key.value: each for each in section.entries}
    for key, day in days.items():
        if key in written:
            node = written[key].day
            yield node.start_mark.index, node.end_mark.index, str(day)
    added = {key: day for key, day in days.items() if key not in written}
    if added:
        last = section.entries[-1] if section.entries else None
        indent = " " * last.key.start_mark.column if last else _INDENT
        end = _end_of_line(text, last.day if last else section.title)
        yield end, end, "".join(f"\n{indent}{key}: {day}" for key, day in added.items())


def _end_of_line(text: str, node: yaml.Node) -> int:
    end = text.find("\n", node.end_mark.index)
    return len(text) if end < 0 else end
