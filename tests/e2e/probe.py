"""Which places answer somewhere on this machine: connections from another network namespace.

Network policies apply to a pod's network namespace, whatever its containers' images contain. So
this same file is run there, with this machine's Python.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ANSWERS = "it answers"
SILENT = "it does not answer"

_SECONDS = 3
"""How long a place may take to answer; on one machine it takes milliseconds."""

# A question for the name server: what is the address of localhost? (RFC 1035)
_DNS_QUESTION = b"\x4e\x38\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a connection goes.

    Attributes:
        host: IPv4 address.
        port: port.
        protocol: "tcp", or "udp" for a name server.
    """

    host: str
    port: int
    protocol: str = "tcp"


def process_of_container(pod: Mapping[str, Any], container: str) -> int:
    """The first process of a pod's container."""
    status = pod["status"]
    containers = [*status["containerStatuses"], *status.get("initContainerStatuses", [])]
    identifier = next(each["containerID"] for each in containers if each["name"] == container)
    started = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if identifier.rpartition("/")[2] in (process / "cgroup").read_text():
                # The time is the 20th word behind the program's name (man 5 proc_pid_stat).
                words = (process / "stat").read_text().rpartition(")")[2].split()
                started[int(process.name)] = int(words[19])
    assert started, f"no process of {pod['metadata']['name']}'s {container} runs here"
    # A younger one may be a probe's, which joins the container's group before its network.
    return min(started, key=started.__getitem__)


def process_of_node(folder: Path) -> int:
    """The first process of the node whose files are in `folder`."""
    # The program that made its namespaces stays outside of them.
    for holder in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = holder.read_text().split("\0")
            if Path(words[0]).name == "unshare" and f"{folder}/" in words:
                children = holder.parent / "task" / holder.parent.name / "children"
                return int(children.read_text().split()[0])
    raise AssertionError(f"the node of {folder} does not run")


def reach(process: int, places: Iterable[Place]) -> list[str]:
    """What became of a connection to each place, all at once, where a process has its network.

    Returns:
        For each place `ANSWERS`, `SILENT`, or the error.
    """
    asked = json.dumps([asdict(place) for place in places])
    command = ("nsenter", "--target", str(process), "--net", sys.executable, "-I", __file__)
    result = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def _try(place: Place) -> str:
    try:
        if place.protocol == "udp":
            _ask(place)
        else:
            socket.create_connection((place.host, place.port), timeout=_SECONDS).close()
    except TimeoutError:
        return SILENT
    except OSError as error:
        return error.strerror or str(error)
    return ANSWERS


def _ask(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as question:
        question.settimeout(_SECONDS)
        question.connect((place.host, place.port))
        question.send(_DNS_QUESTION)
        question.recv(512)


def _main() -> None:
    places = [Place(**each) for each in json.load(sys.stdin)]
    with ThreadPoolExecutor(len(places)) as pool:
        json.dump(list(pool.map(_try, places)), sys.stdout)


if __name__ == "__main__":
    _main()
