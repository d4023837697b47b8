"""The drills: `make drill`, or one of them with `python -m drills NAME`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console

from drills import defaults, drain, figures, platform, restore, zone
from drills.figures import Report
from local.environment import REPOSITORY
from local.errors import LocalError
from local.progress import Steps

_RESULT = REPOSITORY / ".local" / "drill.json"
_WIDTH = 130
"""Characters of a line, however narrow the terminal: a table that is cut cannot be checked."""


def main(arguments: Sequence[str]) -> int:
    """Run drills; 1 if a target was missed or a drill could not be run."""
    parser = argparse.ArgumentParser(prog="python -m drills", description=__doc__)
    parser.add_argument("drill", choices=("zone", "drain", "restore", "all"))
    wanted: str = parser.parse_args(arguments).drill
    console, steps = Console(highlight=False), Steps()
    console.width = max(console.width, _WIDTH)
    reports: list[Report] = []
    try:
        for report in _run(wanted, steps):
            reports.append(report)
            _print(report, console)
            _write(reports, command=f"python -m drills {wanted}")
    except LocalError as error:
        steps.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        steps.say("\nInterrupted: what the drill had made is removed.")
        return 130
    missed = [figure.what for report in reports for figure in report.missed]
    console.print(
        f"\nTargets missed: {'; '.join(missed)}." if missed else "\nEvery target is met.",
        soft_wrap=True,
        markup=False,
    )
    return 1 if missed else 0


def _run(wanted: str, steps: Steps) -> Iterator[Report]:
    if wanted in ("zone", "drain", "all"):
        with platform.deployed(steps) as deployed:
            with defaults.beside(deployed):
                if wanted != "drain":
                    yield zone.one(deployed)
                if wanted != "zone":
                    yield drain.run(deployed)
            if wanted != "drain":
                yield zone.two(deployed)
    if wanted in ("restore", "all"):
        yield restore.run(steps)


def _print(report: Report, console: Console) -> None:
    console.print()
    console.print(figures.table(report))
    for remark in report.remarks:
        console.print(remark, soft_wrap=True, markup=False)
    console.print()


def _write(reports: Sequence[Report], *, command: str) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    _RESULT.parent.mkdir(exist_ok=True)
    _RESULT.write_text(figures.document(reports, when=when, command=command))


if __name__ == "__main__":
    # Ended from outside, it still stops and removes what it made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
