"""Reports on what the packs recorded: `python -m policies.evidence --help`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from policies.evidence import FRAMEWORKS, preview, words, write


def main(arguments: Sequence[str]) -> int:
    """Write the report; 0 if it is complete and no mandatory condition is violated."""
    parser = argparse.ArgumentParser(prog="python -m policies.evidence", description=__doc__)
    parser.add_argument("--stack", required=True, help="name of the stack")
    parser.add_argument(
        "--record", required=True, type=Path, help="the folder that POLICY_RECORD named"
    )
    parser.add_argument("--out", required=True, type=Path, help="the folder to write to")
    parser.add_argument(
        "--preview", type=Path, help="what `pulumi preview --json --show-sames` printed"
    )
    parser.add_argument(
        "--from-nothing", action="store_true", help="it was made without the stack's state"
    )
    parser.add_argument("--project", type=Path, help="the folder of Pulumi.yaml (default: this)")
    parser.add_argument(
        "--framework",
        action="append",
        choices=[each.id for each in FRAMEWORKS],
        help="one whose pack ran; may be repeated (default: all)",
    )
    given = parser.parse_args(arguments)
    report = write(
        given.stack,
        given.record,
        given.out,
        previewed=given.preview,
        from_nothing=given.from_nothing,
        project=given.project,
        frameworks=[
            each for each in FRAMEWORKS if given.framework is None or each.id in given.framework
        ],
    )
    if given.preview:
        for error in preview.read(given.preview).errors:
            sys.stderr.write(f"{error}\n")
    sys.stdout.write(f"{words.terminal(report)}\n{given.out / 'report.html'}\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
