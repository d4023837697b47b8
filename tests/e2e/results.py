"""What the scenarios found: a table to read and a file to keep."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


class Results:
    """Figures by scenario, in the order in which they were found."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add(self, scenario: str, outcome: str, *, seconds: float | None = None) -> None:
        """Keep one line.

        Args:
            scenario: what was done.
            outcome: what came of it, with counts.
            seconds: how long it took until everything was well again, where that is the question.
        """
        taken = None if seconds is None else round(seconds, 1)
        self._rows.append({"scenario": scenario, "outcome": outcome, "seconds": taken})

    def write(self, file: Path) -> None:
        """Write all lines as JSON."""
        file.write_text(json.dumps(self._rows, indent=2) + "\n")

    def show(self) -> None:
        """Print all lines as a table."""
        table = Table("scenario", "outcome", "seconds", title="End to end")
        for row in self._rows:
            seconds = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
            table.add_row(row["scenario"], row["outcome"], seconds)
        Console(width=140).print(table)


class Stopwatch:
    """Seconds since a body began; they stand still once it ended."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._ended: float | None = None

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return (self._ended or time.monotonic()) - self._started

    def stop(self) -> None:
        """Keep the seconds as they are."""
        self._ended = time.monotonic()


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Time a body."""
    watch = Stopwatch()
    try:
        yield watch
    finally:
        watch.stop()
