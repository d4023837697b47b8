"""A control group for each node, below which its kubelet makes those of its pods.

Kubernetes 1.36 prefers version 2 of control groups and still works with version 1, where every
controller has a hierarchy of its own.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from local.errors import LocalError

_ROOT = Path("/sys/fs/cgroup")
_PARENT = "n8n-local"
_SYSTEM = "system"
_END_SECONDS = 10
_POLL_SECONDS = 0.05


def path(node: str) -> str:
    """The node's group as its kubelet names it."""
    return f"/{_PARENT}/{node}"


def create(node: str, process: int) -> None:
    """Have the node's group in every hierarchy, and its first process in a group below it."""
    for hierarchy in _hierarchies():
        group = hierarchy
        for name in (_PARENT, node, _SYSTEM):
            parent, group = group, group / name
            if _is_version_2():
                # A group gets the controllers that its parent hands down.
                available = (parent / "cgroup.controllers").read_text().split()
                (parent / "cgroup.subtree_control").write_text(
                    " ".join(f"+{controller}" for controller in available)
                )
            group.mkdir(exist_ok=True)
            for file in ("cpuset.cpus", "cpuset.mems"):
                # Empty in a new group of version 1, and no process can join before they are set.
                if not _is_version_2() and (group / file).is_file():
                    (group / file).write_text((parent / file).read_text())
        (group / "cgroup.procs").write_text(str(process))


def remove(node: str) -> None:
    """End every process of the node's group, and remove it; the last one's parent as well.

    Raises:
        LocalError: a process does not end.
    """
    for hierarchy in _hierarchies():
        parent = hierarchy / _PARENT
        group = parent / node
        if group.is_dir():
            _end_processes(group)
            for folder, _, _ in os.walk(group, topdown=False):
                Path(folder).rmdir()
        if parent.is_dir() and not any(each.is_dir() for each in parent.iterdir()):
            parent.rmdir()


def _end_processes(group: Path) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while remaining := set(_members(group)):
        if time.monotonic() > deadline:
            raise LocalError(f"Processes of {group} would not end: {sorted(remaining)}.")
        for process in remaining:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(_POLL_SECONDS)


def _members(group: Path) -> Iterator[int]:
    for folder, _, _ in os.walk(group):
        for line in (Path(folder) / "cgroup.procs").read_text().split():
            yield int(line)


def _is_version_2() -> bool:
    return (_ROOT / "cgroup.controllers").is_file()


def _hierarchies() -> list[Path]:
    if _is_version_2():
        return [_ROOT]
    return [folder for folder in sorted(_ROOT.iterdir()) if (folder / "cgroup.procs").is_file()]
