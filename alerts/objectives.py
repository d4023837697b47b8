"""What the platform promises, and how it is measured: webhooks where callers are, at the gateway,
if Prometheus reads that."""

from collections.abc import Collection
from dataclasses import replace

from alerts.slo import Events, Slo

GATEWAY = "gateway"
"""The job of the gateway in front of n8n."""

WEBHOOKS_AT_GATEWAY = (
    f'namespace="$namespace",job="{GATEWAY}",'
    'envoy_cluster_name="httproute/$namespace/webhooks/rule/0"'
)
"""Labels of what Envoy counts of calls of webhooks: the name that Envoy Gateway gives to where the
only rule of their HTTPRoute leads."""

# Any other method n8n answers with 500, so that a stranger could spend the budget.
_WEBHOOK = 'namespace="$namespace",job="n8n-webhook",method=~"DELETE|GET|HEAD|PATCH|POST|PUT"'
_REQUESTS = f"n8n_webhook_request_duration_seconds_count{{{_WEBHOOK}"
_IN_TIME = f"n8n_webhook_request_duration_seconds_bucket{{{_WEBHOOK}"
_EXECUTIONS = (
    'n8n_workflow_execution_duration_seconds_count{namespace="$namespace",'
    'job=~"n8n-main|n8n-webhook"'
)
"""Executions end where they were queued: their workers count none."""

_ANSWERED = f"envoy_cluster_upstream_rq{{{WEBHOOKS_AT_GATEWAY}"
_TIMED = f"envoy_cluster_upstream_rq_time_count{{{WEBHOOKS_AT_GATEWAY}}}"

_LONGEST_WAIT = 30
"""Seconds that a job may wait for a worker."""


def quick_at_gateway(over: str) -> str:
    """PromQL of the rate at which the gateway answered webhooks within 150 ms.

    Somebody has to give Envoy that bucket. Where one lacks it, what took up to 100 ms counts, the
    end of Envoy's own bucket below; with other buckets still, nothing does: a promise rather looks
    broken than kept.

    Args:
        over: range of the rate, such as `5m`.
    """
    ends = " or ignoring (le) ".join(
        # Prometheus 3 writes them as decimals.
        f'rate(envoy_cluster_upstream_rq_time_bucket{{{WEBHOOKS_AT_GATEWAY},le=~"{end}([.]0)?"}}'
        f"[{over}])"
        for end in (150, 100)
    )
    return f"sum({ends} or ignoring (le) 0 * rate({_TIMED}[{over}]))"


def _nobody(answers: str, *, available: str = "") -> str:
    """PromQL that is 1 while none of some pods is there; 0 before the first has answered.

    Args:
        answers: series that are 1 of a pod that answers Prometheus.
        available: series of how many pods are available, which decide where they are known.
    """
    known = f"max({available}) or " if available else ""
    # For two minutes, or one lost scrape of all would spend 2 % of the budget. Before the first has
    # answered, a stack is new and nothing was promised.
    return (
        f"(({known}max(max_over_time({answers}[2m])) or vector(0)) == bool 0)"
        f" * (max(max_over_time({answers}[1d])) or vector(0))"
    )


_NO_WEBHOOK_POD = _nobody(
    'up{namespace="$namespace",job="n8n-webhook"}',
    available='kube_deployment_status_replicas_available{namespace="$namespace",'
    'deployment="n8n-webhook"}',
)
_NO_GATEWAY = _nobody(f'up{{namespace="$namespace",job="{GATEWAY}"}}')

WEBHOOK_AVAILABILITY = Slo(
    name="webhook-availability",
    alert="N8nWebhookAvailability",
    objective=0.9995,
    meaning="a webhook is answered, and not with a status of 500 or more; while no webhook pod, or "
    "no pod of a gateway that is watched, is available, every moment is bad. Paths that no "
    "workflow has (404) and methods that n8n does not know do not count.",
    events=Events(
        bad=f'sum(rate({_REQUESTS},status_code=~"5.."}}[5m]))',
        all=f'sum(rate({_REQUESTS},status_code!="404"}}[5m]))',
    ),
    # n8n does not count a request that reaches no pod.
    bad_moment=_NO_WEBHOOK_POD,
    severities=("critical", "warning"),
)
"""21.6 minutes of 30 days. One outage of 15 minutes spends 69 % of it, a failover of 10 minutes
46 %. A workflow that is waited for and answers 500 itself counts too: n8n's metric cannot tell it
from a failure of the platform."""

_AVAILABILITY_AT_GATEWAY = replace(
    WEBHOOK_AVAILABILITY,
    # The final answer to each request, the gateway's own included where a pod cannot be reached or
    # breaks off.
    events=Events(
        bad=f'sum(rate({_ANSWERED},envoy_response_code=~"5.."}}[5m]))',
        all=f'sum(rate({_ANSWERED},envoy_response_code!="404"}}[5m]))',
    ),
    # While no pod is ready, Envoy Gateway has Envoy answer 503 without leading anywhere, which is
    # counted for a whole port, with the editor's; while no Envoy is there, nobody counts.
    bad_moment=f"clamp_max({_NO_WEBHOOK_POD} + {_NO_GATEWAY}, 1)",
)
"""The promise and the budget of WEBHOOK_AVAILABILITY, seen from the callers' side."""

WEBHOOK_LATENCY = Slo(
    name="webhook-latency",
    alert="N8nWebhookLatency",
    objective=0.99,
    # n8n's buckets end at 0.03, 0.1, 0.3 seconds, and cannot be set: what is promised is 150 ms at
    # the gateway.
    meaning="a webhook with a status of 200 to 299 is answered within 100 ms.",
    events=Events(
        bad=f'sum(rate({_REQUESTS},status_code=~"2.."}}[5m]))'
        f' - sum(rate({_IN_TIME},status_code=~"2..",le="0.1"}}[5m]))',
        all=f'sum(rate({_REQUESTS},status_code=~"2.."}}[5m]))',
    ),
    severities=("warning", "info"),
)
"""A webhook that answers when its workflow has ended takes as long as the workflow does."""

GATEWAY_LATENCY = Slo(
    name="gateway-latency",
    alert="N8nGatewayLatency",
    objective=0.99,
    meaning="a webhook that a pod answers is answered at the gateway within 150 ms.",
    events=Events(
        bad=f"sum(rate({_TIMED}[5m])) - {quick_at_gateway('5m')}",
        all=f"sum(rate({_TIMED}[5m]))",
    ),
    severities=("warning", "info"),
)
"""That is a P99 below 150 ms over 30 days: from the last byte of a request to the last byte of its
answer, whatever was tried again in between. Answers of every status count, as Envoy times them
together. A webhook that answers when its workflow has ended takes as long as the workflow does."""

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
"""What every stack promises."""


def slos(jobs: Collection[str]) -> tuple[Slo, ...]:
    """What a stack promises, measured as near to the callers as it sees.

    Args:
        jobs: values of the label `job` that it has.
    """
    if GATEWAY not in jobs:
        return SLOS
    at_n8n = (slo for slo in SLOS if slo is not WEBHOOK_AVAILABILITY)
    return (_AVAILABILITY_AT_GATEWAY, GATEWAY_LATENCY, *at_n8n)
