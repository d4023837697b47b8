"""One node: a process with namespaces of its own, in which its programs run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from local import processes
from local.control_plane.configuration import SERVICE_NETWORK
from local.errors import LocalError
from local.nodes.machine import cgroups
from local.nodes.machine.addresses import HOST, PLACES, PREFIX_LENGTH, Place
from local.nodes.machine.network import Network

INIT = Path(__file__).with_name("node.sh")
"""The program of a node's first process."""

_START_SECONDS = 10
_POLL_SECONDS = 0.02


class Node:
    """A node below `folder`.

    Its first process has a file system view, a network, a host name and process numbers of its
    own: when it ends, for whatever reason, the kernel ends everything else on the node and removes
    its mounts and network.
    """

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder

    def start(
        self, files: Mapping[str, str], network: Network, environment: Mapping[str, str]
    ) -> None:
        """Start the node, which does not run, with these files.

        Raises:
            LocalError: it does not start; with what it said.
        """
        self._complete.unlink(missing_ok=True)
        for name, text in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        logs = self.folder / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        first = self._launch(logs / "node.log", environment)
        cgroups.create(self.place.name, first)
        # It waits for its cable before it starts anything.
        network.connect(self.place, first)
        self._complete.touch()

    def stop(self) -> None:
        """End the node at once, as a power failure would; its data stay."""
        for holder in self._holders():
            os.kill(holder.pid, signal.SIGKILL)
        # Everything that the node started is in its group, and gone once the group is.
        cgroups.remove(self.place.name)

    def is_running(self) -> bool:
        """Whether its first process runs."""
        return bool(self._holders())

    def runs_with(self, files: Mapping[str, str]) -> bool:
        """Whether it runs, and was started with these files."""
        return (
            self.is_running()
            and self._complete.exists()
            and all(self.read(name) == text for name, text in files.items())
        )

    def read(self, name: str) -> str:
        """One of the files that it was started with; empty if there is none."""
        file = self.folder / name
        return file.read_text() if file.is_file() else ""

    @property
    def _complete(self) -> Path:
        """There once a start came to its end: an interrupted one leaves a node without a cable."""
        return self.folder / "complete"

    def _launch(self, log: Path, environment: Mapping[str, str]) -> int:
        """Start the first process; its number on this machine."""
        others = [
            word for place in PLACES if place != self.place for word in (place.pods, place.address)
        ]
        arguments = [f"{self.folder}/", f"{self.place.address}/{PREFIX_LENGTH}", HOST, *others]
        setup = f'hostname {self.place.name} && exec sh "$0" "$@"'
        with log.open("w") as output:
            holder = subprocess.Popen(
                (
                    *("unshare", "--fork", "--kill-child", "--pid", "--mount-proc"),
                    *("--mount", "--net", "--uts", "--propagation", "private"),
                    *("sh", "-c", setup, str(INIT), *arguments),
                ),
                env={**environment, "SERVICE_NETWORK": SERVICE_NETWORK},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        deadline = time.monotonic() + _START_SECONDS
        while holder.poll() is None and time.monotonic() < deadline:
            child = children.read_text().split()
            if child and _has_own_network(int(child[0])):
                return int(child[0])
            time.sleep(_POLL_SECONDS)
        raise LocalError(
            f"The node {self.place.name} does not start: {log.read_text().strip()}. If this "
            "machine does not allow namespaces, use `make up NODES=simulated`."
        )

    def _holders(self) -> list[processes.Process]:
        return processes.using(self.folder, ("unshare",))


def _has_own_network(process: int) -> bool:
    def namespace(number: int | str) -> Path:
        return Path(f"/proc/{number}/ns/net").readlink()

    return namespace(process) != namespace("self")
