"""A containerd of our own for a moment: to unpack images into its root folder, and for tests."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from local import commands
from local.errors import LocalError
from local.toolchain.debian import Debian

NAMESPACE = "k8s.io"
"""containerd's namespace in which a kubelet's images and containers are."""

_START_SECONDS = 30

_CONFIGURATION = """\
version = 2
root = "{root}"
state = "{state}"
# Without the part that serves kubelets, which would want a network.
disabled_plugins = [{disabled}]

[grpc]
address = "{socket}"
"""

_DISABLED = (
    "io.containerd.grpc.v1.cri",
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.restart",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
)


@dataclass(frozen=True, kw_only=True)
class Containerd:
    """A running containerd.

    Attributes:
        socket: where it listens.
        packages: where its programs are.
    """

    socket: Path
    packages: Debian

    def command(self, *arguments: str) -> list[str]:
        """The command line of its client with these arguments."""
        client = self.packages.program("ctr")
        return [str(client), "--address", str(self.socket), "--namespace", NAMESPACE, *arguments]

    def call(self, *arguments: str) -> str:
        """What its client prints.

        Raises:
            LocalError: it failed; with what it said.
        """
        return commands.output(self.command(*arguments), environment=self.environment())

    def feed(self, write: Callable[[IO[bytes]], None], *arguments: str) -> None:
        """Run its client on what `write` writes.

        Raises:
            LocalError: it failed; with what it said.
        """
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                self.command(*arguments),
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
            )
            # A client that gave up has said why, which is more than a broken pipe says.
            with process, suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as pipe:
                write(pipe)
            if process.returncode:
                said.seek(0)
                words = said.read().decode(errors="replace").strip()
                raise LocalError(f"`ctr {' '.join(arguments)}` failed: {words}")

    def environment(self) -> dict[str, str]:
        """Environment variables with which its client starts."""
        return os.environ | self.packages.environment()


@contextmanager
def running(root: Path, packages: Debian) -> Iterator[Containerd]:
    """A containerd that keeps its data in `root`, for as long as the body takes.

    Raises:
        LocalError: it does not start.
    """
    # A short path: a socket's has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="containerd-") as state:
        socket = Path(state) / "socket"
        configuration = Path(state) / "config.toml"
        configuration.write_text(
            _CONFIGURATION.format(
                root=root,
                state=state,
                socket=socket,
                disabled=", ".join(f'"{plugin}"' for plugin in _DISABLED),
            )
        )
        program = packages.program("containerd")
        with (Path(state) / "log").open("w+") as log:
            process = subprocess.Popen(
                # It ends with this process, however that ends.
                ("setpriv", "--pdeathsig", "TERM", program, "--config", configuration),
                env=os.environ | packages.environment(),
                stdout=log,
                stderr=log,
            )
            try:
                containerd = Containerd(socket=socket, packages=packages)
                _await(containerd, process, log)
                yield containerd
            finally:
                process.terminate()
                process.wait()


def _await(containerd: Containerd, process: subprocess.Popen[bytes], log: IO[str]) -> None:
    # The client itself waits for an answer, so that this need not ask again and again.
    answer = subprocess.run(
        containerd.command("--connect-timeout", f"{_START_SECONDS}s", "version"),
        env=containerd.environment(),
        capture_output=True,
        check=False,
    )
    if answer.returncode or process.poll() is not None:
        log.seek(0)
        raise LocalError(f"containerd does not start; it said:\n{log.read()[-2000:]}")
