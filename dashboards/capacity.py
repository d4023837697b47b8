"""What n8n's tiers draw on: the queue, more pods, connections to the database."""

from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, TIER, or_zero, quantile, rate

_MAIN = f'{{job="n8n-main",{NAMESPACE}}}'
_TIERS = f"{{{TIER}}}"

_QUEUE = Row(
    title="Queue",
    panels=(
        Panel(
            title="Jobs in the queue",
            description="Waiting and running jobs. Main asks Redis every 20 s, so both vanish with "
            "main.",
            unit="short",
            alerts=("N8nQueueStalled",),
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
            alerts=("N8nWorkerStuck",),
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
            description="What each autoscaler has, wants and may have. At its maximum it can no "
            "longer answer load.",
            unit="short",
            alerts=("N8nAutoscalerAtMaximum",),
            queries=(
                Query(
                    expr="max by (horizontalpodautoscaler) "
                    f"(kube_horizontalpodautoscaler_status_current_replicas{{{NAMESPACE}}})",
                    legend="{{horizontalpodautoscaler}}",
                ),
                Query(
                    expr="max by (horizontalpodautoscaler) "
                    f"(kube_horizontalpodautoscaler_status_desired_replicas{{{NAMESPACE}}})",
                    legend="{{horizontalpodautoscaler}} wants",
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
            thresholds=Thresholds(warning=1, critical=2),
            alerts=("N8nReplicasMissing",),
            queries=(
                Query(
                    expr=f'kube_deployment_spec_replicas{{{NAMESPACE},deployment=~"n8n-$tier"}}'
                    " - on (namespace, deployment) "
                    f"kube_deployment_status_replicas_available{{{NAMESPACE}}}",
                    legend="{{deployment}}",
                ),
            ),
        ),
        Panel(
            title="Quota used",
            description="Of the namespace's quota, by resource. Pods that do not fit into it are "
            "not created, whatever an autoscaler wants.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.8, critical=0.95),
            alerts=("N8nQuotaNear",),
            queries=(
                Query(
                    expr="max by (resource) "
                    f'(kube_resourcequota{{{NAMESPACE},type="used"}} / ignoring (type) '
                    f'(kube_resourcequota{{{NAMESPACE},type="hard"}} > 0))',
                    legend="{{resource}}",
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
            alerts=("N8nDatabasePoolStarved",),
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

ROWS = (_QUEUE, _SCALING, _DATABASE)
