"""The platform's series in health, and what each fault makes of them.

Values are in promtool's notation, one each 30 seconds: `1x100` is 1 all the time, `0+300x100` a
counter that grows by 300 each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LENGTH = 100
"""Values of a series: 50 minutes."""

_ALWAYS, _NEVER = "1x100", "0x100"


def _n8n(name: str, pod: str, /, **labels: str) -> str:
    job = pod.rsplit("-", 1)[0]
    return series(name, job=job, pod=pod, **labels)


def series(name: str, /, **labels: str) -> str:
    """A series of the platform's namespace."""
    written = ",".join(f'{key}="{value}"' for key, value in {"namespace": "n8n", **labels}.items())
    return f"{name}{{{written}}}"


def _state(name: str, /, **labels: str) -> str:
    return series(name, job="kube-state-metrics", **labels)


PODS = ("n8n-main-0", "n8n-webhook-0", "n8n-webhook-1", "n8n-worker-0", "n8n-worker-1")
_REDIS = [f"redis-{zone}-{number}" for zone in "abc" for number in (0, 1)]
_DURATION = "n8n_webhook_request_duration_seconds"
_EXECUTION = "n8n_workflow_execution_duration_seconds_count"

REQUESTS = _n8n(f"{_DURATION}_count", "n8n-webhook-0", status_code="200")
IN_TIME = _n8n(f"{_DURATION}_bucket", "n8n-webhook-0", status_code="200", le="0.1")
FAILED_REQUESTS = _n8n(f"{_DURATION}_count", "n8n-webhook-0", status_code="500")
UNKNOWN_PATHS = _n8n(f"{_DURATION}_count", "n8n-webhook-0", status_code="404")
SUCCESSES = _n8n(_EXECUTION, "n8n-webhook-0", status="success", mode="webhook")
FAILURES = _n8n(_EXECUTION, "n8n-webhook-0", status="failed", mode="webhook")
WAITING = _n8n("n8n_scaling_mode_queue_jobs_waiting", "n8n-main-0")
TAKEN = [_n8n("n8n_queue_job_dequeued_total", f"n8n-worker-{number}") for number in (0, 1)]
WEBHOOKS_AVAILABLE = _state("kube_deployment_status_replicas_available", deployment="n8n-webhook")
_AI = {"job": "ai-router", "pod": "n8n-worker-0", "use_case": "data_processing"}


def _deployments() -> dict[str, str]:
    return {
        _state(f"kube_deployment_{kind}", deployment=name): f"{number}x100"
        for name, number in (("n8n-main", 1), ("n8n-webhook", 2), ("n8n-worker", 2))
        for kind in ("spec_replicas", "status_replicas_available")
    }


def _redis() -> dict[str, str]:
    found = {}
    for pod in _REDIS:
        role, replicas = ("master", 1) if pod.endswith("0") else ("slave", 0)
        found |= {
            series("up", job="redis", pod=pod): _ALWAYS,
            series("redis_up", job="redis", pod=pod): _ALWAYS,
            series("redis_cluster_slots_ok", job="redis", pod=pod): "16384x100",
            series("redis_instance_info", job="redis", pod=pod, role=role): _ALWAYS,
            series("redis_connected_slaves", job="redis", pod=pod): f"{replicas}x100",
            series("redis_memory_used_bytes", job="redis", pod=pod): "10x100",
            series("redis_memory_max_bytes", job="redis", pod=pod): "100x100",
        }
    return found


def _ai() -> dict[str, str]:
    failed = {**_AI, "reason": "provider_failed"}
    return {
        series("up", job="ai-router", pod="n8n-worker-0"): _ALWAYS,
        series("ai_requests_total", **_AI, status="2xx"): "0+100x100",
        series("ai_fallbacks_total", **_AI): "0+1x100",
        series("ai_errors_total", **failed): "0+1x100",
        series("ai_errors_total", **{**_AI, "reason": "invalid_body"}): "0+50x100",
        series("ai_budget_dollars", **_AI): "10x100",
        series("ai_budget_spent_dollars", **_AI): "5x100",
        series("ai_provider_key_present", **_AI_KEY): _ALWAYS,
        series("ai_metering_failures_total", job="ai-router", pod="n8n-worker-0"): _NEVER,
    }


def _cron_job(name: str) -> dict[str, str]:
    """A CronJob that was made at the beginning of the series and has succeeded at once."""
    return {
        _state("kube_cronjob_created", cronjob=name): _NEVER,
        _state("kube_cronjob_status_last_successful_time", cronjob=name): _NEVER,
    }


