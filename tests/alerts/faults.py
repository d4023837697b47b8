"""What each fault makes of the platform's series, and which alerts it fires."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.rotation import DUE
from tests.alerts.health import (
    AI,
    AI_KEYS,
    ALWAYS,
    AUDITED,
    AUTOSCALER,
    CALLS,
    CLAIM,
    CONDITION,
    ENDS,
    FAILED_CALLS,
    FAILURES,
    GATEWAYS,
    HEALTHY,
    IDLE,
    IN_TIME,
    NEVER,
    PODS,
    QUOTA,
    REDIS,
    ROUTERS,
    SUCCESSES,
    TAKEN,
    WAITING,
    WEBHOOKS_AVAILABLE,
    api_server,
    failed,
    last_success,
    n8n,
    probed,
    ready,
    series,
    state,
    within,
)


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


def _redis_series(name: str, pod: str, /, **labels: str) -> str:
    return series(name, job="redis", pod=pod, **labels)


def _available(tier: str) -> str:
    return state("kube_deployment_status_replicas_available", deployment=f"n8n-{tier}")


def _of(job: str, pod: str = "") -> list[str]:
    """All series of a job, or of one of its pods."""
    return [each for each in HEALTHY if f'job="{job}"' in each and f'pod="{pod}' in each]


_KUBE_STATE = [each for each in HEALTHY if 'job="kube-state-metrics"' in each]
_NO_KUBE_STATE = dict.fromkeys(_KUBE_STATE)
"""As on the embedded cluster."""
_PG_UP = series("pg_up", job="postgres", pod="postgres-0")
_WORKERS_GONE = [*_of("n8n-worker"), *_of("ai-router")]
_NO_GATEWAY = (
    "N8nGatewayDown critical",
    "N8nMetricsMissing warning",
    "N8nWebhookAvailabilityBudgetBurn critical",
    "N8nWebhookAvailabilityBudgetBurn warning",
)
_SLOW_GATEWAY = ("N8nGatewayLatencyBudgetBurn warning", "N8nGatewayLatencyBudgetBurn info")

FAULTS: Mapping[str, Fault] = {
    "main is gone, with its metrics": _fault(
        {_available("main"): NEVER, **dict.fromkeys(_of("n8n-main"))},
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
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("n8n-main")), n8n("up", "n8n-main-0"): NEVER},
        "N8nMainDown critical",
        "N8nMetricsMissing warning",
    ),
    "main answers, and is not ready": _fault(
        {_available("main"): NEVER}, "N8nMainDown critical", "N8nReplicasMissing warning"
    ),
    "all webhook pods are deleted, and nothing but Prometheus sees it": _fault(
        {
            **_NO_KUBE_STATE,
            **dict.fromkeys(_of("n8n-webhook")),
            # They answered once.
            **{n8n("up", f"n8n-webhook-{number}"): "1x20 stale" for number in (0, 1)},
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
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("n8n-worker", "n8n-worker-1")), ROUTERS[1]: None},
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
        dict.fromkeys(ROUTERS, NEVER),
        "AiRouterDown critical",
        "N8nTierBelowMinimum warning",
        "N8nMetricsMissing warning",
    ),
    "a router does not answer": _fault({ROUTERS[1]: NEVER}, "N8nTierBelowMinimum warning"),
    "no leader": _fault(
        {n8n("n8n_instance_role_leader", "n8n-main-0"): NEVER}, "N8nNoLeader critical"
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
        {n8n("n8n_nodejs_eventloop_lag_p99_seconds", "n8n-webhook-1"): "0.9x100"},
        "N8nEventLoopLag warning",
    ),
    "queries wait for connections": _fault(
        {n8n("n8n_db_pool_requests_pending", "n8n-worker-1"): "4x100"},
        "N8nDatabasePoolStarved warning",
    ),
    "passwords are tried": _fault(
        {n8n("n8n_audit_user_login_failed_total", "n8n-main-0"): "0+3x100"},
        "N8nLoginsFailing critical",
        begins=None,
    ),
    "no webhook pod": _fault(
        {WEBHOOKS_AVAILABLE: NEVER},
        "N8nWebhookDown critical",
        "N8nWebhookAvailabilityBudgetBurn critical",
        "N8nWebhookAvailabilityBudgetBurn warning",
        "N8nReplicasMissing warning",
    ),
    "the gateway is deleted": _fault(
        dict.fromkeys(_of("gateway"), "1x20 stale"), *_NO_GATEWAY, begins=21 * 30
    ),
    "the gateway does not answer": _fault(
        dict.fromkeys(GATEWAYS, "1x20 0x79"), *_NO_GATEWAY, begins=21 * 30
    ),
    "the gateway has never answered": _fault(
        dict.fromkeys(_of("gateway")), "N8nGatewayDown critical", "N8nMetricsMissing warning"
    ),
    "the gateway counts webhooks under another name": _fault(
        dict.fromkeys(each for each in _of("gateway") if each not in GATEWAYS),
        "N8nMetricsMissing warning",
    ),
    "a pod of the gateway is deleted": _fault({GATEWAYS[1]: None}),
    "a tenth of webhooks fails": _fault(
        {FAILED_CALLS: "0+3300x100"},
        "N8nWebhookAvailabilityBudgetBurn critical",
        "N8nWebhookAvailabilityBudgetBurn warning",
    ),
    "one webhook in a thousand fails": _fault(
        {FAILED_CALLS: "0+30x100"}, "N8nWebhookAvailabilityBudgetBurn warning"
    ),
    "webhooks are slow": _fault(
        {IN_TIME: "0+15000x100"},
        "N8nWebhookLatencyBudgetBurn warning",
        "N8nWebhookLatencyBudgetBurn info",
    ),
    "one webhook in fifty is slow": _fault(
        {IN_TIME: "0+29400x100"}, "N8nWebhookLatencyBudgetBurn info"
    ),
    "webhooks are slow at the gateway": _fault({within("150"): "0+50000x100"}, *_SLOW_GATEWAY),
    "one webhook in fifty is slow at the gateway": _fault(
        {within("150"): "0+58800x100"}, "N8nGatewayLatencyBudgetBurn info"
    ),
    "Prometheus writes buckets as decimals": _fault(
        {
            **dict.fromkeys((within("100"), within("150"))),
            within("100.0"): "0+40000x100",
            within("150.0"): "0+59900x100",
        }
    ),
    "the gateway has no bucket that ends at 150 ms, and webhooks take less than 100": _fault(
        {within("150"): None, within("100"): "0+59900x100"}
    ),
    "the gateway has no bucket that ends at 150 ms, and some webhooks take more than 100": _fault(
        {within("150"): None}, *_SLOW_GATEWAY
    ),
    "the gateway has buckets of its own": _fault(
        {within("150"): None, within("100"): None, within("200"): "0+60000x100"}, *_SLOW_GATEWAY
    ),
    "a third of executions fails": _fault(
        {FAILURES: "0+500x100"},
        "N8nWorkflowSuccessBudgetBurn critical",
        "N8nWorkflowSuccessBudgetBurn warning",
    ),
    "in a quiet hour a few executions fail": _fault(
        {SUCCESSES: "0+0.2x100", FAILURES: "0x60 1+0.1x39"}
    ),
    "in a quiet hour a few webhooks fail": _fault(
        {CALLS: "0+1x100", FAILED_CALLS: "0x60 1+0.1x39"}
    ),
    "slots are uncovered": _fault(
        {_redis_series("redis_cluster_slots_ok", pod): "10923x100" for pod in REDIS},
        "RedisSlotsUncovered critical",
    ),
    "a node of Redis does not answer": _fault(
        {_redis_series("redis_up", "redis-b-1"): "1x10 0x89"},
        "RedisNodeDown warning",
        begins=11 * 30,
    ),
    "a node of Redis is deleted": _fault(
        {
            **dict.fromkeys(_of("redis", "redis-b-1"), "1x20 stale"),
            probed("probe_success", "redis", "redis-b-1"): "1x20 0x79",
        },
        "RedisNodeDown warning",
        begins=21 * 30,
    ),
    "all nodes of Redis are deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("redis"), "1x20 stale")},
        "RedisDown critical",
        "RedisNodeDown warning",
        "N8nMetricsMissing warning",
        begins=21 * 30,
    ),
    "Redis is ready, and refuses its exporters": _fault(
        {_redis_series("redis_up", pod): "1x10 0x89" for pod in REDIS},
        "RedisNodeDown warning",
        "N8nMetricsMissing warning",
        begins=11 * 30,
    ),
    "no node of Redis is ready": _fault(
        {ready(f"redis-{zone}"): NEVER for zone in "abc"}, "RedisDown critical"
    ),
    "a master has no replica": _fault(
        {_redis_series("redis_connected_slaves", "redis-a-0"): NEVER},
        "RedisReplicaMissing warning",
    ),
    "two masters in a zone": _fault(
        {
            _redis_series("redis_instance_info", "redis-a-1", role="slave"): None,
            _redis_series("redis_instance_info", "redis-a-1", role="master"): ALWAYS,
            _redis_series("redis_connected_slaves", "redis-a-1"): ALWAYS,
            _redis_series("redis_instance_info", "redis-b-0", role="master"): None,
            _redis_series("redis_instance_info", "redis-b-0", role="slave"): ALWAYS,
        },
        "RedisMastersShareZone warning",
    ),
    "a node of Redis is nearly full": _fault(
        {_redis_series("redis_memory_used_bytes", "redis-c-0"): "95x100"},
        "RedisMemoryNearLimit critical",
    ),
    "PostgreSQL does not answer": _fault(
        {_PG_UP: NEVER, ready("postgres"): NEVER},
        "N8nDatabaseDown critical",
        "N8nMetricsMissing warning",
    ),
    "PostgreSQL does not answer, and nothing but its exporter sees it": _fault(
        {**_NO_KUBE_STATE, _PG_UP: NEVER}, "N8nDatabaseDown critical", "N8nMetricsMissing warning"
    ),
    "PostgreSQL is deleted, and nothing but Prometheus sees it": _fault(
        {**_NO_KUBE_STATE, **dict.fromkeys(_of("postgres"))},
        "N8nDatabaseDown critical",
        "N8nMetricsMissing warning",
    ),
    "PostgreSQL is ready, and refuses its exporter": _fault(
        {_PG_UP: NEVER}, "N8nMetricsMissing warning"
    ),
    "a certificate was not renewed": _fault(
        {probed(ENDS, "redis", "redis-b-0"): f"{13 * 86400}x100"},
        "N8nCertificateExpiring warning",
    ),
    "the gateway's certificate ends tomorrow": _fault(
        {probed(ENDS, "webhooks"): "86400x100", probed(ENDS, "editor"): "86400x100"},
        "N8nCertificateExpiring critical",
    ),
    "a node of Redis serves a certificate that has ended": _fault(
        {
            probed("probe_success", "redis", "redis-b-0"): NEVER,
            probed(ENDS, "redis", "redis-b-0"): None,
        },
        "RedisTlsFailing warning",
    ),
    "webhooks cannot be reached": _fault(
        {probed("probe_success", "webhooks"): NEVER}, "N8nUnreachable critical"
    ),
    "the editor cannot be reached": _fault(
        {probed("probe_success", "editor"): NEVER}, "N8nUnreachable warning"
    ),
    "nothing asks from outside any more": _fault(
        {
            each: "0x100" if each.startswith("up{") else None
            for each in HEALTHY
            if 'job="probe-' in each
        },
        "N8nMetricsMissing warning",
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
        {series("kubelet_volume_stats_available_bytes", **CLAIM): "5x100"},
        "N8nVolumeFilling critical",
    ),
    "a volume will be full tonight": _fault(
        {series("kubelet_volume_stats_available_bytes", **CLAIM): "39-0.05x100"},
        "N8nVolumeFilling critical",
    ),
    "a budget is nearly spent": _fault(
        {series("ai_budget_spent_dollars", **AI): "9x100"}, "AiBudgetNear warning"
    ),
    "the first provider is down": _fault(
        {series("ai_fallbacks_total", **AI): "0+90x100"}, "AiFallingOver warning"
    ),
    "all providers are down": _fault(
        {series("ai_errors_total", **AI, reason="provider_failed"): "0+30x100"},
        "AiCallsFailing critical",
    ),
    "a provider's key is missing": _fault({AI_KEYS[1]: NEVER}, "AiProviderKeyMissing warning"),
    "the keys of all providers are lost": _fault(
        dict.fromkeys(AI_KEYS, "1x10 0x89"), "AiProviderKeyMissing warning", begins=11 * 30
    ),
    "no provider was ever given a key": _fault(dict.fromkeys(AI_KEYS, NEVER)),
    "calls are not metered": _fault(
        {series("ai_metering_failures_total", job="ai-router", pod="n8n-worker-0"): "0x60 2x39"},
        "AiMeteringFailing warning",
        begins=61 * 30,
    ),
    "a worker is missing": _fault(
        {state("kube_deployment_status_replicas_available", deployment="n8n-worker"): ALWAYS},
        "N8nReplicasMissing warning",
    ),
    "a container crashes": _fault(
        {
            state(
                "kube_pod_container_status_restarts_total", pod=PODS[0], container="n8n"
            ): "0+0.1x100"
        },
        "N8nContainerRestarting warning",
        begins=None,
    ),
    "the autoscaler is at its maximum": _fault(
        {
            state("kube_horizontalpodautoscaler_status_desired_replicas", **AUTOSCALER): "20x100",
        },
        "N8nAutoscalerAtMaximum warning",
    ),
    "the quota is used up": _fault(
        {state("kube_resourcequota", **QUOTA, type="used"): "20x100"}, "N8nQuotaNear warning"
    ),
    "a Secret is not copied": _fault(
        {
            series("externalsecret_status_condition", **CONDITION, status="False"): ALWAYS,
            series("externalsecret_status_condition", **CONDITION, status="True"): NEVER,
        },
        "N8nSecretSyncFailing warning",
    ),
    "a key is older than its rotation": _fault(
        {series(DUE, key="SLACK_BOT_TOKEN"): "600x100"}, "N8nKeyRotationDue warning", begins=600
    ),
    "nobody wrote down when keys were set": _fault(
        {series(DUE, key=key): NEVER for key in ("GITHUB_TOKEN", "NOTION_TOKEN")},
        "N8nKeyRotationDue warning",
    ),
    "Kubernetes keeps no audit log": _fault({AUDITED: NEVER}, "N8nAuditLogSilent warning"),
    "the audit log ends": _fault(
        {AUDITED: "0+300x20 6000x79"}, "N8nAuditLogSilent warning", begins=21 * 30
    ),
    "one of two API servers makes changes, and writes no audit log": _fault(
        {api_server("apiserver_request_total", IDLE, verb="APPLY", resource="secrets"): "0+1x100"},
        "N8nAuditLogSilent warning",
    ),
    "part of the audit log cannot be written": _fault(
        {api_server("apiserver_audit_error_total", plugin="log"): "0+5x100"},
        "N8nAuditLogSilent warning",
    ),
    "the API server is not scraped": _fault(
        dict.fromkeys(each for each in HEALTHY if 'job="apiserver"' in each)
    ),
    "the API server tells nothing of its audit log": _fault(
        {AUDITED: None, api_server("apiserver_audit_event_total", IDLE): None}
    ),
    "an erasure fails": _fault(failed("n8n-erasure", 60), "N8nErasureFailing warning"),
    "the first erasure fails": _fault(
        {
            **failed("n8n-erasure", 60),
            state("kube_cronjob_status_last_successful_time", cronjob="n8n-erasure"): None,
        },
        "N8nErasureFailing warning",
    ),
    "erasures do not run": _fault(
        last_success("n8n-erasure", 2 * 86400 + 3600), "N8nErasureFailing warning"
    ),
    "an export fails": _fault(failed("n8n-export", 60), "N8nExportFailing warning"),
    "a backup never succeeded": _fault(
        {
            state("kube_cronjob_status_last_successful_time", cronjob="n8n-backup"): None,
            state("kube_cronjob_created", cronjob="n8n-backup"): "-108000x100",
        },
        "N8nBackupStale warning",
    ),
    "backups fail": _fault(last_success("n8n-backup", 30 * 3600), "N8nBackupStale warning"),
    "no backup is tried out": _fault(
        last_success("n8n-restore-test", 8 * 86400), "N8nRestoreTestStale warning"
    ),
    "webhook pods run, and are not scraped": _fault(
        {n8n("up", pod): NEVER for pod in PODS if "webhook" in pod},
        "N8nTierBelowMinimum warning",
        "N8nMetricsMissing warning",
    ),
    "kube-state-metrics is gone": _fault(
        dict.fromkeys(_KUBE_STATE, "1x40 stale"), "N8nMetricsMissing warning", begins=41 * 30
    ),
    "there never was a kube-state-metrics": _fault(_NO_KUBE_STATE),
}
"""By what goes wrong."""
