"""Long work that says little, done so that somebody sees how far it is."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError
from local.progress import elapsed, every

_REPORT_SECONDS = 2
_LAST_CHARACTERS = 2000
_MOST_BYTES = 1 << 22


@contextmanager
def reported(say: Callable[[], str], report: Callable[[str], None]) -> Iterator[None]:
    """Report every two seconds while the body works.

    Args:
        say: how far it is; called from another thread.
        report: told so, with the time since the start.
    """
    started = time.monotonic()

    def tell() -> None:
        report(f"{say()}, {elapsed(time.monotonic() - started)}")

    tell()
    with every(_REPORT_SECONDS, tell):
        yield


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
        say: how far it is, given the number of lines that the command has said.
        report: told so every two seconds.
        environment: variables beside this process's own.

    Raises:
        LocalError: it failed; with its last words.
    """
    # A file and not a pipe, so that nobody has to read while it runs.
    with tempfile.TemporaryFile() as said:

        def heard() -> bytes:
            return os.pread(said.fileno(), _MOST_BYTES, 0)

        with reported(lambda: say(heard().count(b"\n")), report):
            result = subprocess.run(
                # It ends with this process, however that ends.
                ("setpriv", "--pdeathsig", "TERM", *command),
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if result.returncode:
            words = heard().decode(errors="replace")[-_LAST_CHARACTERS:].strip()
            raise LocalError(
                f"`{' '.join(map(str, command[:2]))}` failed; run the same command again to retry. "
                f"It said:\n{words}"
            )