def _failed(cron_job: str, began: int) -> dict[str, str]:
    """A Job of a CronJob that began at that second, and failed."""
    job = f"{cron_job}-29123456"
    return {
        _state("kube_job_status_start_time", job_name=job): f"{began}x100",
        _state("kube_job_failed", job_name=job, condition="true"): _ALWAYS,
        _state("kube_job_failed", job_name=job, condition="false"): _NEVER,
    }


def _last_success(cron_job: str, ago: int) -> dict[str, str]:
    """That its last success was so many seconds before the beginning of the series."""
    return {_state("kube_cronjob_status_last_successful_time", cronjob=cron_job): f"-{ago}x100"}


_CRON_JOBS = ("n8n-erasure", "n8n-export", "n8n-backup", "n8n-restore-test")
_AI_KEY = {"job": "ai-router", "pod": "n8n-worker-0", "provider": "openai"}
_CLAIM = {"job": "kubelet", "persistentvolumeclaim": "data-redis-a-0"}
_AUTOSCALER = {"horizontalpodautoscaler": "n8n-worker"}
_QUOTA = {"resourcequota": "n8n", "resource": "requests.cpu"}
_CONDITION = {"name": "redis-auth", "condition": "Ready"}

HEALTHY: Mapping[str, str] = {
    **{_n8n("up", pod): _ALWAYS for pod in PODS},
    **{_n8n("n8n_nodejs_eventloop_lag_p99_seconds", pod): "0.012x100" for pod in PODS},
    **{_n8n("n8n_db_pool_requests_pending", pod): _NEVER for pod in PODS},
    _n8n("n8n_instance_role_leader", "n8n-main-0"): _ALWAYS,
    _n8n("n8n_audit_user_login_failed_total", "n8n-main-0"): "0+0x50 1+0x49",
    REQUESTS: "0+30000x100",
    IN_TIME: "0+29950x100",
    FAILED_REQUESTS: "0+3x100",
    UNKNOWN_PATHS: "0+30000x100",
    SUCCESSES: "0+1000x100",
    FAILURES: "0+2x100",
    WAITING: "0 5 0 0 7" + " 0x95",
    **dict.fromkeys(TAKEN, "0+100x100"),
    **_deployments(),
    _state("kube_pod_container_status_restarts_total", pod=PODS[0], container="n8n"): "0x50 1x49",
    _state("kube_horizontalpodautoscaler_status_desired_replicas", **_AUTOSCALER): "2x100",
    _state("kube_horizontalpodautoscaler_spec_max_replicas", **_AUTOSCALER): "20x100",
    _state("kube_resourcequota", **_QUOTA, type="used"): "10x100",
    _state("kube_resourcequota", **_QUOTA, type="hard"): "20x100",
    series("kubelet_volume_stats_available_bytes", **_CLAIM): "80x100",
    series("kubelet_volume_stats_capacity_bytes", **_CLAIM): "100x100",
    series("externalsecret_status_condition", **_CONDITION, status="False"): _NEVER,
    series("externalsecret_status_condition", **_CONDITION, status="True"): _ALWAYS,
    **_redis(),
    series("up", job="postgres", pod="postgres-0"): _ALWAYS,
    series("pg_up", job="postgres", pod="postgres-0"): _ALWAYS,
    series("pg_settings_max_connections", job="postgres", pod="postgres-0"): "100x100",
    series("pg_stat_activity_count", job="postgres", pod="postgres-0", state="idle"): "20x100",
    **_ai(),
    **{name: value for each in _CRON_JOBS for name, value in _cron_job(each).items()},
    # It failed, and the next one succeeded.
    **_failed("n8n-export", -60),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong, and every alert that fires 45 minutes later, as `name severity`.

    Attributes:
        changes: series that are other than in health; without a value, they are missing.
        fires: besides the watchdog.
    """

    changes: Mapping[str, str | None]
    fires: frozenset[str]


def _fault(changes: Mapping[str, str | None], *fires: str) -> Fault:
    unknown = [each for each, value in changes.items() if value is None and each not in HEALTHY]
    assert not unknown, f"nothing to take away: {unknown}"
    return Fault(changes=changes, fires=frozenset(fires))


def _redis_series(name: str, pod: str, /, **labels: str) -> str:
    return series(name, job="redis", pod=pod, **labels)


_MAIN_AVAILABLE = _state("kube_deployment_status_replicas_available", deployment="n8n-main")
_ON_MAIN = [each for each in HEALTHY if 'pod="n8n-main-0"' in each and 'job="n8n-main"' in each]

FAULTS: Mapping[str, Fault] = {
    "main is gone, with its metrics": _fault(
        {_MAIN_AVAILABLE: _NEVER, **dict.fromkeys(_ON_MAIN)},
        "N8nMainDown critical",
        "N8nReplicasMissing warning",
        "N8nMetricsMissing warning",
    ),
    "no leader": _fault(
        {_n8n("n8n_instance_role_leader", "n8n-main-0"): _NEVER}, "N8nNoLeader critical"
    ),
    "all workers stuck": _fault(
        {WAITING: "50x100", **dict.fromkeys(TAKEN, "7x100")},
        "N8nQueueStalled critical",
        "N8nQueueEfficiencyBudgetBurn warning",
        "N8nQueueEfficiencyBudgetBurn info",
    ),
    "workers that never took a job": _fault(
        {WAITING: "50x100", **dict.fromkeys(TAKEN)},
        "N8nQueueStalled critical",
        "N8nQueueEfficiencyBudgetBurn warning",
        "N8nQueueEfficiencyBudgetBurn info",
    ),
    "one worker stuck, the queue short": _fault(
        {WAITING: "5x100", TAKEN[1]: "7x100"}, "N8nWorkerStuck warning"
    ),
    "a queue of minutes": _fault(
        {WAITING: "5000x100"},
        "N8nQueueEfficiencyBudgetBurn warning",
        "N8nQueueEfficiencyBudgetBurn info",
    ),
    "the event loop is late": _fault(
        {_n8n("n8n_nodejs_eventloop_lag_p99_seconds", "n8n-webhook-1"): "0.9x100"},
        "N8nEventLoopLag warning",
    ),
    "queries wait for connections": _fault(
        {_n8n("n8n_db_pool_requests_pending", "n8n-worker-1"): "4x100"},
        "N8nDatabasePoolStarved warning",
    ),
    "passwords are tried": _fault(
        {_n8n("n8n_audit_user_login_failed_total", "n8n-main-0"): "0+3x100"},
        "N8nLoginsFailing critical",
    ),
    "no webhook pod": _fault(
        {WEBHOOKS_AVAILABLE: _NEVER},
        "N8nWebhookAvailabilityBudgetBurn critical",
        "N8nWebhookAvailabilityBudgetBurn warning",
        "N8nReplicasMissing warning",
    ),
    "a tenth of webhooks fails": _fault(
        {FAILED_REQUESTS: "0+3300x100"},
        "N8nWebhookAvailabilityBudgetBurn critical",
        "N8nWebhookAvailabilityBudgetBurn warning",
    ),
    "one webhook in a thousand fails": _fault(
        {FAILED_REQUESTS: "0+30x100"}, "N8nWebhookAvailabilityBudgetBurn warning"
    ),
    "webhooks are slow": _fault(
        {IN_TIME: "0+15000x100"},
        "N8nWebhookLatencyBudgetBurn warning",
        "N8nWebhookLatencyBudgetBurn info",
    ),
    "one webhook in fifty is slow": _fault(
        {IN_TIME: "0+29400x100"}, "N8nWebhookLatencyBudgetBurn info"
    ),
    "a third of executions fails": _fault(
        {FAILURES: "0+500x100"},
        "N8nWorkflowSuccessBudgetBurn critical",
        "N8nWorkflowSuccessBudgetBurn warning",
    ),
    "slots are uncovered": _fault(
        {_redis_series("redis_cluster_slots_ok", pod): "10923x100" for pod in _REDIS},
        "RedisSlotsUncovered critical",
    ),
    "a node of Redis does not answer": _fault(
        {_redis_series("redis_up", "redis-b-1"): _NEVER}, "RedisNodeDown warning"
    ),
    "a master has no replica": _fault(
        {_redis_series("redis_connected_slaves", "redis-a-0"): _NEVER},
        "RedisReplicaMissing warning",
    ),
    "two masters in a zone": _fault(
        {
            _redis_series("redis_instance_info", "redis-a-1", role="slave"): None,
            _redis_series("redis_instance_info", "redis-a-1", role="master"): _ALWAYS,
            _redis_series("redis_connected_slaves", "redis-a-1"): _ALWAYS,
            _redis_series("redis_instance_info", "redis-b-0", role="master"): None,
            _redis_series("redis_instance_info", "redis-b-0", role="slave"): _ALWAYS,
        },
        "RedisMastersShareZone warning",
    ),
    "a node of Redis is nearly full": _fault(
        {_redis_series("redis_memory_used_bytes", "redis-c-0"): "95x100"},
        "RedisMemoryNearLimit critical",
    ),
    "PostgreSQL does not answer": _fault(
        {series("pg_up", job="postgres", pod="postgres-0"): _NEVER}, "N8nDatabaseDown critical"
    ),
    "connections run out": _fault(
        {
            series(
                "pg_stat_activity_count", job="postgres", pod="postgres-0", state=state
            ): "48x100"
            for state in ("idle", "active")
        },
        "N8nDatabaseConnectionsNearLimit warning",
    ),
    "a volume is full": _fault(
        {series("kubelet_volume_stats_available_bytes", **_CLAIM): "5x100"},
        "N8nVolumeFilling critical",
    ),
    "a volume will be full tonight": _fault(
        {series("kubelet_volume_stats_available_bytes", **_CLAIM): "39-0.05x100"},
        "N8nVolumeFilling critical",
    ),
    "a budget is nearly spent": _fault(
        {series("ai_budget_spent_dollars", **_AI): "9x100"}, "AiBudgetNear warning"
    ),
    "the first provider is down": _fault(
        {series("ai_fallbacks_total", **_AI): "0+90x100"}, "AiFallingOver warning"
    ),
    "all providers are down": _fault(
        {series("ai_errors_total", **_AI, reason="provider_failed"): "0+30x100"},
        "AiCallsFailing critical",
    ),
    "a provider's key is missing": _fault(
        {series("ai_provider_key_present", **_AI_KEY): _NEVER}, "AiProviderKeyMissing warning"
    ),
    "calls are not metered": _fault(
        {series("ai_metering_failures_total", job="ai-router", pod="n8n-worker-0"): "0x60 2x39"},
        "AiMeteringFailing warning",
    ),
    "a worker is missing": _fault(
        {_state("kube_deployment_status_replicas_available", deployment="n8n-worker"): _ALWAYS},
        "N8nReplicasMissing warning",
    ),
    "a container crashes": _fault(
        {
            _state(
                "kube_pod_container_status_restarts_total", pod=PODS[0], container="n8n"
            ): "0+0.1x100"
        },
        "N8nContainerRestarting warning",
    ),
    "the autoscaler is at its maximum": _fault(
        {
            _state("kube_horizontalpodautoscaler_status_desired_replicas", **_AUTOSCALER): "20x100",
        },
        "N8nAutoscalerAtMaximum warning",
    ),
    "the quota is used up": _fault(
        {_state("kube_resourcequota", **_QUOTA, type="used"): "20x100"}, "N8nQuotaNear warning"
    ),
    "a Secret is not copied": _fault(
        {
            series("externalsecret_status_condition", **_CONDITION, status="False"): _ALWAYS,
            series("externalsecret_status_condition", **_CONDITION, status="True"): _NEVER,
        },
        "N8nSecretSyncFailing warning",
    ),
    "an erasure fails": _fault(_failed("n8n-erasure", 60), "N8nErasureFailing warning"),
    "the first erasure fails": _fault(
        {
            **_failed("n8n-erasure", 60),
            _state("kube_cronjob_status_last_successful_time", cronjob="n8n-erasure"): None,
        },
        "N8nErasureFailing warning",
    ),
    "erasures do not run": _fault(
        _last_success("n8n-erasure", 2 * 86400 + 3600), "N8nErasureFailing warning"
    ),
    "an export fails": _fault(_failed("n8n-export", 60), "N8nExportFailing warning"),
    "a backup never succeeded": _fault(
        {
            _state("kube_cronjob_status_last_successful_time", cronjob="n8n-backup"): None,
            _state("kube_cronjob_created", cronjob="n8n-backup"): "-108000x100",
        },
        "N8nBackupStale warning",
    ),
    "backups fail": _fault(_last_success("n8n-backup", 30 * 3600), "N8nBackupStale warning"),
    "no backup is tried out": _fault(
        _last_success("n8n-restore-test", 8 * 86400), "N8nRestoreTestStale warning"
    ),
    "webhook pods are not scraped": _fault(
        {_n8n("up", pod): _NEVER for pod in PODS if "webhook" in pod}, "N8nMetricsMissing warning"
    ),
    "kube-state-metrics is gone": _fault(
        dict.fromkeys(each for each in HEALTHY if 'job="kube-state-metrics"' in each),
        "N8nMetricsMissing warning",
    ),
}
"""By what goes wrong."""
