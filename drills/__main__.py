"""The drills: `make drill`, or one of them with `python -m drills NAME`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
    try:
        reports = _run(wanted, steps)
    except LocalError as error:
        steps.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        steps.say("\nInterrupted: what the drill had made is removed.")
        return 130
    when = datetime.now(UTC).isoformat(timespec="seconds")
    _RESULT.parent.mkdir(exist_ok=True)
    _RESULT.write_text(figures.document(reports, when=when, command=f"python -m drills {wanted}"))
    for report in reports:
        console.print()
        console.print(figures.table(report))
        for remark in report.remarks:
            console.print(remark, soft_wrap=True, markup=False)
    missed = [figure.what for report in reports for figure in report.missed]
    console.print(
        f"\nTargets missed: {'; '.join(missed)}." if missed else "\nEvery target is met.",
        soft_wrap=True,
        markup=False,
    )
    return 1 if missed else 0


def _run(wanted: str, steps: Steps) -> list[Report]:
    reports = []
    if wanted in ("zone", "drain", "all"):
        with platform.deployed(steps) as deployed:
            with defaults.beside(deployed):
                if wanted != "drain":
                    reports.append(zone.one(deployed))
                if wanted != "zone":
                    reports.append(drain.run(deployed))
            if wanted != "drain":
                reports.append(zone.two(deployed))
    if wanted in ("restore", "all"):
        reports.append(restore.run(steps))
    return reports


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
