"""Writes `docs/dashboards.md` and the pictures in it from the dashboards; `make docs` calls it."""

import re
from collections.abc import Iterator

from alerts.rule import page
from dashboards import BOARDS, JOBS
from dashboards.board import Board
from dashboards.panels import UNITS, Panel, Row
from dashboards.picture import picture

_INTRODUCTION = """\
# Dashboards

<!-- Made of dashboards/ by `make docs`; not edited by hand. -->

What Grafana shows, where `monitoring.stack` is not `none`: each dashboard is a ConfigMap in
`monitoring.namespace`, with the label by which Grafana's sidecar finds it. They are code
(`dashboards/`) and read-only in Grafana: the next deployment would undo what somebody changes
there. To see them in a Grafana of your own, import the files that this writes:

```sh
python -m dashboards build/dashboards
```

All have a list of the others, and take the chosen time and namespace along. Where
`monitoring.runbookUrl` is set, a panel leads to the runbooks of the alerts that fire when its value
is bad. Rows about what a stack does not have are left out. Every panel has data in a healthy
system that works on something. Those marked <sup>c</sup> show what the cluster says of itself,
through kube-state-metrics and the kubelets: `install` brings the one and reads the others. The
embedded cluster's Prometheus reads neither, so these are empty there.

Pictures show the layout and no data: the curves stand for graphs, the bars at the right for
thresholds.
"""

_NEEDED = {
    "ai-router": "where the AI gateway runs",
    "cron-jobs": "where there are jobs of data subjects or backups",
    "gateway": "where the gateway is Envoy Gateway's",
    "external-secrets": "where secrets come from Pulumi ESC",
    "postgres": "where PostgreSQL runs in the cluster",
    "probe-webhooks": "where the public addresses have certificates",
    "probes": "where Redis or the public addresses have certificates",
}
"""What a stack has that has the scrape job."""

_CLUSTER = re.compile(r"\b(kube|kubelet|container)_")
"""How metrics begin that are the cluster's own, which not every Prometheus reads."""


def files() -> dict[str, str]:
    """The page and its pictures, by path below `docs/`."""
    pictures = {_path(board): picture(board, jobs=JOBS) for board in BOARDS}
    return {"dashboards.md": "\n".join([_INTRODUCTION, *_contents(), *_boards()]), **pictures}


def _path(board: Board) -> str:
    return f"images/dashboards/{board.uid}.svg"


def _contents() -> Iterator[str]:
    for board in BOARDS:
        yield f"- [{board.title}](#{board.title.lower().replace(' ', '-')}): {board.description}"
    yield ""


def _boards() -> Iterator[str]:
    for board in BOARDS:
        yield f"## {board.title}"
        yield ""
        yield f"{board.description} {_chosen(board)}"
        yield ""
        yield f"![Layout of the dashboard {board.title}]({_path(board)})"
        yield ""
        yield "| panel | shows | unit | colours | runbooks |"
        yield "|---|---|---|---|---|"
        for row in board.rows:
            yield f"| **{row.title}**{_needs(row)} | | | | |"
            for panel in row.panels:
                runbooks = " ".join(f"[{each}](runbooks/{page(each)})" for each in panel.alerts)
                cells = (panel.title + _mark(panel), panel.description, UNITS[panel.unit])
                yield f"| {' | '.join(cells)} | {_colours(panel)} | {runbooks} |"
        yield ""


def _chosen(board: Board) -> str:
    """What can be chosen, which time is shown at first, and how often it asks again."""
    chosen = ["data source", *(["namespace"] if board.namespaces else [])]
    chosen += ["tier"] if board.by_tier else []
    return (
        f"To choose: {', '.join(chosen)}. At first it shows the last "
        f"{board.since.removeprefix('now-')}; it asks again every {board.refresh}."
    )


def _needs(row: Row) -> str:
    reasons = ", ".join(_NEEDED[job] for job in sorted(row.needs))
    return f", {reasons}" if reasons else ""


def _mark(panel: Panel) -> str:
    """That a panel shows nothing but the cluster's own metrics."""
    own = all(_CLUSTER.search(query.expr) for query in panel.queries)
    return " <sup>c</sup>" if own else ""


def _colours(panel: Panel) -> str:
    if panel.thresholds is None:
        return ""
    warning, critical = (
        _value(value, panel.unit) for value in (panel.thresholds.warning, panel.thresholds.critical)
    )
    if panel.thresholds.critical >= panel.thresholds.warning:
        return f"orange from {warning}, red from {critical}"
    return f"orange below {warning}, red below {critical}"


def _value(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value * 100:.5g} %"
    days, rest = divmod(value, 86400)
    if unit == "s" and days and not rest:
        return f"{days:g} days"
    return f"{value:g} {UNITS[unit]}".strip()
