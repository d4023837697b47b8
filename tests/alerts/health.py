"""The platform's series in health.

Values are in promtool's notation, one each 30 seconds for 50 minutes: `1x100` is 1 all the time,
`0+300x100` a counter that grows by 300 each time.
"""

import re
from collections.abc import Mapping

_REPEATED = re.compile(r"([\d.]+)([+-][\d.]+)?x(\d+)")

ALWAYS, NEVER = "1x100", "0x100"


def n8n(name: str, pod: str, /, **labels: str) -> str:
    """A series of one of n8n's pods."""
    job = pod.rsplit("-", 1)[0]
    return series(name, job=job, pod=pod, **labels)


def series(name: str, /, **labels: str) -> str:
    """A series of the platform's namespace."""
    written = ",".join(f'{key}="{value}"' for key, value in {"namespace": "n8n", **labels}.items())
    return f"{name}{{{written}}}"


def state(name: str, /, **labels: str) -> str:
    """A series of kube-state-metrics."""
    return series(name, job="kube-state-metrics", **labels)


PODS = ("n8n-main-0", "n8n-webhook-0", "n8n-webhook-1", "n8n-worker-0", "n8n-worker-1")
REDIS = [f"redis-{zone}-{number}" for zone in "abc" for number in (0, 1)]
_DURATION = "n8n_webhook_request_duration_seconds"
_EXECUTION = "n8n_workflow_execution_duration_seconds_count"


def _webhook(name: str, /, *, method: str = "POST", **labels: str) -> str:
    return n8n(f"{_DURATION}_{name}", "n8n-webhook-0", method=method, **labels)


def gateway(name: str, pod: str = "envoy-0", /, *, rule: str = "webhooks/rule/0", **of: str) -> str:
    """A series of one of the gateway's pods, of where a rule of a route leads."""
    route = {"envoy_cluster_name": f"httproute/n8n/{rule}"}
    return series(name, job="gateway", pod=pod, **route, **of)


def within(end: str) -> str:
    """The series of webhooks that the gateway answered within so many milliseconds."""
    return gateway("envoy_cluster_upstream_rq_time_bucket", le=end)


GATEWAYS = [series("up", job="gateway", pod=f"envoy-{number}") for number in (0, 1)]
_ANSWERED = "envoy_cluster_upstream_rq"
CALLS = gateway(_ANSWERED, envoy_response_code="200")
FAILED_CALLS = gateway(_ANSWERED, envoy_response_code="503")


def _gateway() -> dict[str, str]:
    return {
        **dict.fromkeys(GATEWAYS, ALWAYS),
        CALLS: "0+30000x100",
        FAILED_CALLS: "0+3x100",
        gateway(_ANSWERED, envoy_response_code="404"): "0+30000x100",
        # Main is away.
        gateway(_ANSWERED, rule="editor/rule/1", envoy_response_code="503"): "0+30000x100",
        gateway("envoy_cluster_upstream_rq_time_count"): "0+60000x100",
        within("100"): "0+40000x100",
        within("150"): "0+59900x100",
    }


REQUESTS = _webhook("count", status_code="200")
IN_TIME = _webhook("bucket", status_code="200", le="0.1")
FAILED_REQUESTS = _webhook("count", status_code="500")
UNKNOWN_PATHS = _webhook("count", status_code="404")
UNKNOWN_METHODS = _webhook("count", status_code="500", method="PROPFIND")
SUCCESSES = n8n(_EXECUTION, "n8n-webhook-0", status="success", mode="webhook")
FAILURES = n8n(_EXECUTION, "n8n-webhook-0", status="failed", mode="webhook")
WAITING = n8n("n8n_scaling_mode_queue_jobs_waiting", "n8n-main-0")
TAKEN = [n8n("n8n_queue_job_dequeued_total", f"n8n-worker-{number}") for number in (0, 1)]
WEBHOOKS_AVAILABLE = state("kube_deployment_status_replicas_available", deployment="n8n-webhook")
ROUTERS = [series("up", job="ai-router", pod=f"n8n-worker-{number}") for number in (0, 1)]
AI = {"job": "ai-router", "pod": "n8n-worker-0", "use_case": "data_processing"}


