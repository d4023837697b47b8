"""Reads esc/rotated.yaml, and says everything that is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import yaml

from esc import definition
from esc.definition import ENCRYPTION_KEY, FOLDER, Definition, DefinitionError
from integrations.suggestions import suggestion

FILE = "rotated.yaml"
"""The record, in the folder of the definitions."""

NAME = f"{FOLDER.name}/{FILE}"
"""Where that is, from the repository's root."""

_LATEST = timezone(timedelta(hours=14))
"""Where a day begins first: whoever writes down today's date is not in the future."""


class RecordError(ValueError):
    """The record cannot be used; the message lists everything that is wrong with it.

    Attributes:
        problems: one for each thing that is wrong.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the record.

    Attributes:
        key: the key in ESC, as YAML has read it and where.
        day: what stands behind it; likewise.
    """

    key: yaml.ScalarNode
    day: yaml.Node


@dataclass(frozen=True, kw_only=True)
class Section:
    """What the record has of an environment.

    Attributes:
        title: the environment as `project/environment`, as YAML has read it and where.
        entries: the lines below it.
    """

    title: yaml.ScalarNode
    entries: tuple[Entry, ...]


def load(project: str, environment: str, *, folder: Path = FOLDER) -> Mapping[str, date]:
    """The day on which each key of an environment was set or last replaced, by the key's name.

    A key without a day is left out. The whole record is checked, whatever environment it is of.

    Args:
        project: ESC project.
        environment: name of the environment in it.
        folder: where definitions and the record are.

    Raises:
        RecordError: listing everything that is wrong with the record.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecordError([f"there is no {NAME}; write an empty one"]) from None
    return parse(text, folder=folder).get(f"{project}/{environment}", {})


def today() -> date:
    """The day that commands write down."""
    return datetime.now(UTC).date()


def parse(text: str, *, folder: Path = FOLDER) -> dict[str, dict[str, date]]:
    """The record by environment, `project/environment`, and key.

    Args:
        text: of the record.
        folder: where definitions are.

    Raises:
        RecordError: listing everything that is wrong with it.
    """
    found = sections(text)
    problems: list[str] = []
    dates: dict[str, dict[str, date]] = {}
    for section in found:
        title = section.title.value
        if title in dates:
            problems.append(_at(section.title, f"{title} stands there twice; write its keys once"))
        of_environment = dates.setdefault(title, {})
        project, _, environment = title.partition("/")
        try:
            defined = definition.load(project, environment, folder=folder)
        except DefinitionError as error:
            problems.append(_at(section.title, str(error)))
            continue
        for entry in section.entries:
            key = entry.key.value
            wrong = list(_wrong(entry, defined))
            if key in of_environment:
                wrong.append(f"{key} stands there twice; keep the later day")
            problems += [_at(entry.key, each) for each in wrong]
            if not wrong:
                of_environment[key] = date.fromisoformat(entry.day.value)
    if problems:
        raise RecordError(problems)
    return dates


def sections(text: str) -> tuple[Section, ...]:
    """The record's sections as they are written.

    Raises:
        RecordError: it is not made of sections with a key and a day in each line.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise RecordError([f"{NAME} is no YAML: {error}"]) from error
    if root is None:
        return ()
    if not _is_block(root):
        raise RecordError([_at(root, "write environments as `project/environment:`, each once")])
    problems: list[str] = []
    found = []
    for title, below in root.value:
        if _is_block(below):
            entries = tuple(Entry(key=key, day=day) for key, day in below.value)
        else:
            entries = ()
            # Nothing below it is no day yet.
            if below.tag != "tag:yaml.org,2002:null":
                said = f"{title.value}: write a line `KEY: 2026-11-30` below it for each key"
                problems.append(_at(below, said))
        found.append(Section(title=title, entries=entries))
    if problems:
        raise RecordError(problems)
    return tuple(found)


def _is_block(node: yaml.Node) -> bool:
    """Whether a node is a mapping of texts with a line for each."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return False
    return all(isinstance(key, yaml.ScalarNode) for key, _ in node.value)


def _wrong(entry: Entry, defined: Definition) -> Iterator[str]:
    """What is wrong with a line, whatever the others are."""
    key, day = entry.key.value, entry.day.value
    if key == ENCRYPTION_KEY:
        yield f"{key} is never replaced; take it out"
    elif key not in defined.keys:
        yield f"{key}: {defined.file} has no such key{suggestion(key, sorted(defined.secrets))}"
    elif key not in defined.secrets:
        yield f"{key} is no secret in {defined.file}, and need not be replaced; take it out"
    if not day:
        yield f"{key} has no day; write the one on which it was set, such as 2026-11-30"
        return
    try:
        written = date.fromisoformat(day)
    except (TypeError, ValueError):
        yield f"{key}: no such day; write it as year, month and day, such as 2026-11-30"
        return
    if written > datetime.now(_LATEST).date():
        yield f"{key}: {day} is in the future; write the day on which it was set"


def _at(node: yaml.Node, problem: str) -> str:
    return f"{NAME}, line {node.start_mark.line + 1}: {problem}"
