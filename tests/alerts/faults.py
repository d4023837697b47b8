"""The platform's series in health, and what each fault makes of them.

Values are in promtool's notation, one each 30 seconds: `1x100` is 1 all the time, `0+300x100` a
counter that grows by 300 each time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LENGTH = 100
"""Values of a series: 50 minutes."""

_REPEATED = re.compile(r"([\d.]+)([+-][\d.]+)?x(\d+)")

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
_ROUTERS = [series("up", job="ai-router", pod=f"n8n-worker-{number}") for number in (0, 1)]
_AI = {"job": "ai-router", "pod": "n8n-worker-0", "use_case": "data_processing"}


def _deployments() -> dict[str, str]:
    return {
        _state(f"kube_deployment_{kind}", deployment=name): f"{number}x100"
        for name, number in (("n8n-main", 1), ("n8n-webhook", 2), ("n8n-worker", 2))
        for kind in ("spec_replicas", "status_replicas_available")
    }


def _ready(stateful_set: str) -> str:
    return _state("kube_statefulset_status_replicas_ready", statefulset=stateful_set)


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
        **dict.fromkeys(_ROUTERS, _ALWAYS),
        series("ai_requests_total", **_AI, status="2xx"): "0+100x100",
        series("ai_fallbacks_total", **_AI): "0+1x100",
        series("ai_errors_total", **failed): "0+1x100",
        series("ai_errors_total", **{**_AI, "reason": "invalid_body"}): "0+50x100",
        series("ai_budget_dollars", **_AI): "10x100",
        series("ai_budget_spent_dollars", **_AI): "5x100",
        series("ai_provider_key_present", **_AI_KEY): _ALWAYS,
        series("ai_metering_failures_total", job="ai-router", pod="n8n-worker-0"): _NEVER,
    }


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
    **{_ready(f"redis-{zone}"): "2x100" for zone in "abc"},
    _ready("postgres"): _ALWAYS,
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
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong, and every alert that fires 45 minutes later, as `name severity`.

    Attributes:
        changes: series that are other than in health; without a value, they are missing.
        fires: besides the watchdog.
        begins: seconds after the beginning from which it is so; None where it builds up.
    """

    changes: Mapping[str, str | None]
    fires: frozenset[str]
    begins: int | None


def _fault(changes: Mapping[str, str | None], *fires: str, begins: int | None = 0) -> Fault:
    unknown = [each for each, value in changes.items() if value is None and each not in HEALTHY]
    assert not unknown, f"nothing to take away: {unknown}"
    return Fault(changes=changes, fires=frozenset(fires), begins=begins)


def values(notation: str) -> list[str]:
    """A series' values one by one: `5`, `7`, `9` for `5+2x2`."""
    found: list[str] = []
    for part in notation.split():
        repeated = _REPEATED.fullmatch(part)
        if repeated is None:
            found.append(part)
            continue
        first, step, times = repeated.groups(default="0")
        found += [str(float(first) + float(step) * time) for time in range(int(times) + 1)]
    return found


def without_scrape(notation: str, number: int) -> str:
    """The series when one scrape is lost, which Prometheus marks as such."""
    written = values(notation)
    written[number : number + 1] = ["stale"]
    return " ".join(written)


def _redis_series(name: str, pod: str, /, **labels: str) -> str:
    return series(name, job="redis", pod=pod, **labels)


def _available(tier: str) -> str:
    return _state("kube_deployment_status_replicas_available", deployment=f"n8n-{tier}")


def _of(job: str, pod: str = "") -> list[str]:
    """All series of a job, or of one of its pods."""
    return [each for each in HEALTHY if f'job="{job}"' in each and f'pod="{pod}' in each]


_KUBE_STATE = [each for each in HEALTHY if 'job="kube-state-metrics"' in each]
_NO_KUBE_STATE = dict.fromkeys(_KUBE_STATE)
"""As on the embedded cluster."""
_PG_UP = series("pg_up", job="postgres", pod="postgres-0")
_WORKERS_GONE = [*_of("n8n-worker"), *_of("ai-router")]

