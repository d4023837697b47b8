"""n8n performance: traffic, latency, errors and saturation of each tier, and what lies behind."""

from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import (
    EXECUTIONS,
    NAMESPACE,
    NOT_CANCELLED,
    TIER,
    or_zero,
    quantile,
    rate,
    share,
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
            "buckets up to 0.003, 0.03, 0.1, 0.3, 1.5 and 10 s: between them it is interpolated.",
            unit="s",
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
            alert="N8nWebhookLatencyBudgetBurn",
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
            alert="N8nWebhookAvailabilityBudgetBurn",
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
            alert="N8nWorkflowSuccessBudgetBurn",
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
            queries=(
                Query(
                    expr=rate(f"n8n_process_cpu_seconds_total{_TIERS}", by="pod"),
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Memory by pod",
            description="Resident memory of n8n's process.",
            unit="bytes",
            queries=(Query(expr=f"n8n_process_resident_memory_bytes{_TIERS}", legend="{{pod}}"),),
        ),
        Panel(
            title="Event loop lag, P99",
            description="How late timers run in n8n's process; about 0.01 s is its resolution. A "
            "lag of seconds fails probes and stalls jobs.",
            unit="s",
            thresholds=Thresholds(warning=0.2, critical=1),
            alert="N8nEventLoopLag",
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

_QUEUE = Row(
    title="Queue",
    panels=(
        Panel(
            title="Jobs in the queue",
            description="Waiting and running jobs. Main asks Redis every 20 s, so both vanish with "
            "main.",
            unit="short",
            alert="N8nQueueStalled",
            queries=(
                Query(expr=f"max(n8n_scaling_mode_queue_jobs_waiting{_MAIN})", legend="waiting"),
                Query(expr=f"max(n8n_scaling_mode_queue_jobs_active{_MAIN})", legend="running"),
            ),
        ),
        Panel(
            title="Jobs taken by worker",
            description="Rate at which each worker takes jobs. Flat while jobs wait: the worker is "
            "stuck, even if it says that it is ready.",
            unit="ops",
            alert="N8nWorkerStuck",
            queries=(
                Query(
                    expr=rate(
                        f'n8n_queue_job_dequeued_total{{job="n8n-worker",{NAMESPACE}}}', by="pod"
                    ),
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Jobs enqueued and taken",
            description="If more are enqueued than taken, the queue grows.",
            unit="ops",
            queries=(
                Query(
                    expr=or_zero(rate(f"n8n_queue_job_enqueued_total{{{NAMESPACE}}}")),
                    legend="enqueued",
                ),
                Query(
                    expr=or_zero(rate(f"n8n_queue_job_dequeued_total{{{NAMESPACE}}}")),
                    legend="taken",
                ),
            ),
        ),
    ),
)

_SCALING = Row(
    title="Autoscaling",
    panels=(
        Panel(
            title="Pods, and the most there may be",
            description="What each autoscaler has and may have. At its maximum it can no longer "
            "answer load.",
            unit="short",
            width=12,
            alert="N8nAutoscalerAtMaximum",
            queries=(
                Query(
                    expr="max by (horizontalpodautoscaler) "
                    f"(kube_horizontalpodautoscaler_status_current_replicas{{{NAMESPACE}}})",
                    legend="{{horizontalpodautoscaler}}",
                ),
                Query(
                    expr="max by (horizontalpodautoscaler) "
                    f"(kube_horizontalpodautoscaler_spec_max_replicas{{{NAMESPACE}}})",
                    legend="{{horizontalpodautoscaler}} maximum",
                ),
            ),
        ),
        Panel(
            title="Pods missing",
            description="Pods that a tier should have and that are not available.",
            unit="short",
            width=12,
            thresholds=Thresholds(warning=1, critical=2),
            alert="N8nReplicasMissing",
            queries=(
                Query(
                    expr=f'kube_deployment_spec_replicas{{{NAMESPACE},deployment=~"n8n-$tier"}}'
                    " - on (namespace, deployment) "
                    f"kube_deployment_status_replicas_available{{{NAMESPACE}}}",
                    legend="{{deployment}}",
                ),
            ),
        ),
    ),
)

_DATABASE = Row(
    title="Database connections",
    panels=(
        Panel(
            title="Pool in use",
            description="Share of a pod's database connections that are in use.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.8, critical=1),
            queries=(
                Query(
                    expr=f"n8n_db_pool_connections_active{_TIERS}"
                    f" / n8n_db_pool_connections_max{_TIERS}",
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Queries waiting for a connection",
            description="Above 0 for long, the pool is too small or the database is slow.",
            unit="short",
            thresholds=Thresholds(warning=1, critical=10),
            alert="N8nDatabasePoolStarved",
            queries=(Query(expr=f"n8n_db_pool_requests_pending{_TIERS}", legend="{{pod}}"),),
        ),
        Panel(
            title="Time to get a connection, P95",
            description="How long queries wait for a connection of the pool.",
            unit="s",
            thresholds=Thresholds(warning=0.1, critical=1),
            queries=(
                Query(
                    expr=quantile(0.95, f"n8n_db_pool_acquire_seconds{_TIERS}", by="job"),
                    legend="{{job}}",
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
    rows=(_TRAFFIC, _LATENCY, _ERRORS, _SATURATION, _QUEUE, _SCALING, _DATABASE),
)
