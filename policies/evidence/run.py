"""What is different in every run: the time, the commit, the tools."""

import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Run:
    """One making of a report.

    Attributes:
        at: when, in UTC.
        commit: what is checked out; none outside a repository of git.
        dirty: whether files differ from that commit.
        from_nothing: whether the stack was previewed without its state, so that all of it is new.
        folder: path of the project in the repository, with a slash at its end; empty for its root.
        tools: versions, by name.
    """

    at: str
    commit: str | None
    dirty: bool
    from_nothing: bool
    folder: str
    tools: Mapping[str, str]


def current(project: Path, *, from_nothing: bool) -> Run:
    """This run, for the project in a folder, previewed with the stack's state or from nothing."""
    commit = _output(project, "git", "rev-parse", "HEAD") or None
    return Run(
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        commit=commit,
        dirty=bool(commit and _output(project, "git", "status", "--porcelain")),
        from_nothing=from_nothing,
        folder=_output(project, "git", "rev-parse", "--show-prefix"),
        tools={
            "Pulumi CLI": _output(project, "pulumi", "version").removeprefix("v") or "not found",
            "pulumi": version("pulumi"),
            "pulumi-policy": version("pulumi-policy"),
            "Python": platform.python_version(),
        },
    )


def _output(folder: Path, *command: str) -> str:
    """What a command prints; nothing if it fails or is not there."""
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
