"""Free ports for the control plane's servers."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from local.errors import LocalError

LOOPBACK = "127.0.0.1"


# Below the ranges that Linux and macOS take the ports of outgoing connections from: one of those
# could otherwise hold a server's port just while it restarts.
_RANGE = range(20_000, 32_000)
_TRIES = 200


def choose(names: Iterable[str], earlier: Mapping[str, int]) -> dict[str, int]:
    """A port on loopback for each name: the earlier one while it is free, else any free one.

    All of them are held while the others are chosen, so that no two names get the same. Another
    program can still take one before its server starts; whoever starts the servers tries again.

    Raises:
        LocalError: no port is free.
    """
    with ExitStack() as held:
        return {name: _hold(held, earlier.get(name)) for name in names}


def _hold(held: ExitStack, wanted: int | None) -> int:
    candidates = secrets.SystemRandom().sample(_RANGE, _TRIES)
    for port in [wanted, *candidates] if wanted else candidates:
        listener = held.enter_context(socket.socket())
        # A port whose last connections are being closed counts as free, as it does for servers.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError:
            continue
        return port
    raise LocalError(f"None of {_TRIES} ports tried on {LOOPBACK} is free: end what holds them.")
