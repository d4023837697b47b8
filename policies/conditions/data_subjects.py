"""People get their data, and get it deleted: the jobs that do it exist and can work.

One convention finds these jobs: the label or annotation `data-subject-rights`, with or without a
prefix that ends in `/`, on a CronJob or Job; its value is `erasure` or `export`.
"""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.alerts import alerts_of
from policies.resources.answers import Answer, decide, every, if_known, known, no, some
from policies.resources.aws import stands_by
from policies.resources.classification import (
    holds_personal_data,
    is_data_store,
    is_personal,
    labelled,
)
from policies.resources.kubernetes import has_pods
from policies.resources.place import Place, Verdict
from policies.resources.reachability import reaches
from policies.resources.resource import Resource, Stack, is_stack, of_type

_LABEL = "data-subject-rights"
_RIGHTS = {"erasure": "deletes", "export": "hands out"}
"""Value of the label, and what its job does with a person's data (GDPR Art. 17; 15 and 20)."""

_GDPR = "https://eur-lex.europa.eu/eli/reg/2016/679/oj"
_KUBERNETES = "https://kubernetes.io/docs/concepts"

_FAILED_JOBS = ("kube_job_failed", "kube_job_status_failed")
"""Metrics of kube-state-metrics that count failed Jobs."""

_CHOOSES_JOBS = re.compile(r"\b(job_name|owner_name)\s*(=|=~|!=|!~)")

_is_job = of_type("kubernetes:batch/v1:CronJob", "kubernetes:batch/v1:Job")


def _serves_data_subjects(resource: Resource) -> bool:
    """Whether it is one of these jobs, or may be."""
    return _is_job(resource) and not _right(resource).missing


@condition(
    applies=is_stack,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("P5",),
    gdpr=("15-17, 20",),
    steps=f"Declare a CronJob or Job for each of {' and '.join(_RIGHTS)}, and label it "
    f"{_LABEL}: {' or '.join(_RIGHTS)}.",
    url=_GDPR,
)
def data_subjects_have_jobs(_: Resource, context: Context) -> Iterator[Verdict]:
    """Where personal data is written, a job deletes it and a job hands it out on request."""
    personal = holds_personal_data(context.stack)
    elsewhere = stands_by(context.stack)
    labels = [_right(job) for job in context.stack.where(_is_job)]
    for right, does in _RIGHTS.items():
        exists = some(known(label, label.text == right) for label in labels)
        yield from decide(
            some([no(personal), elsewhere, exists]),
            f"metadata.labels.{_LABEL}",
            found=f"no CronJob or Job with {_LABEL}: {right}",
            requires=f"one that {does} a person's data, as personal data is stored",
        )


@condition(
    applies=_serves_data_subjects,
    severity=Severity.HIGH,
    soc2=("P5",),
    gdpr=("15-17, 20",),
    steps="Set spec.suspend to false or remove it.",
    url=f"{_KUBERNETES}/workloads/controllers/cron-jobs/#schedule-suspension",
)
def data_subject_jobs_run(resource: Resource, _: Context) -> Iterator[Verdict]:
    """The jobs that serve data subjects are not suspended."""
    suspended = resource.at("spec", "suspend")
    yield from if_known(
        _right(resource),
        suspended.must(lambda place: place.value is not True, "false or not set"),
    )


@condition(
    applies=_serves_data_subjects,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("P5",),
    gdpr=("15-17, 20",),
    steps="Add a NetworkPolicy that selects the job's pods and has an egress rule to the pods and "
    "port of the database, or to its addresses where it is outside of the cluster.",
    url=f"{_KUBERNETES}/services-networking/network-policies/",
)
def data_subject_jobs_reach_the_data(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Network policies let the jobs that serve data subjects connect to the data."""
    yield from if_known(
        _right(resource),
        decide(
            _reaches_personal_data(resource, context.stack),
            "spec.egress",
            found="no egress rule from its pods to a store of personal data",
            requires="a network policy that lets them connect to it",
        ),
    )


@condition(
    applies=_serves_data_subjects,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("P5", "CC7.3"),
    gdpr=("15-17, 20",),
    steps="Add an alert to a PrometheusRule on the failure of the job: with kube_job_failed or "
    "kube_job_status_failed for all jobs, or for this one by its name.",
    url="https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/",
)
def data_subject_jobs_alert_on_failure(resource: Resource, context: Context) -> Iterator[Verdict]:
    """An alert is raised when a job that serves data subjects fails."""
    name = resource.at("metadata", "name")
    yield from if_known(
        _right(resource),
        decide(
            some(_is_about(alert.at("expr"), name) for alert in alerts_of(context.stack)),
            "spec.groups[*].rules[*].expr",
            found="no alert on its failure",
            requires="an alert of a PrometheusRule whose expression is about failed jobs or this "
            "one",
        ),
    )


def _right(resource: Resource) -> Place:
    metadata = resource.at("metadata")
    return labelled(_LABEL, metadata.at("labels"), metadata.at("annotations"))


def _reaches_personal_data(job: Resource, stack: Stack) -> Answer:
    """Whether it reaches one of them: not all of them need to be, as caches clear themselves."""
    stores = [(each, is_personal(each)) for each in stack.where(is_data_store) if has_pods(each)]
    inside = some(
        every([personal, reaches(job, store, stack)])
        for store, personal in stores
        if personal is not False
    )
    in_cluster = some(personal for _, personal in stores)
    return some([inside, every([no(in_cluster), reaches(job, None, stack)])])


def _is_about(expression: Place, name: Place) -> Answer:
    """Whether an alert's expression is about all failed jobs, or about the one of that name."""
    if expression.unknown:
        return None
    text = expression.text or ""
    about_all = any(metric in text for metric in _FAILED_JOBS) and not _CHOOSES_JOBS.search(text)
    return some([about_all, known(name, bool(name.text) and name.text in text)])
