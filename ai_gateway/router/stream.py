"""Answers that come piece by piece, as server-sent events, on their way to the caller."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_END = re.compile(rb"\r?\n\r?\n")
_MOST_EVENT = 1 << 20


class Events:
    """The events of one answer, each passed on as it is once it is whole.

    Args:
        wants_usage: whether the caller asked for the tokens; otherwise the event that has nothing
            else is kept from it.

    Attributes:
        usage: what the answer said of its tokens.
        complete: whether it came to its end; the gateway ends a broken stream as a whole one.
        failed: whether it said that it failed.
    """

    def __init__(self, *, wants_usage: bool) -> None:
        self._wants_usage = wants_usage
        self._buffer = b""
        self.usage: object = None
        self.complete = False
        self.failed = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What can be passed on now."""
        self._buffer += chunk
        start = 0
        for end in _END.finditer(self._buffer):
            event = self._buffer[start : end.end()]
            start = end.end()
            if self._look(event):
                yield event
        self._buffer = self._buffer[start:]
        if len(self._buffer) > _MOST_EVENT:
            yield from self.rest()

    def rest(self) -> Iterator[bytes]:
        """What was not ended by an empty line."""
        rest, self._buffer = self._buffer, b""
        if rest and self._look(rest):
            yield rest

    def _look(self, event: bytes) -> bool:
        """Note what the event says, and whether the caller gets it."""
        data = b"\n".join(
            line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")
        )
        if data == b"[DONE]":
            self.complete = True
            return True
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            return True
        if not isinstance(said, dict):
            return True
        self.failed = self.failed or "error" in said
        choices = said.get("choices")
        if isinstance(choices, list) and any(_finished(choice) for choice in choices):
            self.complete = True
        if said.get("usage") is None:
            return True
        self.usage = said["usage"]
        return self._wants_usage or choices != []


def _finished(choice: Any) -> bool:
    return isinstance(choice, dict) and choice.get("finish_reason") is not None
