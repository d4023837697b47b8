"""Executive intelligence: what the platform did, at what cost, and how reliably."""

from alerts.objectives import QUEUE_EFFICIENCY, WEBHOOK_AVAILABILITY
from alerts.slo import PERIOD
from dashboards import ai_gateway, slo
from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import EXECUTIONS, NAMESPACE, NOT_CANCELLED, or_zero, rate, share, total

_GOOD = f'{EXECUTIONS[:-1]},status="success"}}'

_WORK = Row(
    title="Work",
    panels=(
        Panel(
            title="Workflow executions",
            description="Executions that ended in all that is shown.",
            unit="short",
            kind="number",
            width=6,
            queries=(Query(expr=or_zero(total(EXECUTIONS)), legend="executions", instant=True),),
        ),
        Panel(
            title="Successful executions",
            description="Share of executions that succeeded, of those that were not cancelled. "
            "100 % if there were none.",
            unit="percentunit",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=0.99, critical=0.95),
            queries=(
                Query(
                    expr="1 - "
                    + share(
                        f"({total(NOT_CANCELLED)} - {or_zero(total(_GOOD))})",
                        total(NOT_CANCELLED),
                    ),
                    legend="successful",
                    instant=True,
                ),
            ),
        ),
        Panel(
            title="Active workflows",
            description="Workflows that are published now.",
            unit="short",
            kind="number",
            width=6,
            queries=(
                # Each pod says the same number, of the whole platform.
                Query(expr=f"max(n8n_active_workflow_count{{{NAMESPACE}}})", legend="active"),
            ),
        ),
        Panel(
            title="Jobs waiting",
            description="Executions that wait for a worker now.",
            unit="short",
            kind="number",
            width=6,
            queries=(
                Query(
                    expr=f"max(n8n_scaling_mode_queue_jobs_waiting{{{NAMESPACE}}})",
                    legend="waiting",
                ),
            ),
        ),
        Panel(
            title="Executions per hour",
            description="At the present rate, by how they ended.",
            unit="short",
            width=24,
            queries=(Query(expr=f"3600 * {rate(EXECUTIONS, by='status')}", legend="{{status}}"),),
        ),
    ),
)

_RELIANCE = Row(
    title="Reliability",
    panels=(
        Panel(
            title="Availability of webhooks",
            description=f"Over {PERIOD}; {WEBHOOK_AVAILABILITY.objective:.2%} is promised. Good "
            f"is: {WEBHOOK_AVAILABILITY.meaning}",
            unit="percentunit",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=WEBHOOK_AVAILABILITY.objective, critical=0.999),
            queries=(
                Query(
                    expr="1 - "
                    + slo.recorded(f"slo:sli_error:ratio_rate{PERIOD}", WEBHOOK_AVAILABILITY),
                    legend="available",
                ),
            ),
        ),
        slo.left(WEBHOOK_AVAILABILITY),
        Panel(
            title="Queue efficiency",
            description=f"Over {PERIOD}; {QUEUE_EFFICIENCY.objective:.0%} is promised. Good is: "
            f"{QUEUE_EFFICIENCY.meaning}",
            unit="percentunit",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=QUEUE_EFFICIENCY.objective, critical=0.9),
            queries=(
                Query(
                    expr="1 - "
                    + slo.recorded(f"slo:sli_error:ratio_rate{PERIOD}", QUEUE_EFFICIENCY),
                    legend="efficient",
                ),
            ),
        ),
        Panel(
            title="Critical alerts",
            description="Different critical alerts that fired in all that is shown.",
            unit="short",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=1, critical=5),
            queries=(
                Query(
                    expr=or_zero(
                        "count(count by (alertname) (last_over_time(ALERTS"
                        f'{{{NAMESPACE},alertstate="firing",severity="critical"}}[$__range])))'
                    ),
                    legend="alerts",
                    instant=True,
                ),
            ),
        ),
    ),
)

_AI = Row(
    title="Artificial intelligence",
    needs=ai_gateway.NEEDS,
    panels=(
        Panel(
            title="Calls of language models",
            description="Calls that workflows made in all that is shown.",
            unit="short",
            kind="number",
            width=6,
            queries=(
                Query(
                    expr=or_zero(total(f"ai_requests_total{ai_gateway.ROUTER}")),
                    legend="calls",
                    instant=True,
                ),
            ),
        ),
        Panel(
            title="Cost of language models",
            description="In all that is shown: tokens times the price table, and no invoice.",
            unit="currencyUSD",
            kind="number",
            width=6,
            queries=(Query(expr=ai_gateway.COST, legend="cost", instant=True),),
        ),
        Panel(
            title="Saved by routing",
            description="Share of what the same tokens would have cost on the baseline model that "
            "was not spent.",
            unit="percentunit",
            kind="number",
            width=6,
            queries=(Query(expr=ai_gateway.SAVED, legend="saved", instant=True),),
        ),
        Panel(
            title="Dollars saved by routing",
            description="What the same tokens would have cost more on the baseline model.",
            unit="currencyUSD",
            kind="number",
            width=6,
            queries=(Query(expr=ai_gateway.SAVED_DOLLARS, legend="saved", instant=True),),
        ),
    ),
)

BOARD = Board(
    uid="executive-intelligence",
    title="Executive intelligence",
    description="What did the platform do, at what cost, and could it be relied on?",
    namespaces="n8n_version_info",
    since="now-7d",
    rows=(_WORK, _RELIANCE, _AI),
)