def _deployments() -> dict[str, str]:
    return {
        state(f"kube_deployment_{kind}", deployment=name): f"{number}x100"
        for name, number in (("n8n-main", 1), ("n8n-webhook", 2), ("n8n-worker", 2))
        for kind in ("spec_replicas", "status_replicas_available")
    }


def ready(stateful_set: str) -> str:
    """The series of a StatefulSet's ready pods."""
    return state("kube_statefulset_status_replicas_ready", statefulset=stateful_set)


def _redis() -> dict[str, str]:
    found = {}
    for pod in REDIS:
        role, replicas = ("master", 1) if pod.endswith("0") else ("slave", 0)
        found |= {
            series("up", job="redis", pod=pod): ALWAYS,
            series("redis_up", job="redis", pod=pod): ALWAYS,
            series("redis_cluster_slots_ok", job="redis", pod=pod): "16384x100",
            series("redis_instance_info", job="redis", pod=pod, role=role): ALWAYS,
            series("redis_connected_slaves", job="redis", pod=pod): f"{replicas}x100",
            series("redis_memory_used_bytes", job="redis", pod=pod): "10x100",
            series("redis_memory_max_bytes", job="redis", pod=pod): "100x100",
        }
    return found


def probed(name: str, probe: str, pod: str = "", /) -> str:
    """A series of what is asked from outside; of Redis, of one of its nodes."""
    instance = f"{pod}.redis:6379" if pod else f"https://{probe}.example/"
    return series(name, job=f"probe-{probe}", instance=instance, **({"pod": pod} if pod else {}))


ENDS = "probe_ssl_earliest_cert_expiry"
"""Of a certificate, in seconds since the beginning of the series."""


def _probes() -> dict[str, str]:
    found = {}
    asked = [("webhooks",), ("editor",), *(("redis", pod) for pod in REDIS)]
    for target in asked:
        found |= {
            probed("up", *target): ALWAYS,
            probed("probe_success", *target): ALWAYS,
            probed(ENDS, *target): f"{80 * 86400}x100",
        }
    return found


def _ai() -> dict[str, str]:
    failed = {**AI, "reason": "provider_failed"}
    return {
        **dict.fromkeys(ROUTERS, ALWAYS),
        series("ai_requests_total", **AI, status="2xx"): "0+100x100",
        series("ai_fallbacks_total", **AI): "0+1x100",
        series("ai_errors_total", **failed): "0+1x100",
        series("ai_errors_total", **{**AI, "reason": "invalid_body"}): "0+50x100",
        series("ai_budget_dollars", **AI): "10x100",
        series("ai_budget_spent_dollars", **AI): "5x100",
        **dict.fromkeys(AI_KEYS, ALWAYS),
        series("ai_metering_failures_total", job="ai-router", pod="n8n-worker-0"): NEVER,
    }


AI_KEYS = [
    series("ai_provider_key_present", job="ai-router", pod="n8n-worker-0", provider=provider)
    for provider in ("anthropic", "openai")
]
_CRON_JOBS = ("n8n-erasure", "n8n-export", "n8n-backup", "n8n-restore-test")


def _cron_job(name: str) -> dict[str, str]:
    """A CronJob that was made at the beginning of the series and has succeeded at once."""
    return {
        state("kube_cronjob_created", cronjob=name): NEVER,
        state("kube_cronjob_status_last_successful_time", cronjob=name): NEVER,
    }


def failed(cron_job: str, began: int) -> dict[str, str]:
    """A Job of a CronJob that began at that second, and failed."""
    job = f"{cron_job}-29123456"
    return {
        state("kube_job_status_start_time", job_name=job): f"{began}x100",
        state("kube_job_failed", job_name=job, condition="true"): ALWAYS,
        state("kube_job_failed", job_name=job, condition="false"): NEVER,
    }


