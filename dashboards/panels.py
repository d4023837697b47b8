"""What a dashboard is put together from: queries, panels, rows; and how each becomes Grafana's."""

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from alerts.rule import page

DATASOURCE = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Chosen on the dashboard: no panel is tied to one Prometheus."""

UNITS = {
    "Bps": "bytes/s",
    "bytes": "bytes",
    "cps": "/s",
    "currencyUSD": "US$",
    "ops": "/s",
    "percentunit": "%",
    "reqps": "/s",
    "s": "s",
    "short": "",
}
"""Grafana's names of the units that panels have, and how people write them."""

_HEIGHTS = {"graph": 8, "number": 4}
_GOOD, _WARNING, _CRITICAL = "green", "orange", "red"


@dataclass(frozen=True, kw_only=True)
class Query:
    """A PromQL query.

    Attributes:
        expr: PromQL. Rates are over `$__rate_interval`; sums over what is shown are over `$__range`
            and instant.
        legend: name of each series, with labels as `{{label}}`.
        instant: one value for the whole range, instead of one for each step.
    """

    expr: str
    legend: str
    instant: bool = False


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where a value turns from good to warning to critical.

    Attributes:
        warning: in the panel's unit.
        critical: in the panel's unit. Below `warning` if low values are the bad ones.
    """

    warning: float
    critical: float

    def steps(self) -> list[models.Threshold]:
        """Grafana's steps, in rising order; the first holds from minus infinity."""
        if self.critical >= self.warning:
            order = (None, _GOOD), (self.warning, _WARNING), (self.critical, _CRITICAL)
        else:
            order = (None, _CRITICAL), (self.critical, _WARNING), (self.warning, _GOOD)
        return [models.Threshold(value=value, color=color) for value, color in order]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A graph over time, or a number.

    Attributes:
        title: what is shown.
        description: what the value means, and what to make of it.
        unit: Grafana's name of the unit, of `UNITS`. In `percentunit` 1 is 100 %.
        queries: what is drawn.
        kind: `graph`, or `number` for the last value.
        width: of 24 columns.
        thresholds: where the value turns bad, if anywhere.
        alerts: that fire when it is bad: their runbooks are linked.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Literal["graph", "number"] = "graph"
    width: int = 8
    thresholds: Thresholds | None = None
    alerts: tuple[str, ...] = ()

    def build(self, *, id_: int, runbooks: str | None) -> timeseries.Panel | stat.Panel:
        """Grafana's panel, without its place.

        Args:
            id_: unlike any other on the dashboard.
            runbooks: address of the folder of runbooks; without it nothing is linked.
        """
        panel = _graph(self.thresholds) if self.kind == "graph" else _number()
        panel.id(id_).title(self.title).description(self.description).unit(self.unit)
        panel.datasource(DATASOURCE).span(self.width).height(_HEIGHTS[self.kind])
        panel.thresholds(
            dashboard.ThresholdsConfig()
            .mode(models.ThresholdsMode.ABSOLUTE)
            .steps(
                self.thresholds.steps()
                if self.thresholds
                else [models.Threshold(value=None, color=_GOOD)]
            )
        )
        for number, query in enumerate(self.queries):
            panel.with_target(_target(query, chr(ord("A") + number)))
        if self.alerts and runbooks:
            root = runbooks.rstrip("/")
            panel.links(
                [
                    dashboard.DashboardLink(f"Runbook of {alert}")
                    .type(models.DashboardLinkType.LINK)
                    .url(f"{root}/{page(alert)}")
                    .target_blank(True)
                    for alert in self.alerts
                ]
            )
        return panel


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels under one heading.

    Attributes:
        title: the heading.
        panels: from left to right, wrapped at 24 columns.
        needs: scrape jobs, beside n8n's own, without which the row would have no data.
    """

    title: str
    panels: tuple[Panel, ...]
    needs: frozenset[str] = frozenset()


def _graph(thresholds: Thresholds | None) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .fill_opacity(10)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
        )
    )
    if thresholds:
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    return panel


def _number() -> stat.Panel:
    return (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(common_models.BigValueGraphMode.NONE)
    )


def _target(query: Query, ref_id: str) -> prometheus.Dataquery:
    target = (
        prometheus.Dataquery()
        .ref_id(ref_id)
        .datasource(DATASOURCE)
        .expr(query.expr)
        .legend_format(query.legend)
    )
    return target.instant() if query.instant else target.range()
