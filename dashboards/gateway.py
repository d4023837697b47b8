"""Rows about webhooks where callers are: at the gateway, which Envoy counts there."""

from alerts.objectives import GATEWAY, WEBHOOKS_AT_GATEWAY, quick_at_gateway
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, or_zero, quantile, rate, share

_NEEDS = frozenset({GATEWAY})
_OF_GATEWAY = f'job="{GATEWAY}",{NAMESPACE}'
_TIME = "envoy_cluster_upstream_rq_time"
_TIMED = rate(f"{_TIME}_count{{{WEBHOOKS_AT_GATEWAY}}}")


def _answers(labels: str = "", *, by: str = "") -> str:
    return rate(f"envoy_cluster_upstream_rq{{{WEBHOOKS_AT_GATEWAY}{labels}}}", by=by)


_TRAFFIC = Row(
    title="At the gateway",
    needs=_NEEDS,
    panels=(
        Panel(
            title="Webhook calls at the gateway by status",
            description="What callers were answered, by webhook pods or by the gateway for want of "
            "one that it reaches. A call that was tried again counts once.",
            unit="reqps",
            queries=(
                Query(
                    expr=_answers(by="envoy_response_code"),
                    legend="{{envoy_response_code}}",
                ),
            ),
        ),
        Panel(
            title="Refused by the gateway alone",
            description="Calls that Envoy answered without looking for a pod: none was ready. "
            "Those of the editor are among them.",
            unit="reqps",
            alerts=("N8nWebhookDown", "N8nMainDown"),
            queries=(
                Query(
                    expr=or_zero(rate(f"envoy_http_rq_direct_response{{{_OF_GATEWAY}}}")),
                    legend="refused",
                ),
            ),
        ),
        Panel(
            title="Gateway pods that answer",
            description="Envoys whose metrics Prometheus can read. At 0 nobody reaches n8n, or "
            "Prometheus does not reach them.",
            unit="short",
            alerts=("N8nGatewayDown", "N8nMetricsMissing"),
            queries=(Query(expr=f"sum(up{{{_OF_GATEWAY}}})", legend="pods"),),
        ),
    ),
)

_QUALITY = Row(
    title="What callers see",
    needs=_NEEDS,
    panels=(
        Panel(
            title="Webhook latency at the gateway",
            description="From the end of a call to the end of its answer, as Envoy times it with "
            "what is tried again. 150 ms of P99 are promised. A webhook that answers when its "
            "workflow has ended takes as long as the workflow.",
            unit="s",
            thresholds=Thresholds(warning=0.15, critical=0.25),
            alerts=("N8nGatewayLatencyBudgetBurn",),
            queries=tuple(
                # Envoy counts milliseconds.
                Query(
                    expr=f"{quantile(of, f'{_TIME}{{{WEBHOOKS_AT_GATEWAY}}}')} / 1000",
                    legend=name,
                )
                for of, name in ((0.5, "P50"), (0.9, "P90"), (0.99, "P99"))
            ),
        ),
        Panel(
            title="Webhook calls answered within 150 ms",
            description="Share of the calls that a pod answered; without calls it is 100 %. Of an "
            "Envoy that has no such bucket, within 100 ms.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.99, critical=0.98),
            alerts=("N8nGatewayLatencyBudgetBurn",),
            queries=(
                Query(
                    expr="1 - "
                    + share(f"({_TIMED} - {quick_at_gateway('$__rate_interval')})", _TIMED),
                    legend="within 150 ms",
                ),
            ),
        ),
        Panel(
            title="Webhook calls answered with 5xx at the gateway",
            description="Share of calls, without those of paths that no workflow has (404). The "
            "availability objective allows 0.05 % over 30 days.",
            unit="percentunit",
            # 14.4 and 1 times what the SLO allows: the fastest and the slowest burn that is told.
            thresholds=Thresholds(warning=0.0005, critical=0.0072),
            alerts=("N8nWebhookAvailabilityBudgetBurn",),
            queries=(
                Query(
                    expr=share(
                        _answers(',envoy_response_code=~"5.."'),
                        _answers(',envoy_response_code!="404"'),
                    ),
                    legend="5xx",
                ),
            ),
        ),
    ),
)

ROWS = (_TRAFFIC, _QUALITY)
