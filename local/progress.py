"""What a command says while it works: one line per step, with elapsed time.

On a terminal the running step shows live detail. Elsewhere (CI logs) every step is a plain line
when it ends, and a long one also says every half minute how far it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

_REPORT_SECONDS = 10
"""How often a log gets a line, whatever the step is doing."""


def elapsed(seconds: float) -> str:
    """A duration for people: `4 s`, `2 min 05 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


class Step:
    """A running step; made by `Steps.step`."""

    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._console = console
        self._started = time.monotonic()
        self._detail = ""
        self._outcome = ""
        self._spinner = Spinner("dots")

    def detail(self, text: str) -> None:
        """Say how far the step is; replaces the last detail."""
        self._detail = text

    def report(self) -> None:
        """Print how far it is, where the line cannot be redrawn."""
        self._console.print(f"… {self._line()}", soft_wrap=True, highlight=False, markup=False)

    def done(self, outcome: str) -> None:
        """Say what the step came to, for its final line."""
        self._outcome = outcome

    def finish(self, *, succeeded: bool) -> None:
        """Print the final line: what it came to, or how far it was when it failed."""
        if succeeded:
            self._detail = self._outcome
        mark = "✓" if succeeded else "✗"
        self._console.print(f"{mark} {self._line()}", soft_wrap=True, highlight=False, markup=False)

    def __rich__(self) -> Spinner:
        self._spinner.update(text=Text(self._line(), overflow="ellipsis", no_wrap=True))
        return self._spinner

    def _line(self) -> str:
        took = elapsed(time.monotonic() - self._started)
        return (
            f"{self._title}: {self._detail} ({took})"
            if self._detail
            else (f"{self._title} ({took})")
        )


class Steps:
    """Prints steps and remarks to one console."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Run the body as one step; steps do not nest."""
        step = Step(title, self._console)
        try:
            if self._console.is_terminal:
                with Live(step, console=self._console, transient=True, refresh_per_second=8):
                    yield step
            else:
                with every(_REPORT_SECONDS, step.report):
                    yield step
        except BaseException:
            step.finish(succeeded=False)
            raise
        step.finish(succeeded=True)

    def say(self, text: str) -> None:
        """Print a remark between steps."""
        self._console.print(text, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def every(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Do something again and again while the body runs."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
