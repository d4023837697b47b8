"""A dashboard: rows of panels, variables that choose what they show, links to the others."""

from collections.abc import Collection
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import DATASOURCE, Row

_TAG = "n8n-platform"
_TIERS = "main,webhook,worker"
_ALL = models.VariableOption(text=["All"], value=["$__all"], selected=True)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard.

    Attributes:
        uid: name in its address, and of its file.
        title: as people look for it.
        description: the question that it answers.
        rows: from top to bottom.
        namespaces: metric whose `namespace` labels can be chosen from; none if nothing is chosen.
        by_tier: whether main, webhook and worker can be chosen from.
        since: what is shown at first, for example `now-6h`.
        refresh: how often it asks again, for example `1m`.
    """

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    namespaces: str | None = None
    by_tier: bool = False
    since: str = "now-6h"
    refresh: str = "1m"

    def json(self, *, jobs: Collection[str], runbooks: str | None) -> str | None:
        """The dashboard as Grafana reads it, or None if nothing is left of it.

        Args:
            jobs: scrape jobs that there are: rows that need others are left out.
            runbooks: address of the folder of runbooks; without it nothing is linked.
        """
        rows = [row for row in self.rows if row.needs <= set(jobs)]
        if not rows:
            return None
        board = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([_TAG])
            # Changes belong here, in code: the next deployment would undo those made in Grafana.
            .readonly()
            .time(self.since, "now")
            .refresh(self.refresh)
            .timezone("browser")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .variables(self._variables())
            .links(_links(runbooks))
        )
        id_ = 0
        for row in rows:
            id_ += 1
            board.with_row(dashboard.Row(row.title).id(id_))
            for panel in row.panels:
                id_ += 1
                board.with_panel(panel.build(id_=id_, runbooks=runbooks))
        return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"

    def _variables(self) -> list[Builder[models.VariableModel]]:
        found: list[Builder[models.VariableModel]] = [
            dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
        ]
        if self.namespaces:
            found.append(
                dashboard.QueryVariable("namespace")
                .label("Namespace")
                .datasource(DATASOURCE)
                .query(f"label_values({self.namespaces}, namespace)")
                .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
                .sort(models.VariableSort.ALPHABETICAL_ASC)
            )
        if self.by_tier:
            found.append(
                dashboard.CustomVariable("tier")
                .label("Tier")
                .values(_TIERS)
                .multi(True)
                .include_all(True)
                .current(_ALL)
            )
        return found


def _links(runbooks: str | None) -> list[Builder[models.DashboardLink]]:
    others = (
        dashboard.DashboardLink("Other dashboards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([_TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    if not runbooks:
        return [others]
    pages = (
        dashboard.DashboardLink("Runbooks")
        .type(models.DashboardLinkType.LINK)
        .url(runbooks)
        .target_blank(True)
    )
    return [others, pages]