FAULTS: Mapping[str, Fault] = {
    "main is gone, with its metrics": _fault(
        {_available("main"): _NEVER, **dict.fromkeys(_of("n8n-main"))},
        "N8nMainDown critical",
        "N8nReplicasMissing warning",
        "N8nMetricsMissing warning",
    ),
    "main is deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("n8n-main"))},
        "N8nMainDown critical",
        "N8nMetricsMissing warning",
    ),
    "main hangs, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("n8n-main")), _n8n("up", "n8n-main-0"): _NEVER},
        "N8nMainDown critical",
        "N8nMetricsMissing warning",
    ),
    "main answers, and is not ready": _fault(
        {_available("main"): _NEVER}, "N8nMainDown critical", "N8nReplicasMissing warning"
    ),
    "all webhook pods are deleted, and nothing but Prometheus sees it": _fault(
        {
            **_NO_KUBE_STATE,
            **dict.fromkeys(_of("n8n-webhook")),
            # They answered once.
            **{_n8n("up", f"n8n-webhook-{number}"): "1x20 stale" for number in (0, 1)},
        },
        "N8nWebhookDown critical",
        "N8nTierBelowMinimum warning",
        "N8nMetricsMissing warning",
        "N8nWebhookAvailabilityBudgetBurn critical",
        "N8nWebhookAvailabilityBudgetBurn warning",
        begins=21 * 30,
    ),
    "a webhook pod is deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("n8n-webhook", "n8n-webhook-1"))},
        "N8nTierBelowMinimum warning",
    ),
    "a worker is deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("n8n-worker", "n8n-worker-1")), _ROUTERS[1]: None},
        "N8nTierBelowMinimum warning",
    ),
    "all workers are deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_WORKERS_GONE)},
        "N8nWorkerDown critical",
        "AiRouterDown critical",
        "N8nTierBelowMinimum warning",
        "N8nMetricsMissing warning",
    ),
    "workers run, and their routers do not": _fault(
        dict.fromkeys(_ROUTERS, _NEVER),
        "AiRouterDown critical",
        "N8nTierBelowMinimum warning",
        "N8nMetricsMissing warning",
    ),
    "a router does not answer": _fault({_ROUTERS[1]: _NEVER}, "N8nTierBelowMinimum warning"),
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
        begins=None,
    ),
    "no webhook pod": _fault(
        {WEBHOOKS_AVAILABLE: _NEVER},
        "N8nWebhookDown critical",
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
    "a node of Redis is deleted": _fault(
        dict.fromkeys(_of("redis", "redis-b-1")), "RedisNodeDown warning"
    ),
    "all nodes of Redis are deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("redis"))},
        "RedisDown critical",
        "RedisNodeDown warning",
        "N8nMetricsMissing warning",
    ),
    "Redis is ready, and refuses its exporters": _fault(
        {_redis_series("redis_up", pod): _NEVER for pod in _REDIS},
        "RedisNodeDown warning",
        "N8nMetricsMissing warning",
    ),
    "no node of Redis is ready": _fault(
        {_ready(f"redis-{zone}"): _NEVER for zone in "abc"}, "RedisDown critical"
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
        {_PG_UP: _NEVER, _ready("postgres"): _NEVER},
        "N8nDatabaseDown critical",
        "N8nMetricsMissing warning",
    ),
    "PostgreSQL does not answer, and nothing but its exporter sees it": _fault(
        {**_NO_KUBE_STATE, _PG_UP: _NEVER}, "N8nDatabaseDown critical", "N8nMetricsMissing warning"
    ),
    "PostgreSQL is deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("postgres"))},
        "N8nDatabaseDown critical",
        "N8nMetricsMissing warning",
    ),
    "PostgreSQL is ready, and refuses its exporter": _fault(
        {_PG_UP: _NEVER}, "N8nMetricsMissing warning"
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
        begins=61 * 30,
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
        begins=None,
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
    "webhook pods run, and are not scraped": _fault(
        {_n8n("up", pod): _NEVER for pod in PODS if "webhook" in pod},
        "N8nTierBelowMinimum warning",
        "N8nMetricsMissing warning",
    ),
    "kube-state-metrics is gone": _fault(
        dict.fromkeys(_KUBE_STATE, "1x40 stale"), "N8nMetricsMissing warning", begins=41 * 30
    ),
    "there never was a kube-state-metrics": _fault(_NO_KUBE_STATE),
}
"""By what goes wrong."""
