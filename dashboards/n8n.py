"""n8n performance: traffic, latency, errors and saturation of each tier, and what lies behind."""

from dashboards import capacity, gateway
from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import (
    EXECUTIONS,
    NAMESPACE,
    NOT_CANCELLED,
    TIER,
    TIER_PODS,
    quantile,
    rate,
    share,
    share_by,
)

_WEBHOOK = f'{{job="n8n-webhook",{NAMESPACE}}}'
_MAIN = f'{{job="n8n-main",{NAMESPACE}}}'
_TIERS = f"{{{TIER}}}"
_DURATION = EXECUTIONS.replace("_count{", "{")
_REQUESTS = "n8n_webhook_request_duration_seconds"


def _webhook_requests(labels: str = "") -> str:
    return rate(f'{_REQUESTS}_count{{job="n8n-webhook",{NAMESPACE}{labels}}}')


_DONE = ',status_code=~"2.."'
_SLOW = (
    f"({_webhook_requests(_DONE)} - "
    + rate(f'{_REQUESTS}_bucket{{job="n8n-webhook",{NAMESPACE}{_DONE},le="0.1"}}')
    + ")"
)

_PODS = Row(
    title="Pods",
    panels=(
        Panel(
            title="Pods that answer, by tier",
            description="Pods whose metrics Prometheus can read. A deleted pod is no longer "
            "counted; one that hangs is there and counts as 0.",
            unit="short",
            alerts=(
                "N8nMainDown",
                "N8nWebhookDown",
                "N8nWorkerDown",
                "N8nTierBelowMinimum",
                "N8nMetricsMissing",
            ),
            queries=(Query(expr=f"sum by (job) (up{_TIERS})", legend="{{job}}"),),
        ),
        Panel(
            title="Leaders",
            description="Main pods that start schedules and prune old executions. At 0 nobody "
            "does.",
            unit="short",
            thresholds=Thresholds(warning=1, critical=0.5),
            alerts=("N8nNoLeader",),
            queries=(Query(expr=f"sum(n8n_instance_role_leader{_MAIN})", legend="leaders"),),
        ),
        Panel(
            title="Age of n8n's process by pod",
            description="A line that falls to 0 is a restart; one that does so again and again is "
            "a container that cannot start, or that is killed.",
            unit="s",
            alerts=("N8nContainerRestarting",),
            queries=(
                Query(expr=f"time() - n8n_process_start_time_seconds{_TIERS}", legend="{{pod}}"),
            ),
        ),
    ),
)

_TRAFFIC = Row(
    title="Traffic",
    panels=(
        Panel(
            title="Webhook requests by status",
            description="Calls of production webhooks that the webhook tier answered.",
            unit="reqps",
            queries=(
                Query(
                    expr=rate(f"{_REQUESTS}_count{_WEBHOOK}", by="status_code"),
                    legend="{{status_code}}",
                ),
            ),
        ),
        Panel(
            title="Workflow executions",
            description="Executions that ended. Failed ones are failures of a workflow, which may "
            "be the workflow's own mistake.",
            unit="ops",
            queries=(Query(expr=rate(EXECUTIONS, by="status"), legend="{{status}}"),),
        ),
        Panel(
            title="Nodes executed by pod",
            description="Steps of workflows that each worker finished. A worker at 0 while others "
            "work has stopped taking jobs.",
            unit="ops",
            queries=(
                Query(
                    expr=rate(f'n8n_node_finished_total{{job="n8n-worker",{NAMESPACE}}}', by="pod"),
                    legend="{{pod}}",
                ),
            ),
        ),
    ),
)

_LATENCY = Row(
    title="Latency",
    panels=(
        Panel(
            title="Webhook latency",
            description="From a call's arrival at a webhook pod to its answer. n8n counts in "
            "buckets up to 0.003, 0.03, 0.1, 0.3, 1.5 and 10 s: between them it is interpolated. "
            "The goal is a P99 of 150 ms where a webhook answers at once.",
            unit="s",
            thresholds=Thresholds(warning=0.15, critical=0.3),
            queries=tuple(
                Query(expr=quantile(of, f"{_REQUESTS}{_WEBHOOK}"), legend=name)
                for of, name in ((0.5, "P50"), (0.95, "P95"), (0.99, "P99"))
            ),
        ),
        Panel(
            title="Webhook calls answered within 100 ms",
            description="Share of calls that succeeded (2xx). 100 ms is the end of n8n's last "
            "bucket below 150 ms; without calls it is 100 %.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.99, critical=0.98),
            alerts=("N8nWebhookLatencyBudgetBurn",),
            queries=(
                Query(expr=f"1 - {share(_SLOW, _webhook_requests(_DONE))}", legend="within 100 ms"),
            ),
        ),
        Panel(
            title="Duration of executions",
            description="From an execution's start to its end, by how it ended.",
            unit="s",
            queries=(
                Query(
                    expr=quantile(0.95, _DURATION, by="status"),
                    legend="P95 {{status}}",
                ),
            ),
        ),
    ),
)

