"""Which integrations a stack has, and which of their keys: `make integrations STACK=…`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from esc.rotated.record import NAME as ROTATED
from integrations.coverage import Coverage, State, percent
from settings import SettingsError
from settings.coverage import coverage
from settings.file import NoSuchStackError, load_file
from settings.rotations import DatedKey, dated_keys

_STYLES = {
    State.CONFIGURED: "green",
    State.MISSING: "red",
    State.OPTIONAL: "yellow",
    State.ELSEWHERE: "dim",
}


def main(arguments: Sequence[str]) -> int:
    """Print the table of one stack; 1 if its settings cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m integrations", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack")
    stack: str = parser.parse_args(arguments).stack
    console = Console(highlight=False)
    try:
        settings = load_file(stack)
    except (NoSuchStackError, SettingsError) as error:
        console.print(str(error), markup=False)
        return 1
    found = coverage(settings)
    if not found.selection.integrations:
        console.print(f"Stack {stack} uses no outside service: integrations.set is none.")
    else:
        console.print(_table(found))
        console.print(_summary(found, stack), markup=False, soft_wrap=True)
    for line in _rotations(dated_keys(settings), datetime.now(UTC)):
        console.print(line, markup=False, soft_wrap=True)
    return 0


def _table(found: Coverage) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("category", "service", "criticality", "keys", "missing"):
        table.add_column(title)
    for category in found.selection.catalogue.categories:
        lines = found.of(category)
        for number, line in enumerate(lines):
            title = f"{category.title} {percent(lines)} %" if number == 0 else ""
            style = _STYLES[line.state]
            table.add_row(
                title,
                line.integration.name,
                line.integration.criticality,
                f"[{style}]{line.state}[/{style}]",
                ", ".join(line.missing),
            )
    return table


def _summary(found: Coverage, stack: str) -> str:
    lines = found.lines
    counts = {state: sum(each.state is state for each in lines) for state in State}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    text = f"\nStack {stack}: {len(lines)} services, {percent(lines)} % configured ({said})."
    if found.defined is None:
        return f"{text} Their keys are kept by somebody else: nothing here can say if they exist."
    if any(each.missing for each in lines):
        text += " A missing key is written into esc/ and set with `pulumi env set`."
    return text


def _rotations(keys: Sequence[DatedKey], now: datetime) -> Iterator[str]:
    """Which keys are to be replaced, the platform's own among them."""
    due = sorted((each.due, each.name) for each in keys if each.due and each.due <= now)
    unknown = [each.name for each in keys if each.due is None]
    if due:
        said = ", ".join(f"{name} (since {moment:%Y-%m-%d})" for moment, name in due)
        yield f"{len(due)} of {len(keys)} keys are due to be replaced with `make rotate`: {said}."
    if unknown:
        yield (
            f"{len(unknown)} of {len(keys)} keys have no day in {ROTATED}, and count as due; `make "
            f"rotated` writes down when they were set: {', '.join(unknown)}."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
