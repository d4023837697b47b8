"""What a failover has done, on disk: for the run that goes on, and for the report afterwards."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Way = Literal["takeover", "back"]


@dataclass(kw_only=True)
class Record:
    """The timeline of a failover; written before anything changes and after each step.

    Attributes:
        path: its file.
        stack: what fails over.
        way: in which direction.
        generation: of the database at its end.
        events: what was begun and done, with times in seconds since 1970.
        now: the clock.
    """

    path: Path
    stack: str
    way: Way
    generation: int
    events: list[dict[str, Any]] = field(default_factory=list)
    now: Callable[[], float]

    def did(self, step: str) -> Mapping[str, Any] | None:
        """What is noted of a step that was done."""
        return next((e for e in self.events if e["step"] == step and e["event"] == "done"), None)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.did("failover") is not None

    def note(self, step: str, event: Literal["begun", "done", "failed"], outcome: str = "") -> None:
        """Add an event, on disk when this returns."""
        at = self.now()
        self.events.append(
            {
                "step": step,
                "event": event,
                "at": at,
                "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
                **({"outcome": outcome} if outcome else {}),
            }
        )
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(
                {
                    "stack": self.stack,
                    "way": self.way,
                    "generation": self.generation,
                    "events": self.events,
                },
                file,
                indent=2,
            )
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def new(folder: Path, *, stack: str, way: Way, generation: int, now: Callable[[], float]) -> Record:
    """The record of a failover that begins; not on disk yet."""
    started = datetime.fromtimestamp(now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    return Record(
        path=folder / f"{stack}-{started}.json",
        stack=stack,
        way=way,
        generation=generation,
        now=now,
    )


def unfinished(folder: Path, *, stack: str, now: Callable[[], float]) -> Record | None:
    """The stack's newest failover, if it was interrupted."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        read = json.loads(path.read_text(encoding="utf-8"))
        if read["stack"] == stack:
            record = Record(path=path, **read, now=now)
            return None if record.finished else record
    return None
