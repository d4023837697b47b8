"""Pieces of PromQL that the dashboards share."""

NAMESPACE = 'namespace="$namespace"'
TIER = f'job=~"n8n-$tier",{NAMESPACE}'
TIER_PODS = f'{NAMESPACE},container="n8n",pod=~"n8n-$tier-.+"'
"""Of metrics that kubelets and kube-state-metrics have of n8n's containers."""

EXECUTIONS = (
    'n8n_workflow_execution_duration_seconds_count{job=~"n8n-main|n8n-webhook",' + NAMESPACE + "}"
)
"""Executions that ended, by `status`. They end where they were queued: workers count none."""
NOT_CANCELLED = EXECUTIONS[:-1] + ',status!~"cancell?ed"}'
"""Those that the objective of workflows' success counts."""


def rate(series: str, *, by: str = "") -> str:
    """The sum of a counter's rate per second, by labels if any are given (`a,b`)."""
    return f"{_sum(by)} (rate({series}[$__rate_interval]))"


def total(series: str, *, by: str = "") -> str:
    """By how much a counter rose in all that the dashboard shows; for instant queries."""
    return f"{_sum(by)} (increase({series}[$__range]))"


def or_zero(expr: str) -> str:
    """0 where there is no series: n8n's event counters appear with their first event only.

    The expression must have no labels, as a sum without `by` has none.
    """
    return f"({expr} or vector(0))"


def share(part: str, whole: str) -> str:
    """Which share of the whole the part is; 0 when nothing happens at all.

    So it is for the share of what is bad, and `1 - share(…)` for what is good.
    """
    return f"{or_zero(part)} / clamp_min({or_zero(whole)}, 1e-9)"


def share_by(label: str, part: str, whole: str) -> str:
    """Which share of a counter's growth another counter's is, for each value of a label.

    Nothing where the whole does not grow.
    """
    return f"{rate(part, by=label)} / ({rate(whole, by=label)} > 0)"


def quantile(of: float, histogram: str, *, by: str = "") -> str:
    """A quantile of a histogram, interpolated within its bucket.

    Args:
        of: the quantile, for example 0.99.
        histogram: its series, without the `_bucket` of the name: `name{labels}`.
        by: labels, `a,b`, to tell apart.
    """
    name, _, labels = histogram.partition("{")
    buckets = rate(f"{name}_bucket{{{labels}", by=f"{by},le" if by else "le")
    return f"histogram_quantile({of}, {buckets})"


def firing(labels: str) -> str:
    """How many different alerts with these labels (`a="b"`) fire; 0 if none does."""
    series = f'ALERTS{{{NAMESPACE},alertstate="firing",{labels}}}'
    return or_zero(f"count(count by (alertname) ({series}))")


def begun(labels: str) -> str:
    """How often an alert with these labels began to fire in all that is shown; instant.

    Seen once a minute: one that is over before that is missed.
    """
    series = f'ALERTS{{{NAMESPACE},alertstate="firing",{labels}}}'
    return or_zero(f"sum(count_over_time(({series} unless {series} offset 1m)[$__range:1m]))")


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"
