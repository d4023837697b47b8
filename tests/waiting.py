"""Waiting for what a test expects, instead of sleeping and hoping."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], what: str, *, seconds: float = 120) -> None:
    """Wait until the condition holds; an assertion that fails inside it means "not yet".

    Raises:
        AssertionError: if it does not hold in time, naming what was waited for.
    """
    deadline = time.monotonic() + seconds
    last: AssertionError | None = None
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except AssertionError as error:
            last = error
        time.sleep(0.2)
    because = f": {last}" if last else ""
    raise AssertionError(f"after {seconds:.0f} s it is still not so that {what}{because}") from last
