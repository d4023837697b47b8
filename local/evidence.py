"""The evidence of a stack: a preview with both policy packs, and the report on it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local import stack
from local.environment import REPOSITORY
from local.progress import Steps

FOLDER = REPOSITORY / "evidence"
"""Holds a folder for each stack."""

# The variable of policies.record: importing it would load Pulumi into every command.
_RECORD = "POLICY_RECORD"


def report(
    name: str,
    *arguments: str,
    pulumi: Path,
    environment: Mapping[str, str],
    state: bool,
    steps: Steps,
) -> int:
    """Preview a stack and write its report.

    Args:
        name: the stack.
        arguments: more arguments for `pulumi preview`.
        pulumi: the CLI.
        environment: in which it works on that stack.
        state: whether the stack has its state there.
        steps: says how far it is.

    Returns:
        0 if everything was judged and no mandatory condition is violated.
    """
    out = FOLDER / name
    # An interrupted run must not leave an older report that looks like its own.
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        record, previewed, said = (Path(folder, each) for each in ("record", "preview", "said"))
        with (
            steps.step(f"Preview of stack {name} with both policy packs"),
            previewed.open("w") as output,
            said.open("w") as errors,
        ):
            stack.run(
                pulumi,
                *(
                    "preview",
                    "--json",
                    "--show-sames",
                    "--stack",
                    name,
                    *stack.POLICY_PACKS,
                    *arguments,
                ),
                program=REPOSITORY,
                environment={**environment, _RECORD: str(record)},
                output=output,
                errors=errors,
            )
        if not previewed.stat().st_size:
            steps.say(said.read_text())
        return subprocess.run(
            (
                *(sys.executable, "-m", "policies.evidence", "--stack", name),
                *("--record", record, "--preview", previewed),
                *(() if state else ("--from-nothing",)),
                *("--out", os.path.relpath(out, REPOSITORY)),
            ),
            cwd=REPOSITORY,
            env=environment,
            check=False,
        ).returncode