def last_success(cron_job: str, ago: int) -> dict[str, str]:
    """That its last success was so many seconds before the beginning of the series."""
    return {state("kube_cronjob_status_last_successful_time", cronjob=cron_job): f"-{ago}x100"}


def api_server(name: str, instance: str = "10.0.0.1:443", /, **labels: str) -> str:
    """A series of one of two API servers; the other is `10.0.0.2:443`."""
    return series(name, namespace="default", job="apiserver", instance=instance, **labels)


AUDITED = api_server("apiserver_audit_event_total")
IDLE = "10.0.0.2:443"
"""An API server that others leave alone: only it itself renews its lease there."""


def _api_servers() -> dict[str, str]:
    asked = "apiserver_request_total"
    return {
        AUDITED: "0+300x100",
        api_server(asked, verb="POST", resource="pods"): "0+3x100",
        api_server(asked, verb="GET", resource="pods"): "0+90x100",
        api_server("apiserver_audit_event_total", IDLE): NEVER,
        api_server(asked, IDLE, verb="PUT", resource="leases"): "0+3x100",
        api_server(asked, IDLE, verb="GET"): "0+9x100",
    }


CLAIM = {"job": "kubelet", "persistentvolumeclaim": "data-redis-a-0"}
AUTOSCALER = {"horizontalpodautoscaler": "n8n-worker"}
QUOTA = {"resourcequota": "n8n", "resource": "requests.cpu"}
CONDITION = {"name": "redis-auth", "condition": "Ready"}

HEALTHY: Mapping[str, str] = {
    **{n8n("up", pod): ALWAYS for pod in PODS},
    **{n8n("n8n_nodejs_eventloop_lag_p99_seconds", pod): "0.012x100" for pod in PODS},
    **{n8n("n8n_db_pool_requests_pending", pod): NEVER for pod in PODS},
    n8n("n8n_instance_role_leader", "n8n-main-0"): ALWAYS,
    n8n("n8n_audit_user_login_failed_total", "n8n-main-0"): "0+0x50 1+0x49",
    REQUESTS: "0+30000x100",
    IN_TIME: "0+29950x100",
    FAILED_REQUESTS: "0+3x100",
    UNKNOWN_PATHS: "0+30000x100",
    UNKNOWN_METHODS: "0+30000x100",
    SUCCESSES: "0+1000x100",
    FAILURES: "0+2x100",
    WAITING: "0 5 0 0 7" + " 0x95",
    **dict.fromkeys(TAKEN, "0+100x100"),
    **_gateway(),
    **_deployments(),
    **{ready(f"redis-{zone}"): "2x100" for zone in "abc"},
    ready("postgres"): ALWAYS,
    state("kube_pod_container_status_restarts_total", pod=PODS[0], container="n8n"): "0x50 1x49",
    state("kube_horizontalpodautoscaler_status_desired_replicas", **AUTOSCALER): "2x100",
    state("kube_horizontalpodautoscaler_spec_max_replicas", **AUTOSCALER): "20x100",
    state("kube_resourcequota", **QUOTA, type="used"): "10x100",
    state("kube_resourcequota", **QUOTA, type="hard"): "20x100",
    series("kubelet_volume_stats_available_bytes", **CLAIM): "80x100",
    series("kubelet_volume_stats_capacity_bytes", **CLAIM): "100x100",
    series("externalsecret_status_condition", **CONDITION, status="False"): NEVER,
    series("externalsecret_status_condition", **CONDITION, status="True"): ALWAYS,
    **_api_servers(),
    **_redis(),
    series("up", job="postgres", pod="postgres-0"): ALWAYS,
    series("pg_up", job="postgres", pod="postgres-0"): ALWAYS,
    series("pg_settings_max_connections", job="postgres", pod="postgres-0"): "100x100",
    series("pg_stat_activity_count", job="postgres", pod="postgres-0", state="idle"): "20x100",
    **_ai(),
    **_probes(),
    **{name: value for each in _CRON_JOBS for name, value in _cron_job(each).items()},
    # It failed, and the next one succeeded.
    **failed("n8n-export", -60),
}


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
