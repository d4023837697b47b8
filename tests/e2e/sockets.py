"""Connections from where a pod or a node is: its own network namespace, whatever its image has."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local import processes

_CLIENT = """
import concurrent.futures, json, socket, sys
def reach(target):
    host, port = target
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except TimeoutError:
        return "timed out"
    except OSError as error:
        return error.strerror
    return "open"
targets = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(list(pool.map(reach, targets))))
"""
_SECONDS = 3
"""How long a connection may take. On one machine it takes milliseconds."""

OPEN = "open"

Target = tuple[str, int]
"""Address and TCP port."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A network namespace.

    Attributes:
        process: number of a process in it, on this machine.
    """

    process: int

    @property
    def enter(self) -> tuple[str, ...]:
        """What to put before a command so that it runs there."""
        return ("nsenter", f"--net=/proc/{self.process}/ns/net")

    def reach(self, targets: Sequence[Target]) -> list[str]:
        """What came of connecting to each target: `open`, `timed out` or the system's words."""
        result = subprocess.run(
            (*self.enter, sys.executable, "-c", _CLIENT.replace("SECONDS", str(_SECONDS))),
            input=json.dumps(targets),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(result.stdout)


def of_pod(uid: str) -> Place:
    """Where a pod is; its containers share one network."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                groups = (entry / "cgroup").read_text()
            except OSError:
                continue  # it ended meanwhile
            if f"/pod{uid}/" in groups:
                return Place(process=int(entry.name))
    raise AssertionError(f"no process of the pod {uid} runs on this machine")


def of_node(folder: Path) -> Place:
    """Where the node with this folder is."""
    (holder,) = processes.using(folder, ("unshare",))
    children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
    return Place(process=int(children[0]))
