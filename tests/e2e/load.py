"""Callers: bounded in number and time, and they count what they were answered."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.n8n.public import Session

_SECONDS = 60
"""How long a caller waits for its answer."""

_PAUSE = 0.1
"""Seconds between two calls of one constant caller."""

_MOST_CALLS = 3000
"""No constant load makes more than this many."""


@dataclass(kw_only=True)
class Calls:
    """What calls came to.

    Attributes:
        outcomes: how often each HTTP status or error came.
        durations: seconds that each call took.
        lock: held by whoever counts.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    durations: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def succeeded(self) -> int:
        """Calls that were answered with 200."""
        return self.outcomes["200"]

    @property
    def failed(self) -> int:
        """All others."""
        return self.outcomes.total() - self.succeeded

    def failures(self) -> str:
        """The others by what they were answered, for people."""
        others = {outcome: n for outcome, n in self.outcomes.items() if outcome != "200"}
        return ", ".join(f"{outcome}: {n}" for outcome, n in sorted(others.items())) or "none"


def call(webhooks: str, path: str, *, seconds: float = _SECONDS) -> str:
    """One call of a webhook: its HTTP status, or the name of the error."""
    try:
        session = Session(url=webhooks, seconds=seconds)
        return str(session.request("POST", f"webhook/{path}", {}).status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def at_once(webhooks: str, path: str, *, calls: int) -> Calls:
    """This many calls at the same time."""
    result = Calls()
    with ThreadPoolExecutor(calls) as pool:
        for _ in pool.map(lambda _: _counted(webhooks, path, result), range(calls)):
            pass
    return result


@contextmanager
def constant(webhooks: str, path: str, *, callers: int) -> Iterator[Calls]:
    """Calls one after the other from this many callers, for as long as the body runs."""
    result = Calls()
    ended = threading.Event()

    def caller() -> None:
        while not ended.wait(_PAUSE) and result.outcomes.total() < _MOST_CALLS:
            _counted(webhooks, path, result)

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield result
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _counted(webhooks: str, path: str, result: Calls) -> None:
    started = time.monotonic()
    outcome = call(webhooks, path)
    with result.lock:
        result.outcomes[outcome] += 1
        result.durations.append(time.monotonic() - started)
