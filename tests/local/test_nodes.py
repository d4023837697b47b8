"""A real node as its programs and this machine see it, with programs that only wait."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.nodes import choose
from local.nodes.machine import cgroups
from local.nodes.machine.addresses import Place
from local.nodes.machine.network import Network
from local.nodes.machine.node import Node
from local.processes import is_running
from tests.waiting import eventually

PROGRAMS = ("containerd", "kubelet", "kube-proxy", "kube-router")
PLACE = Place(name=f"t{os.getpid()}", address="10.77.0.99", pods="10.88.99.0/24")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")

# Writes down what it is, at last that it is there, and waits.
WAITING = """#!/bin/sh
hostname >"/run/node/$(basename "$0").hostname"
echo $$ >>"/run/node/$(basename "$0").pids"
exec sleep 60
"""


class Unconnected(Network):
    """A network in which a node is alone."""

    def connect(self, place: Place, process: int) -> None:
        """Give the node an end of a cable without the cable."""
        command = ("nsenter", "--net", "--target", str(process))
        link = ("ip", "link", "add", "eth0", "type", "veth", "peer", "name", place.interface)
        subprocess.run((*command, *link), env=self._environment, check=True)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node that is started and has begun all its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).write_text(WAITING)
        (programs / name).chmod(0o755)
    found = Node(PLACE, tmp_path / "node")
    found.folder.mkdir()
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    try:
        found.start({"resolv.conf": "", "a": "1"}, Unconnected(tmp_path, environment), environment)
        for name in PROGRAMS:
            eventually(lambda name=name: bool(starts(found, name)), f"{name} is started")
        yield found
    finally:
        found.stop()


def starts(node: Node, program: str) -> list[int]:
    """The process numbers, as the node counts, of each start of a program."""
    file = node.folder / f"{program}.pids"
    return [int(line) for line in file.read_text().split()] if file.is_file() else []


def members() -> list[int]:
    """Process numbers, as this machine counts, of everything on the node."""
    file = Path("/sys/fs/cgroup/pids") / cgroups.path(PLACE.name)[1:] / "system/cgroup.procs"
    if not file.parents[2].is_dir():
        file = Path("/sys/fs/cgroup") / cgroups.path(PLACE.name)[1:] / "system/cgroup.procs"
    return [int(line) for line in file.read_text().split()]


def number_on_node(process: int) -> int | None:
    """As the node counts; None for one that has just ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(status.split("NSpid:")[1].split()[1])


@needs_root
def test_a_node_has_its_own_name_and_mounts_that_this_machine_does_not_see(node: Node) -> None:
    assert (node.folder / "kubelet.hostname").read_text().strip() == PLACE.name
    assert str(node.folder) not in Path("/proc/self/mountinfo").read_text()


@needs_root
def test_everything_on_a_node_ends_with_it(node: Node) -> None:
    running = members()
    assert len(running) > len(PROGRAMS)

    node.stop()

    assert not node.is_running()
    assert not [process for process in running if is_running(process)]
    assert not list(Path("/sys/fs/cgroup").glob(f"*/n8n-local/{PLACE.name}"))


@needs_root
def test_a_program_that_ended_is_started_again(node: Node) -> None:
    (started,) = starts(node, "kubelet")
    (kubelet,) = (each for each in members() if number_on_node(each) == started)
    os.kill(kubelet, 9)

    eventually(lambda: len(starts(node, "kubelet")) == 2, "the kubelet is started again")


@needs_root
def test_a_node_with_other_files_is_not_the_one_that_runs(node: Node) -> None:
    assert node.runs_with({"resolv.conf": "", "a": "1"})
    assert not node.runs_with({"resolv.conf": "", "a": "2"})


class Interrupted(Unconnected):
    """A network whose cable is never laid."""

    def connect(self, place: Place, process: int) -> None:
        """What Ctrl-C does."""
        raise KeyboardInterrupt(place, process)


@needs_root
def test_a_node_whose_start_was_interrupted_is_not_taken_for_one_that_runs(
    tmp_path: Path,
) -> None:
    found = Node(PLACE, tmp_path / "node")
    found.folder.mkdir()
    environment = dict(os.environ)
    try:
        with pytest.raises(KeyboardInterrupt):
            found.start({"resolv.conf": ""}, Interrupted(tmp_path, environment), environment)
        assert found.is_running()
        assert not found.runs_with({"resolv.conf": ""})
    finally:
        found.stop()


def test_without_root_there_is_an_obstacle_to_real_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert choose.obstacle() is not None
