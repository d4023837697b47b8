"""Executive intelligence: what the platform did, at what cost, and how reliably."""

from alerts.objectives import QUEUE_EFFICIENCY, WEBHOOK_AVAILABILITY, WORKFLOW_SUCCESS
from alerts.slo import PERIOD
from dashboards import ai_gateway, slo
from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import (
    EXECUTIONS,
    NAMESPACE,
    NOT_CANCELLED,
    begun,
    firing,
    or_zero,
    rate,
    share,
    total,
)

_GOOD = f'{EXECUTIONS[:-1]},status="success"}}'
_ROUTER = ai_gateway.ROUTER
_INSIGHTS = f'ai_requests_total{_ROUTER[:-1]},use_case="executive_analysis",status="2xx"}}'
_EXECUTIVE = 'audience="executive"'
_CRITICAL = 'severity="critical"'

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
            alerts=(f"{WEBHOOK_AVAILABILITY.alert}BudgetBurn",),
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
            alerts=(f"{QUEUE_EFFICIENCY.alert}BudgetBurn",),
            queries=(
                Query(
                    expr="1 - "
                    + slo.recorded(f"slo:sli_error:ratio_rate{PERIOD}", QUEUE_EFFICIENCY),
                    legend="efficient",
                ),
            ),
        ),
        slo.left(WORKFLOW_SUCCESS),
    ),
)

_ALERTS = Row(
    title="Alerts",
    panels=(
        Panel(
            title="Alerts to executives per day",
            description="How often an alert that goes to executives began, for each day of what is "
            "shown.",
            unit="short",
            kind="number",
            thresholds=Thresholds(warning=0.5, critical=2),
            queries=(
                Query(
                    expr=f"{begun(_EXECUTIVE)} * 86400 / $__range_s", legend="a day", instant=True
                ),
            ),
        ),
        Panel(
            title="Critical alerts",
            description="How often one began in all that is shown: each called somebody on call.",
            unit="short",
            kind="number",
            thresholds=Thresholds(warning=1, critical=5),
            queries=(Query(expr=begun(_CRITICAL), legend="alerts", instant=True),),
        ),
        Panel(
            title="Critical alerts that fire now",
            description="Different ones. 0 is a platform that needs nobody now.",
            unit="short",
            kind="number",
            thresholds=Thresholds(warning=1, critical=2),
            queries=(Query(expr=firing(_CRITICAL), legend="alerts"),),
        ),
        Panel(
            title="Alerts that fire",
            description="How many different alerts fired at each moment.",
            unit="short",
            width=24,
            queries=(
                Query(expr=firing(_EXECUTIVE), legend="to executives"),
                Query(expr=firing(_CRITICAL), legend="critical"),
            ),
        ),
    ),
)

_AI = Row(
    title="Artificial intelligence",
    needs=ai_gateway.NEEDS,
    panels=(
        Panel(
            title="Insights per day",
            description="Calls of the use case executive_analysis that were answered, for each day "
            "of what is shown. Two or more a day is the goal; a run of the workflow that reports "
            "to executives makes one, every two hours.",
            unit="short",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=2, critical=1),
            queries=(
                Query(
                    expr=f"{or_zero(total(_INSIGHTS))} * 86400 / $__range_s",
                    legend="a day",
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
        Panel(
            title="Cost of language models per day, with and without routing",
            description="Dollars a day at the present rate; without routing every call would go to "
            "the baseline model.",
            unit="currencyUSD",
            width=24,
            queries=tuple(
                Query(
                    expr=f"86400 * {or_zero(rate(f'ai_{what}cost_dollars_total{_ROUTER}'))}",
                    legend=legend,
                )
                for what, legend in (("", "cost"), ("baseline_", "without routing"))
            ),
        ),
    ),
)

BOARD = Board(
    uid="executive-intelligence",
    title="Executive intelligence",
    description="What did the platform do, at what cost, and could it be relied on?",
    namespaces="n8n_version_info",
    since="now-24h",
    refresh="30s",
    rows=(_WORK, _AI, _RELIANCE, _ALERTS),
)
