"""The dashboards as Grafana reads them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards import all_dashboards
from tests.monitoring import prometheus

RUNBOOKS = "https://runbooks.example"
_SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A panel of a dashboard's file; its text names it in a test's report."""

    file: str
    panel: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.json')}: {self.panel.get('title')}"

    @property
    def exprs(self) -> list[str]:
        return [target["expr"] for target in self.panel.get("targets", [])]

    @property
    def metrics(self) -> set[str]:
        """Names of the series that its queries choose; all of them choose by labels."""
        return {name for expr in self.exprs for name in _SERIES.findall(expr)}


def panels(files: Mapping[str, dict[str, Any]]) -> Iterator[Shown]:
    """All panels of dashboards, which are given as JSON by name of file."""
    for name, board in files.items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield Shown(file=name, panel=panel)


FILES: dict[str, dict[str, Any]] = {
    name: json.loads(text) for name, text in all_dashboards(runbooks=RUNBOOKS).items()
}
PANELS = list(panels(FILES))

_TYPE = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
_SERIES_OF = {"counter": ("",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def recorded(*kinds: str) -> frozenset[str]:
    """Names of the recorded series of metrics of these kinds, such as `counter`."""
    return frozenset(
        name + suffix
        for text in prometheus.recordings().values()
        for name, kind in _TYPE.findall(text)
        if kind in kinds
        for suffix in _SERIES_OF[kind]
    )
