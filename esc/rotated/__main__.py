"""Writes down when keys were set or replaced by hand: `make rotated KEY=… STACK=…`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from esc.definition import FOLDER
from esc.rotated import record, writing
from esc.rotated.record import RecordError
from integrations.suggestions import suggestion
from settings import Settings, SettingsError
from settings.file import NoSuchStackError, load_file
from settings.rotations import DatedKey, dated_keys


def main(arguments: Sequence[str], *, folder: Path = FOLDER) -> int:
    """Write the day into the record; the exit code.

    Args:
        arguments: of the command.
        folder: where definitions and the record are.
    """
    parser = argparse.ArgumentParser(prog="python -m esc.rotated", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack")
    parser.add_argument("--on", type=date.fromisoformat, default=record.today(), help="the day")
    parser.add_argument(
        "--undated", action="store_true", help="all keys of the stack of which no day is known"
    )
    parser.add_argument("keys", nargs="*", metavar="KEY", help="name in ESC")
    given = parser.parse_args(arguments)
    day: date = given.on
    console = Console(highlight=False, soft_wrap=True)
    try:
        settings = load_file(given.stack)
        names = _chosen(settings, given.keys, undated=given.undated)
        environment = f"{settings.esc.project}/{settings.esc.environment}"
        writing.write(environment, dict.fromkeys(names, day), folder=folder)
    except (NoSuchStackError, SettingsError, RecordError, OSError) as error:
        console.print(f"{error}\nNothing was written.", markup=False)
        return 1
    console.print(f"{record.NAME} says {day} of {', '.join(names)}: review and commit it.")
    return 0


def _chosen(settings: Settings, names: Sequence[str], *, undated: bool) -> list[str]:
    """The keys that are meant.

    Raises:
        RecordError: with everything that is wrong with them.
    """
    known = dated_keys(settings)
    without = [each.name for each in known if each.replaced is None]
    problems = list(_problems(settings, known, names))
    if not problems and not names and not undated:
        problems = [
            "Which keys? Name them, or write ARGS=--undated for all of which no day is known: "
            f"{', '.join(without) or 'there are none'}."
        ]
    elif not problems and not names and not without:
        problems = ["The day of every key is known."]
    if problems:
        raise RecordError(problems)
    return list(dict.fromkeys([*names, *(without if undated else ())]))


def _problems(settings: Settings, known: Sequence[DatedKey], names: Sequence[str]) -> Iterator[str]:
    source = settings.secrets.source
    if source != "esc":
        yield f"secrets.source of this stack is {source}: its keys are not kept in Pulumi ESC."
        return
    for name in names:
        if name not in [each.name for each in known]:
            yield (
                f"{name} is no key that this stack uses and somebody replaces"
                f"{suggestion(name, [each.name for each in known])}"
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
