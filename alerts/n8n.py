"""Alerts on n8n's tiers and its queue."""

from alerts.rule import SCRAPE_SECONDS, Alert

_WAITING = 'n8n_scaling_mode_queue_jobs_waiting{namespace="$namespace",job="n8n-main"}'
_WORKERS = 'up{namespace="$namespace",job="n8n-worker"}'
_TAKEN = 'n8n_queue_job_dequeued_total{namespace="$namespace",job="n8n-worker"}'

ALERTS = (
    Alert(
        name="N8nNoLeader",
        expr='sum by (namespace) (n8n_instance_role_leader{namespace="$namespace",job="n8n-main"})'
        " == 0",
        wait="3m",
        severity="critical",
        summary="A main pod runs, and none is leader.",
        description="Nobody starts schedules and polling triggers, or prunes old executions.",
    ),
    Alert(
        name="N8nQueueStalled",
        # Counters of events begin with the first event: no series is a rate of 0. That no worker
        # answers at all is N8nWorkerDown.
        expr=f"(min by (namespace) (min_over_time({_WAITING}[3m])) > 0)"
        f" unless on (namespace) (sum by (namespace) (rate({_TAKEN}[3m])) > 0)"
        f" and on (namespace) (sum by (namespace) ({_WORKERS}) > 0)",
        wait="0m",
        # n8n measures the queue every 20 s.
        seen_after=20 + SCRAPE_SECONDS + 3 * 60,
        severity="critical",
        summary="Jobs wait, and no worker takes any.",
        description="{{ $value }} jobs or more have been waiting for 3 minutes, and none started.",
    ),
    Alert(
        name="N8nWorkerStuck",
        # Only where other workers do take jobs: N8nQueueStalled is about all of them.
        expr=f"(({_WORKERS} == 1)"
        f" unless on (namespace, pod) (rate({_TAKEN}[15m]) > 0))"
        f" and on (namespace) (min by (namespace) (min_over_time({_WAITING}[15m])) > 0)"
        f" and on (namespace) (sum by (namespace) (rate({_TAKEN}[15m])) > 0)",
        wait="5m",
        seen_after=20 + SCRAPE_SECONDS + 15 * 60,
        severity="warning",
        summary="A worker takes no jobs although some wait.",
        description="{{ $labels.pod }} has taken none for 15 minutes, and others have. Either all "
        "of its slots hold long executions, or it has lost the queue without noticing.",
    ),
    Alert(
        name="N8nEventLoopLag",
        expr='n8n_nodejs_eventloop_lag_p99_seconds{namespace="$namespace"} > 0.5',
        wait="10m",
        severity="warning",
        summary="A process of n8n is too busy to answer in time.",
        description="In {{ $labels.pod }} one turn of the event loop in a hundred is late by "
        "{{ $value | humanizeDuration }}; healthy pods are late by 10 to 20 ms.",
    ),
    Alert(
        name="N8nDatabasePoolStarved",
        expr='min_over_time(n8n_db_pool_requests_pending{namespace="$namespace"}[5m]) > 0',
        wait="5m",
        seen_after=SCRAPE_SECONDS + 5 * 60,
        severity="warning",
        summary="Queries of n8n wait for a database connection.",
        description="In {{ $labels.pod }} {{ $value }} or more have been waiting throughout 5 "
        "minutes: all connections of its pool are in use.",
    ),
    Alert(
        name="N8nLoginsFailing",
        expr="sum by (namespace) (increase("
        'n8n_audit_user_login_failed_total{namespace="$namespace",job="n8n-main"}[15m])) > 20',
        wait="0m",
        severity="critical",
        summary="Many logins to n8n fail: somebody may be trying passwords.",
        description="{{ $value | humanize }} logins have failed within 15 minutes. Whoever gets in "
        "reads personal data of executions: judge within 72 hours whether to report it.",
        # Alertmanager routes this label to those who report breaches (GDPR, articles 33 and 34).
        labels={"gdpr": "breach"},
    ),
)
"""All of them."""
