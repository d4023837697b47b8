"""Alerts on the AI gateway."""

from alerts.rule import Alert

_CALLS = 'ai_requests_total{namespace="$namespace",job="ai-router"}'
_KEYS = 'ai_provider_key_present{namespace="$namespace",job="ai-router"}'

ALERTS = (
    Alert(
        name="AiBudgetNear",
        # Each router counts its own: one that is at its limit refuses, whatever the others have.
        expr='max by (namespace, use_case) (ai_budget_spent_dollars{namespace="$namespace",'
        'job="ai-router"} / (ai_budget_dollars{namespace="$namespace",job="ai-router"} > 0)) > 0.8',
        wait="0m",
        severity="warning",
        summary="A use case has spent most of the day's budget for AI.",
        description="{{ $labels.use_case }} has spent {{ $value | humanizePercentage }} in one "
        "worker. At 100 % its calls are refused until midnight UTC.",
    ),
    Alert(
        name="AiFallingOver",
        expr='sum by (namespace, use_case) (rate(ai_fallbacks_total{namespace="$namespace",'
        'job="ai-router"}[15m]))'
        f" / (sum by (namespace, use_case) (rate({_CALLS}[15m])) > 0) > 0.2",
        wait="10m",
        seen_after=None,
        severity="warning",
        summary="A use case's first model does not answer; others do in its place.",
        description="{{ $value | humanizePercentage }} of the calls of {{ $labels.use_case }} were "
        "answered by another model than the first, slower and maybe dearer.",
    ),
    Alert(
        name="AiCallsFailing",
        # The codes of the README that are not the caller's fault, nor a limit that was set.
        expr='sum by (namespace, use_case) (rate(ai_errors_total{namespace="$namespace",'
        'job="ai-router",reason=~"provider_.+|malformed_answer|answer_too_large|gateway_.+|'
        'key_missing|timeout|stream_broke_off"}[15m]))'
        f" / (sum by (namespace, use_case) (rate({_CALLS}[15m])) > 0) > 0.05",
        wait="10m",
        seen_after=None,
        severity="critical",
        summary="Calls of AI fail for no fault of the caller.",
        description="{{ $value | humanizePercentage }} of the calls of {{ $labels.use_case }} "
        "fail, and with them the workflows that make them.",
    ),
    Alert(
        name="AiProviderKeyMissing",
        # Where none has had one for a day, nobody has set AI up. Calls that fail all the same are
        # AiCallsFailing.
        expr=f"(max by (namespace, provider) ({_KEYS}) == 0)"
        f" and on (namespace) (max by (namespace) (max_over_time({_KEYS}[1d])) > 0)",
        wait="15m",
        severity="warning",
        summary="The key of an AI provider is missing.",
        description="No worker has the key of {{ $labels.provider }}: its models are left out.",
    ),
    Alert(
        name="AiMeteringFailing",
        expr='sum by (namespace) (increase(ai_metering_failures_total{namespace="$namespace",'
        'job="ai-router"}[1h])) > 0',
        wait="0m",
        severity="warning",
        summary="The AI gateway cannot count what some calls cost.",
        description="Costs and budgets are too low by these calls: it is a mistake of the router.",
    ),
)
"""All of them."""
