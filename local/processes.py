"""Processes of this machine, found by what they run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# An API server waits a minute for its clients' watches; its data are etcd's, which ends at once.
_TERMINATE_SECONDS = 3
_KILL_SECONDS = 5
_POLL_SECONDS = 0.05
_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running process."""

    pid: int
    program: str
    """File name of the program, without its folder."""
    arguments: tuple[str, ...] = ()


def using(folder: Path, programs: Iterable[str]) -> list[Process]:
    """The processes that run one of `programs` with an argument that names a file in `folder`.

    Unlike a process id kept in a file, this cannot mean a stranger that got the number later.
    """
    return [
        process
        for process in running(programs)
        if any(f"{folder}/" in argument for argument in process.arguments)
    ]


def running(programs: Iterable[str]) -> list[Process]:
    """The processes that run one of `programs`, whoever started them."""
    wanted = set(programs)
    return [
        Process(pid=pid, program=name, arguments=tuple(arguments[1:]))
        for pid, arguments in _command_lines()
        if (name := Path(arguments[0]).name) in wanted
    ]


def is_running(pid: int) -> bool:
    """Whether a process with this id runs; one that ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return not _PROC.is_dir()
    return state != "Z"


def stop(processes: Iterable[Process]) -> list[Process]:
    """End processes, politely first; returns those that would not end."""
    remaining = list(processes)
    for number, seconds in ((signal.SIGTERM, _TERMINATE_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        for process in remaining:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + seconds
        while remaining and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            remaining = [process for process in remaining if is_running(process.pid)]
    return remaining


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    if _PROC.is_dir():
        for entry in _PROC.iterdir():
            if entry.name.isdigit():
                try:
                    arguments = (entry / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue  # it ended meanwhile
                if arguments:
                    yield int(entry.name), arguments.rstrip("\0").split("\0")
        return
    listing = subprocess.run(
        ("ps", "-axww", "-o", "pid=,args="), capture_output=True, text=True, check=True
    )
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.split()
