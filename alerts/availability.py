"""Alerts on programs of which too few pods answer, or none.

A pod that was killed is seen in two ways: its target does not answer (`up` is 0), or Kubernetes has
deleted it and its series end. Both count, so that nothing but Prometheus itself is needed. Where
kube-state-metrics says that pods are available, that decides: they are only not scraped, which is
N8nMetricsMissing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from alerts.objectives import GATEWAY, WEBHOOKS_AT_GATEWAY
from alerts.rule import STANDSTILL, Alert

_WAIT = "2m30s"
"""Main is replaced within about a minute, the others without a gap. More would be more than five
minutes until somebody knows."""

_LOST = 68
"""Seconds until the series of a deleted pod end: 5 until Prometheus looks at what its discovery
found, and 2.1 scrapes for which it waits for the target to come back (scrapeLoop.endOfRunStaleness
of Prometheus's sources)."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that the platform cannot do without.

    Attributes:
        job: value of the label `job` of its metrics.
        alert: name of the alert that none of its pods answers.
        answers: metric that is 1 of a pod that answers.
        available: PromQL of the number of pods that Kubernetes holds available, by namespace.
        summary: of the alert.
        description: of the alert.
        labels: of the alert.
    """

    job: str
    alert: str
    answers: str = "up"
    available: str | None = None
    summary: str
    description: str
    labels: Mapping[str, str]

    @property
    def target(self) -> str:
        """Selector of the metric that says whether a pod answers."""
        return f'{self.answers}{{namespace="$namespace",job="{self.job}"}}'

    def down(self) -> Alert:
        """The alert that no pod answers."""
        gone = f"sum by (namespace) (absent({self.target})) * 0"
        silent = f"(sum by (namespace) ({self.target}) or {gone}) == 0"
        if self.available:
            silent = (
                f"({self.available} == 0) or ({silent} unless on (namespace) {self.available} > 0)"
            )
        return Alert(
            name=self.alert,
            expr=silent,
            wait=_WAIT,
            seen_after=_LOST,
            severity="critical",
            summary=self.summary,
            description=self.description,
            # What other alerts on the same program have: by it they are held back.
            labels={**self.labels, "job": self.job},
        )

    def fewer_than(self, number: int) -> str:
        """PromQL of the number of pods that answer, where it is less than that."""
        answering = f"sum by (namespace, job) ({self.target}) or absent({self.target}) * 0"
        return f"(({answering}) < {number})"


def _tier(tier: str) -> str:
    return (
        "max by (namespace) (kube_deployment_status_replicas_available"
        f'{{namespace="$namespace",deployment="n8n-{tier}"}})'
    )


def _stateful(name: str) -> str:
    ready = (
        f'kube_statefulset_status_replicas_ready{{namespace="$namespace",statefulset=~"{name}"}}'
    )
    return f"sum by (namespace) (max by (namespace, statefulset) ({ready}))"


_REDIS = Program(
    job="redis",
    alert="RedisDown",
    answers="redis_up",
    available=_stateful("redis-.+"),
    summary="No node of Redis answers.",
    description="There is no queue: nothing is taken in and nothing is run. n8n's processes exit "
    "after a minute without Redis.",
    labels=STANDSTILL,
)

PROGRAMS = (
    Program(
        job="n8n-main",
        alert="N8nMainDown",
        available=_tier("main"),
        summary="No main pod of n8n answers.",
        description="Schedules, polling triggers and the editor have stopped. Webhooks go on.",
        labels={},
    ),
    Program(
        job="n8n-webhook",
        alert="N8nWebhookDown",
        available=_tier("webhook"),
        summary="No webhook pod of n8n answers.",
        description="Every webhook is refused. Schedules go on.",
        labels={},
    ),
    Program(
        job=GATEWAY,
        alert="N8nGatewayDown",
        summary="No pod of the gateway answers.",
        description="Every webhook is refused, and nobody reaches the editor. Schedules go on.",
        labels={},
    ),
    Program(
        job="n8n-worker",
        alert="N8nWorkerDown",
        available=_tier("worker"),
        summary="No worker of n8n answers.",
        description="No workflow runs. Jobs wait in the queue, and are not lost.",
        labels=STANDSTILL,
    ),
    Program(
        job="ai-router",
        alert="AiRouterDown",
        summary="No AI router answers.",
        description="Workers run, and their calls of AI fail.",
        labels={},
    ),
    _REDIS,
    Program(
        job="postgres",
        alert="N8nDatabaseDown",
        answers="pg_up",
        available=_stateful("postgres"),
        summary="PostgreSQL does not answer.",
        description="n8n can do nothing without it.",
        labels=STANDSTILL,
    ),
)

"""All of them; a stack may lack some."""

DOWN = tuple(each.alert for each in PROGRAMS)
"""Names of the alerts that no pod of a program answers."""


def alerts(expected: Mapping[str, int]) -> Iterable[Alert]:
    """The alerts on the programs that a stack has.

    Args:
        expected: by value of the label `job`, the fewest pods that should answer.
    """
    programs = [each for each in PROGRAMS if each.job in expected]
    yield from (each.down() for each in programs)
    several = [each for each in programs if each is not _REDIS and expected[each.job] > 1]
    if several:
        yield Alert(
            name="N8nTierBelowMinimum",
            expr=" or ".join(each.fewer_than(expected[each.job]) for each in several),
            wait=_WAIT,
            seen_after=_LOST,
            severity="warning",
            summary="Of a tier fewer pods answer than its minimum.",
            description="{{ $value }} pods of {{ $labels.job }} answer.",
        )
    if _REDIS in programs:
        yield Alert(
            name="RedisNodeDown",
            # Each on its own, by names that stay: while nodes are restarted one after the other,
            # there is always one too few.
            expr=f"(max by (namespace, job, pod) (max_over_time({_REDIS.target}[1d])) == 1)"
            f" unless on (namespace, pod) {_REDIS.target} == 1",
            wait=_WAIT,
            seen_after=_LOST,
            severity="warning",
            summary="A node of Redis does not answer.",
            description="{{ $labels.pod }} answered within the last day, and does not now.",
        )


def metrics_missing(expected: Collection[str]) -> Alert:
    """An alert on jobs of which Prometheus has no metrics: no other alert sees anything then.

    Args:
        expected: values of the label `job` that the stack should have.
    """
    answers = {each.job: each.answers for each in PROGRAMS}
    targets = [
        f'{answers.get(job, "up")}{{namespace="$namespace",job="{job}"}}' for job in expected
    ]
    gone = [
        # absent() tells labels of a plain selector only, so that a job without targets and one
        # whose targets are all down are two terms.
        f"absent({target}) or max by (namespace, job) ({target}) == 0"
        for target in targets
    ]
    if GATEWAY in expected:
        # Webhook pods are called through it alone: what they answer it has counted, unless it does
        # so under another name. New Envoys have counted nothing for as long as nobody calls.
        unseen = (
            "sum by (namespace) (rate(n8n_webhook_request_duration_seconds_count"
            '{namespace="$namespace",job="n8n-webhook"}[2m])) > 0'
            f" unless on (namespace) envoy_cluster_upstream_rq{{{WEBHOOKS_AT_GATEWAY}}}"
        )
        gone.append(f'label_replace({unseen}, "job", "{GATEWAY}", "", "")')
    # Its own target stands in another namespace: what it says of this one is looked at. Not every
    # cluster has one; that it was there is the sign that it should be.
    objects = 'kube_deployment_spec_replicas{namespace="$namespace",job="kube-state-metrics"}'
    gone.append(f"absent({objects}) and on () count(count_over_time({objects}[1d]))")
    return Alert(
        name="N8nMetricsMissing",
        expr=" or ".join(gone),
        wait="5m",
        seen_after=_LOST,
        severity="warning",
        summary="Prometheus has no metrics of a part of the platform.",
        description="No target of job {{ $labels.job }} answers: either it is down, or its alerts "
        "are blind.",
    )
