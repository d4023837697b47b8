"""The front door as a real Envoy process in front of real TCP servers."""

import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from local.control_plane import ports
from local.errors import LocalError
from local.front_door import Address, Forward, FrontDoor
from local.progress import Step
from tests.waiting import eventually

STEP = Step("Front door", Console(quiet=True))


class Server(socketserver.ThreadingTCPServer):
    """Answers every line with its own name."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, name: str, address: Address) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for _ in self.rfile:
                    self.wfile.write(f"{name}\n".encode())

        super().__init__(address, Handler)


@contextmanager
def serving(name: str, address: Address) -> Iterator[None]:
    with Server(name, address) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def ask(connection: socket.socket) -> str:
    """Who answers on this connection; an empty text if nobody does."""
    connection.sendall(b"who?\n")
    return connection.recv(100).decode().strip()


def who_answers(address: Address) -> str:
    """Who answers on a new connection."""
    try:
        with socket.create_connection(address, timeout=10) as connection:
            return ask(connection)
    except ConnectionError:
        return ""


@pytest.fixture
def addresses() -> tuple[Address, Address, Address]:
    """Three that are free: one to listen on, two for servers."""
    listen, one, two = ports.choose(["listen", "one", "two"], {}).values()
    return (ports.LOOPBACK, listen), (ports.LOOPBACK, one), (ports.LOOPBACK, two)


@pytest.fixture
def front_door(tmp_path: Path) -> Iterator[FrontDoor]:
    front_door = FrontDoor(tmp_path / "front door")
    yield front_door
    front_door.stop()


def test_connections_reach_a_target(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, target, _ = addresses
    with serving("one", target):
        front_door.start([Forward(name="api", listen=listen, targets=[target])], STEP)

        assert who_answers(listen) == "one"


def test_a_lost_target_costs_no_connection_and_is_used_again_when_it_is_back(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, one, two = addresses
    with serving("two", two):
        with serving("one", one):
            front_door.start([Forward(name="gateway", listen=listen, targets=[one, two])], STEP)
            eventually(
                lambda: {who_answers(listen) for _ in range(4)} == {"one", "two"},
                "both targets answer",
            )

        assert {who_answers(listen) for _ in range(20)} == {"two"}

        with serving("one", one):
            eventually(lambda: who_answers(listen) == "one", "the target is used again")


def test_a_connection_to_a_lost_target_is_closed_so_that_its_client_notices(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, one, two = addresses
    # It accepts connections in the kernel and says nothing; then it is gone without a word to them.
    with socket.create_server(one) as silent:
        front_door.start([Forward(name="gateway", listen=listen, targets=[one, two])], STEP)
        eventually(lambda: _reaches(listen), "the first target is found")
        connection = socket.create_connection(listen, timeout=60)
        connection.sendall(b"who?\n")
        accepted: list[socket.socket] = []
        eventually(lambda: _accepts(silent, accepted, b"who?\n"), "the connection got through")
    with connection:
        assert connection.recv(100) == b""
    for each in accepted:
        each.close()


def _reaches(listen: Address) -> bool:
    """Whether a connection stays open, which one without a target does not."""
    with socket.create_connection(listen, timeout=0.5) as connection:
        try:
            return connection.recv(1) != b""
        except TimeoutError:
            return True
        except ConnectionError:
            return False


def _accepts(server: socket.socket, accepted: list[socket.socket], words: bytes) -> bool:
    """Accept the next connection and say whether it brings these words."""
    connection, _ = server.accept()
    accepted.append(connection)
    connection.settimeout(0.5)
    try:
        return connection.recv(100) == words
    except TimeoutError:
        return False


def test_starting_it_again_keeps_open_connections(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address], tmp_path: Path
) -> None:
    listen, target, _ = addresses
    forwards = [Forward(name="api", listen=listen, targets=[target])]
    with serving("one", target):
        front_door.start(forwards, STEP)
        with socket.create_connection(listen, timeout=10) as connection:
            assert ask(connection) == "one"

            FrontDoor(tmp_path / "front door").start(forwards, STEP)

            assert ask(connection) == "one"


def test_other_forwards_replace_those_of_before(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, one, two = addresses
    with serving("one", one), serving("two", two):
        front_door.start([Forward(name="api", listen=listen, targets=[one])], STEP)
        front_door.start([Forward(name="api", listen=listen, targets=[two])], STEP)

        assert who_answers(listen) == "two"


def test_one_of_a_folder_that_was_deleted_and_made_again_is_replaced(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address], tmp_path: Path
) -> None:
    listen, one, two = addresses
    with serving("one", one), serving("two", two):
        front_door.start([Forward(name="api", listen=listen, targets=[one])], STEP)
        shutil.rmtree(tmp_path / "front door")

        front_door.start([Forward(name="api", listen=listen, targets=[two])], STEP)

        assert who_answers(listen) == "two"


def test_it_ends_when_it_is_stopped(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, target, _ = addresses
    front_door.start([Forward(name="api", listen=listen, targets=[target])], STEP)
    assert front_door.running()

    front_door.stop()

    assert not front_door.running()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(listen, timeout=10)


def test_a_taken_port_is_named_and_what_to_do_about_it(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, target, _ = addresses
    with (
        serving("another program", listen),
        pytest.raises(LocalError, match=rf"port {listen[1]} .* needed for editor.*: end it"),
    ):
        front_door.start([Forward(name="editor", listen=listen, targets=[target])], STEP)

    assert not front_door.running()


def test_what_envoy_refuses_is_said_in_its_words(
    front_door: FrontDoor, addresses: tuple[Address, Address, Address]
) -> None:
    listen, _, _ = addresses
    forward = Forward(name="api", listen=listen, targets=[("no address", 80)])

    with pytest.raises(LocalError, match="no address"):
        front_door.start([forward], STEP)

    assert not front_door.running()
