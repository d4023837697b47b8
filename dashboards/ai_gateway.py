"""AI gateway costs: what language models cost, what routing saves, and how calls end."""

from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, or_zero, quantile, rate, share, total

ROUTER = f'{{job="ai-router",{NAMESPACE}}}'
"""The router runs beside each worker: every value is a sum, or a maximum, over them."""

COST = or_zero(total(f"ai_cost_dollars_total{ROUTER}"))
_BASELINE = or_zero(total(f"ai_baseline_cost_dollars_total{ROUTER}"))
SAVED_DOLLARS = f"{_BASELINE} - {COST}"
SAVED = f"({SAVED_DOLLARS}) / clamp_min({_BASELINE}, 1e-9)"
"""Share of the baseline model's cost that was not spent; 0 without calls."""
NEEDS = frozenset({"ai-router"})

_MONEY = Row(
    title="Money",
    needs=NEEDS,
    panels=(
        Panel(
            title="Cost",
            description="In all that is shown: tokens times the price table, and no invoice.",
            unit="currencyUSD",
            kind="number",
            width=6,
            queries=(Query(expr=COST, legend="cost", instant=True),),
        ),
        Panel(
            title="Cost of 30 days like these",
            description="What 30 days cost if they are as what is shown.",
            unit="currencyUSD",
            kind="number",
            width=6,
            queries=(
                Query(expr=f"{COST} * 30 * 86400 / $__range_s", legend="30 days", instant=True),
            ),
        ),
        Panel(
            title="Saved by routing",
            description="Share of what the same tokens would have cost on the baseline model that "
            "was not spent.",
            unit="percentunit",
            kind="number",
            width=6,
            queries=(Query(expr=SAVED, legend="saved", instant=True),),
        ),
        Panel(
            title="Calls whose cost is not known",
            description="Answers that told no tokens, or impossible ones, or that the router "
            "failed to count: not in the cost.",
            unit="short",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=1, critical=100),
            alerts=("AiMeteringFailing",),
            queries=(
                Query(
                    expr=" + ".join(
                        or_zero(total(f"ai_{name}_total{ROUTER}"))
                        for name in ("usage_missing", "usage_invalid", "metering_failures")
                    ),
                    legend="calls",
                    instant=True,
                ),
            ),
        ),
        Panel(
            title="Cost by use case",
            description="Dollars per hour at the present rate.",
            unit="currencyUSD",
            width=12,
            queries=(
                Query(
                    expr=f"3600 * {rate(f'ai_cost_dollars_total{ROUTER}', by='use_case')}",
                    legend="{{use_case}}",
                ),
            ),
        ),
        Panel(
            title="Cost by model",
            description="Dollars per hour at the present rate.",
            unit="currencyUSD",
            width=12,
            queries=(
                Query(
                    expr=f"3600 * {rate(f'ai_cost_dollars_total{ROUTER}', by='provider,model')}",
                    legend="{{provider}} {{model}}",
                ),
            ),
        ),
        Panel(
            title="Budget spent",
            description="Share of a use case's budget of the day (UTC) that is spent, on the "
            "worker that spent most of its own. At 100 % calls are refused there.",
            unit="percentunit",
            width=12,
            thresholds=Thresholds(warning=0.8, critical=1),
            alerts=("AiBudgetNear",),
            queries=(
                Query(
                    expr="max by (use_case) "
                    f"(ai_budget_spent_dollars{ROUTER} / (ai_budget_dollars{ROUTER} > 0))",
                    legend="{{use_case}}",
                ),
            ),
        ),
        Panel(
            title="Tokens",
            description="Sent, read from a provider's cache, answered.",
            unit="cps",
            width=12,
            queries=(
                Query(
                    expr=rate(f"ai_tokens_total{ROUTER}", by="direction"), legend="{{direction}}"
                ),
            ),
        ),
    ),
)

_CALLS = Row(
    title="Calls",
    needs=NEEDS,
    panels=(
        Panel(
            title="Routers that answer",
            description="Routers whose metrics Prometheus can read: one beside each worker.",
            unit="short",
            width=6,
            alerts=("AiRouterDown",),
            queries=(Query(expr=f"sum(up{ROUTER})", legend="routers"),),
        ),
        Panel(
            title="Calls by status",
            description="Calls that workflows made, by the class of the answer's status.",
            unit="reqps",
            width=6,
            queries=(
                Query(expr=rate(f"ai_requests_total{ROUTER}", by="status"), legend="{{status}}"),
            ),
        ),
        Panel(
            title="Calls that failed",
            description="Share of calls answered with 5xx: no model of the route answered.",
            unit="percentunit",
            width=6,
            thresholds=Thresholds(warning=0.01, critical=0.1),
            alerts=("AiCallsFailing",),
            queries=(
                Query(
                    expr=share(
                        rate(f'ai_requests_total{ROUTER[:-1]},status="5xx"}}'),
                        rate(f"ai_requests_total{ROUTER}"),
                    ),
                    legend="failed",
                ),
            ),
        ),
        Panel(
            title="Reasons of failures",
            description="What the router says why a call failed.",
            unit="ops",
            width=6,
            queries=(
                Query(expr=or_zero(rate(f"ai_errors_total{ROUTER}")), legend="all"),
                Query(expr=rate(f"ai_errors_total{ROUTER}", by="reason"), legend="{{reason}}"),
            ),
        ),
        Panel(
            title="Latency by tier of model, P95",
            description="From a call's arrival to the end of its answer.",
            unit="s",
            queries=(
                Query(
                    expr=quantile(0.95, f"ai_request_seconds{ROUTER}", by="tier"),
                    legend="{{tier}}",
                ),
            ),
        ),
        Panel(
            title="Fallbacks and retries",
            description="Models passed over before one answered, and retries of the one that did: "
            "a provider in trouble.",
            unit="ops",
            alerts=("AiFallingOver",),
            queries=(
                Query(expr=or_zero(rate(f"ai_fallbacks_total{ROUTER}")), legend="fallbacks"),
                Query(expr=or_zero(rate(f"ai_retries_total{ROUTER}")), legend="retries"),
            ),
        ),
        Panel(
            title="Providers' keys",
            description="1 where every worker has the provider's key, 0 where one has not: its "
            "models are left out there.",
            unit="short",
            thresholds=Thresholds(warning=1, critical=0.5),
            alerts=("AiProviderKeyMissing",),
            queries=(
                Query(
                    expr=f"min by (provider) (ai_provider_key_present{ROUTER})",
                    legend="{{provider}}",
                ),
            ),
        ),
    ),
)

BOARD = Board(
    uid="ai-gateway-costs",
    title="AI gateway costs",
    description="What do language models cost, what does routing save, and how do calls end?",
    namespaces="ai_provider_key_present",
    since="now-24h",
    rows=(_MONEY, _CALLS),
)
