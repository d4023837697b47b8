"""What each use case may ask of one router: calls in a minute, and dollars in a day.

Both are kept in this process' memory: a router that starts again starts at zero, and two routers
know nothing of each other.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

from ai_gateway.document import UseCase
from ai_gateway.router.errors import CallError

_MINUTE = 60
_DAY = 86_400


class Limits:
    """How much of its limits each use case has used.

    Args:
        use_cases: by name.
        now: seconds since 1970, UTC.
    """

    def __init__(
        self, use_cases: Mapping[str, UseCase], *, now: Callable[[], float] = time.time
    ) -> None:
        self._use_cases = use_cases
        self._now = now
        self._calls: dict[str, deque[float]] = {name: deque() for name in use_cases}
        self._spent: dict[str, float] = dict.fromkeys(use_cases, 0.0)
        self._day = self._today()

    def admit(self, name: str) -> None:
        """Count a call of this use case.

        Calls that run are not in what is spent yet: a budget can be exceeded by as much as they
        cost.

        Raises:
            CallError: it is over a limit; with the seconds after which it is worth another try.
        """
        use_case, now = self._use_cases[name], self._now()
        if self.spent(name) >= use_case.daily_dollars:
            raise _refused(
                "daily_budget",
                f"{name} has spent its {use_case.daily_dollars:g} dollars of today; "
                "the next day begins at midnight UTC",
                _DAY - now % _DAY,
            )
        calls = self._calls[name]
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= use_case.requests_per_minute:
            raise _refused(
                "rate_limit",
                f"{name} has made its {use_case.requests_per_minute} calls of this minute",
                calls[0] + _MINUTE - now if calls else _MINUTE,
            )
        calls.append(now)

    def spend(self, name: str, dollars: float) -> None:
        """Add to what a use case has spent today."""
        self._spent[name] = self.spent(name) + dollars

    def spent(self, name: str) -> float:
        """Dollars that a use case has spent today."""
        if self._today() != self._day:
            self._day = self._today()
            self._spent = dict.fromkeys(self._use_cases, 0.0)
        return self._spent[name]

    def _today(self) -> int:
        return int(self._now() // _DAY)


def _refused(reason: str, message: str, seconds: float) -> CallError:
    return CallError(429, reason, message, headers={"Retry-After": str(max(1, math.ceil(seconds)))})
