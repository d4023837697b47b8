"""Commands of the system, whose failure is told with what they said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import LocalError


def output(
    command: Sequence[str | os.PathLike[str]],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    given: str | None = None,
    advice: str = "",
) -> str:
    """What a command prints.

    Args:
        command: program and arguments.
        environment: environment variables; default: this process' own.
        folder: where it runs; default: where this process does.
        given: its input; default: this process' own.
        advice: what to do if it fails, as a sentence.

    Raises:
        LocalError: it failed; with what it said.
    """
    result = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        program, *arguments = map(str, command)
        line = " ".join([Path(program).name, *arguments])
        raise LocalError(
            f"`{line}` failed: {result.stderr.strip().rstrip('.')}." + (f" {advice}" * bool(advice))
        )
    return result.stdout
