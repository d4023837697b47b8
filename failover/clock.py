"""This machine's time, which may be minutes from that of AWS."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What time it is, and waiting.

    Attributes:
        now: seconds since 1970.
        sleep: returns so many seconds later.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
