"""SLO and error budget: is what the platform promises kept, and how fast is the budget spent?"""

from alerts.objectives import GATEWAY, GATEWAY_LATENCY, SLOS
from alerts.slo import PERIOD, Slo
from dashboards import probes
from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, firing

_WINDOWS = ("5m", "1h", "6h", "3d")
"""Of the recorded windows: the short and long ends of both kinds of alert."""


def recorded(name: str, slo: Slo) -> str:
    """A series that the recording rules make for an SLO."""
    return f'{name}{{namespace="$namespace",slo="{slo.name}"}}'


def left(slo: Slo) -> Panel:
    """What is left of an SLO's error budget, as a number."""
    return Panel(
        title=f"{slo.name}: budget left",
        description=f"Of the {slo.budget:.2%} that may be bad over {PERIOD}. Below 0 the promise "
        f"is broken. Good is: {slo.meaning}",
        unit="percentunit",
        kind="number",
        width=6,
        thresholds=Thresholds(warning=0.25, critical=0),
        alerts=(f"{slo.alert}BudgetBurn",),
        queries=(Query(expr=recorded("slo:error_budget_remaining:ratio", slo), legend="left"),),
    )


def kept(slo: Slo) -> Panel:
    """The share that was good over the objective's period, as a number."""
    return Panel(
        title=f"{slo.name}: kept",
        description=f"Share that was good over {PERIOD}, of {slo.objective:.2%} promised.",
        unit="percentunit",
        kind="number",
        width=6,
        thresholds=Thresholds(warning=slo.objective, critical=slo.objective - slo.budget),
        queries=(
            Query(expr=f"1 - {recorded(f'slo:sli_error:ratio_rate{PERIOD}', slo)}", legend="kept"),
        ),
    )


def _burn(slo: Slo) -> Panel:
    return Panel(
        title=f"{slo.name}: burn rate",
        description="How many times as fast as it may be the budget is spent, by window: at 1 it "
        "lasts exactly 30 days. Alerts are at 14.4 (1h and 5m), 6 (6h and 30m), 3 and 1.",
        unit="short",
        width=12,
        thresholds=Thresholds(warning=1, critical=14.4),
        alerts=(f"{slo.alert}BudgetBurn",),
        queries=tuple(
            Query(
                expr=f"{recorded(f'slo:sli_error:ratio_rate{window}', slo)} / {slo.budget}",
                legend=window,
            )
            for window in _WINDOWS
        ),
    )


def _budget(slo: Slo) -> Panel:
    return Panel(
        title=f"{slo.name}: budget over time",
        description="What was left of the budget of the 30 days before each moment. It comes back "
        "as bad moments grow older than that.",
        unit="percentunit",
        width=12,
        thresholds=Thresholds(warning=0.25, critical=0),
        queries=(Query(expr=recorded("slo:error_budget_remaining:ratio", slo), legend="left"),),
    )


_DETECTION = Row(
    title="Detection",
    panels=(
        Panel(
            title="Targets that answer",
            description="Share of each job's targets that Prometheus can read: what it cannot "
            "read raises no alert but N8nMetricsMissing.",
            unit="percentunit",
            width=12,
            thresholds=Thresholds(warning=1, critical=0.5),
            alerts=("N8nMetricsMissing",),
            queries=(Query(expr=f"avg by (job) (up{{{NAMESPACE}}})", legend="{{job}}"),),
        ),
        Panel(
            title="Alerts that fire",
            description="How many different alerts fired at each moment.",
            unit="short",
            width=12,
            queries=tuple(
                Query(expr=firing(f'severity="{severity}"'), legend=severity)
                for severity in ("critical", "warning")
            ),
        ),
    ),
)

BOARD = Board(
    uid="slo-error-budget",
    title="SLO and error budget",
    description="Is what the platform promises kept, and how fast is its error budget spent?",
    namespaces="slo:objective:ratio",
    since="now-7d",
    rows=(
        Row(title="Error budget", panels=tuple(left(slo) for slo in SLOS)),
        Row(title="Kept", panels=tuple(kept(slo) for slo in SLOS)),
        *(Row(title=slo.name, panels=(_burn(slo), _budget(slo))) for slo in SLOS),
        Row(
            title=GATEWAY_LATENCY.name,
            needs=frozenset({GATEWAY}),
            panels=tuple(show(GATEWAY_LATENCY) for show in (left, kept, _burn, _budget)),
        ),
        probes.WAY_IN,
        _DETECTION,
    ),
)