_ERRORS = Row(
    title="Errors",
    panels=(
        Panel(
            title="Webhook calls answered with 5xx",
            description="Share of calls, without those of paths that no workflow has (404). The "
            "availability objective allows 0.05 % over 30 days.",
            unit="percentunit",
            # 14.4 and 1 times what the SLO allows: the fastest and the slowest burn that is told.
            thresholds=Thresholds(warning=0.0005, critical=0.0072),
            alerts=("N8nWebhookAvailabilityBudgetBurn",),
            queries=(
                Query(
                    expr=share(
                        _webhook_requests(',status_code=~"5.."'),
                        _webhook_requests(',status_code!="404"'),
                    ),
                    legend="5xx",
                ),
            ),
        ),
        Panel(
            title="Executions that failed",
            description="Share of executions that ended; without any it is 0.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.01, critical=0.05),
            alerts=("N8nWorkflowSuccessBudgetBurn",),
            queries=(
                Query(
                    expr=share(
                        rate(f'{NOT_CANCELLED[:-1]},status!="success"}}'), rate(NOT_CANCELLED)
                    ),
                    legend="failed",
                ),
            ),
        ),
        Panel(
            title="Jobs that failed",
            description="Jobs of the queue that ended without success, as main counts them.",
            unit="ops",
            queries=(
                Query(
                    expr=rate(f"n8n_scaling_mode_queue_jobs_failed{_MAIN}"),
                    legend="failed",
                ),
            ),
        ),
    ),
)

_SATURATION = Row(
    title="Saturation",
    panels=(
        Panel(
            title="Processor time by pod",
            description="Of n8n's process; 100 % is one core. JavaScript runs on one thread: near "
            "100 % the event loop lags.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.8, critical=0.95),
            queries=(
                Query(
                    expr=rate(f"n8n_process_cpu_seconds_total{_TIERS}", by="pod"),
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Processor time withheld",
            description="Share of the kernel's periods of 0.1 s in which the container had used up "
            "its limit of processor time, and stood still until the next.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.25, critical=0.5),
            queries=(
                Query(
                    expr=share_by(
                        "pod",
                        f"container_cpu_cfs_throttled_periods_total{{{TIER_PODS}}}",
                        f"container_cpu_cfs_periods_total{{{TIER_PODS}}}",
                    ),
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Memory by pod",
            description="Resident memory of n8n's process. At its tier's limit the kernel kills "
            "it.",
            unit="bytes",
            queries=(
                Query(expr=f"n8n_process_resident_memory_bytes{_TIERS}", legend="{{pod}}"),
                Query(
                    # Of pods of either colour: their names begin with the tier's.
                    expr="max by (tier) (label_replace(kube_pod_container_resource_limits"
                    f'{{{TIER_PODS},resource="memory"}}, "tier", "$1", "pod", '
                    '"n8n-(main|webhook|worker)-.+"))',
                    legend="limit of {{tier}}",
                ),
            ),
        ),
        Panel(
            title="Event loop lag, P99",
            description="How late timers run in n8n's process; about 0.01 s is its resolution. A "
            "lag of seconds fails probes and stalls jobs.",
            unit="s",
            thresholds=Thresholds(warning=0.2, critical=1),
            alerts=("N8nEventLoopLag",),
            queries=(
                Query(expr=f"n8n_nodejs_eventloop_lag_p99_seconds{_TIERS}", legend="{{pod}}"),
            ),
        ),
        Panel(
            title="JavaScript heap by pod",
            description="Used of n8n's heap. What stays after garbage collections is what counts.",
            unit="bytes",
            queries=(Query(expr=f"n8n_nodejs_heap_size_used_bytes{_TIERS}", legend="{{pod}}"),),
        ),
        Panel(
            title="Garbage collection",
            description="Share of time that n8n's process spends on it.",
            unit="percentunit",
            queries=(
                Query(
                    expr=rate(f"n8n_nodejs_gc_duration_seconds_sum{_TIERS}", by="pod"),
                    legend="{{pod}}",
                ),
            ),
        ),
    ),
)

BOARD = Board(
    uid="n8n-performance",
    title="n8n performance",
    description="Does each tier of n8n do its work, how fast, and what does it run out of?",
    namespaces="n8n_version_info",
    by_tier=True,
    rows=(_PODS, _TRAFFIC, _LATENCY, _ERRORS, *gateway.ROWS, _SATURATION, *capacity.ROWS),
)
