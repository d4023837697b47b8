"""Free ports for the control plane's servers."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def choose(names: Iterable[str], earlier: Mapping[str, int]) -> dict[str, int]:
    """A port on loopback for each name: the earlier one while it is free, else any free one.

    All of them are held while the others are chosen, so that no two names get the same. Another
    program can still take one before its server starts; whoever starts the servers tries again.
    """
    with ExitStack() as held:
        return {name: _hold(held, earlier.get(name, 0)) for name in names}


def _hold(held: ExitStack, wanted: int) -> int:
    listener = held.enter_context(socket.socket())
    # A port whose last connections are still being closed counts as free, as it does for servers.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, wanted))
    except OSError:
        if not wanted:
            raise
        listener.bind((LOOPBACK, 0))
    listener.listen()
    return listener.getsockname()[1]
