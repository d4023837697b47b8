"""What the platform promises, and how it is measured."""

from alerts.slo import Events, Slo

# Any other method n8n answers with 500, so that a stranger could spend the budget.
_WEBHOOK = 'namespace="$namespace",job="n8n-webhook",method=~"DELETE|GET|HEAD|PATCH|POST|PUT"'
_REQUESTS = f"n8n_webhook_request_duration_seconds_count{{{_WEBHOOK}"
_IN_TIME = f"n8n_webhook_request_duration_seconds_bucket{{{_WEBHOOK}"
_WEBHOOKS = 'up{namespace="$namespace",job="n8n-webhook"}'
_EXECUTIONS = (
    'n8n_workflow_execution_duration_seconds_count{namespace="$namespace",'
    'job=~"n8n-main|n8n-webhook"'
)
"""Executions end where they were queued: their workers count none."""

_LONGEST_WAIT = 30
"""Seconds that a job may wait for a worker."""

WEBHOOK_AVAILABILITY = Slo(
    name="webhook-availability",
    alert="N8nWebhookAvailability",
    objective=0.9995,
    meaning="a webhook is answered, and not with a status of 500 or more; while no webhook pod is "
    "available, every moment is bad. Paths that no workflow has (404) and methods that n8n "
    "does not know do not count.",
    events=Events(
        bad=f'sum(rate({_REQUESTS},status_code=~"5.."}}[5m]))',
        all=f'sum(rate({_REQUESTS},status_code!="404"}}[5m]))',
    ),
    # Nobody counts a request that reaches no pod. Without kube-state-metrics, pods that answer
    # Prometheus are what is known; for two minutes, or one lost scrape of all would spend 2 % of
    # the budget. Before the first has answered, a stack is new and nothing was promised.
    bad_moment="((max("
    'kube_deployment_status_replicas_available{namespace="$namespace",deployment="n8n-webhook"}'
    f") or max(max_over_time({_WEBHOOKS}[2m])) or vector(0)) == bool 0)"
    f" * (max(max_over_time({_WEBHOOKS}[1d])) or vector(0))",
    severities=("critical", "warning"),
)
"""21.6 minutes of 30 days. One outage of 15 minutes spends 69 % of it, a failover of 10 minutes
46 %. A workflow that is waited for and answers 500 itself counts too: n8n's metric cannot tell it
from a failure of the platform."""

WEBHOOK_LATENCY = Slo(
    name="webhook-latency",
    alert="N8nWebhookLatency",
    objective=0.99,
    # n8n's buckets end at 0.03, 0.1, 0.3 seconds, and cannot be set: what is promised is 150 ms.
    meaning="a webhook with a status of 200 to 299 is answered within 100 ms.",
    events=Events(
        bad=f'sum(rate({_REQUESTS},status_code=~"2.."}}[5m]))'
        f' - sum(rate({_IN_TIME},status_code=~"2..",le="0.1"}}[5m]))',
        all=f'sum(rate({_REQUESTS},status_code=~"2.."}}[5m]))',
    ),
    severities=("warning", "info"),
)
"""A webhook that answers when its workflow has ended takes as long as the workflow does."""

WORKFLOW_SUCCESS = Slo(
    name="workflow-success",
    alert="N8nWorkflowSuccess",
    objective=0.99,
    meaning="an execution that was not cancelled ends with success.",
    events=Events(
        bad=f'sum(rate({_EXECUTIONS},status!~"success|cancell?ed"}}[5m]))',
        all=f'sum(rate({_EXECUTIONS},status!~"cancell?ed"}}[5m]))',
    ),
    severities=("critical", "warning"),
)

QUEUE_EFFICIENCY = Slo(
    name="queue-efficiency",
    alert="N8nQueueEfficiency",
    objective=0.95,
    meaning="a moment at which the jobs that have been waiting for a minute would all have "
    f"started within {_LONGEST_WAIT} s, at the rate at which workers take jobs.",
    # n8n measures no job's wait. By Little's law it is the queue's length by the rate at which it
    # is taken from; the smallest length of a minute leaves out the bursts that are gone at once.
    bad_moment="min(min_over_time("
    'n8n_scaling_mode_queue_jobs_waiting{namespace="$namespace",job="n8n-main"}[1m]))'
    f" > bool {_LONGEST_WAIT} * (sum(rate("
    'n8n_queue_job_dequeued_total{namespace="$namespace",job="n8n-worker"}[5m])) or vector(0))',
    severities=("warning", "info"),
)

SLOS = (WEBHOOK_AVAILABILITY, WEBHOOK_LATENCY, WORKFLOW_SUCCESS, QUEUE_EFFICIENCY)
"""All of them."""
