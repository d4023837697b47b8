"""Long commands that say little, run so that somebody sees how far they are."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from local.errors import LocalError
from local.progress import elapsed

_REPORT_SECONDS = 2
_LAST_CHARACTERS = 2000
_MOST_BYTES = 1 << 22


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    say: Callable[[int], str],
    report: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command to its end.

    Args:
        command: program and arguments.
        cwd: folder that it runs in.
        say: how far it is, given the number of lines that the command has said; asked every two
            seconds.
        report: told so, with the time since the start.
        environment: variables beside this process's own.

    Raises:
        LocalError: it failed; with its last words.
    """
    started = time.monotonic()
    # A file and not a pipe, so that nobody has to read while it runs.
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                while process.poll() is None:
                    lines = os.pread(said.fileno(), _MOST_BYTES, 0).count(b"\n")
                    report(f"{say(lines)}, {elapsed(time.monotonic() - started)}")
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_REPORT_SECONDS)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            words = os.pread(said.fileno(), _MOST_BYTES, 0).decode(errors="replace")
            raise LocalError(
                f"`{' '.join(map(str, command[:2]))}` failed; run the same command again to retry. "
                f"It said:\n{words[-_LAST_CHARACTERS:].strip()}"
            )
