"""Measuring one call of the CLI: elapsed time, when the program began, memory of all processes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
from pulumi.automation import EngineEvent

_SAMPLING_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one call took.

    Attributes:
        seconds: from the call to its end.
        start_seconds: from the call to the program's first resource, the stack itself left out.
        peak_mebibytes: most memory that the CLI and everything it started held at one moment
            (proportional set size, so that shared pages count once).
        resources: resources that the engine was told of.
    """

    seconds: float
    start_seconds: float
    peak_mebibytes: float
    resources: int


class _Memory(threading.Thread):
    """Samples the memory of every process that this one has started."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLING_SECONDS):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue  # it ended between being listed and being asked
            self.peak = max(self.peak, total)

    def end(self) -> None:
        """Stop sampling; `peak` is final afterwards."""
        self._ended.set()
        self.join()


def measure(call: Callable[..., Any]) -> Measurement:
    """Run a call of the Automation API that takes `on_event`, and measure it."""
    first: list[float] = []
    resources: set[str] = set()

    def on_event(event: EngineEvent) -> None:
        if event.resource_pre_event:
            metadata = event.resource_pre_event.metadata
            if metadata.type != "pulumi:pulumi:Stack":
                first.append(time.monotonic())
                resources.add(metadata.urn)

    memory = _Memory()
    memory.start()
    began = time.monotonic()
    call(on_event=on_event)
    ended = time.monotonic()
    memory.end()
    return Measurement(
        seconds=ended - began,
        start_seconds=(first[0] if first else ended) - began,
        peak_mebibytes=memory.peak / 2**20,
        resources=len(resources),
    )
