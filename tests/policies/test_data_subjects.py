"""People get their data, and get it deleted."""

from typing import Any

import pytest

from policies.conditions import data_subjects
from policies.resources.resource import STACK, Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.n8n_pods import n8n

THE_STACK = resource(STACK)

PERSONAL = resource(
    "kubernetes:core/v1:PersistentVolumeClaim",
    {"metadata": {"labels": {"data-classification": "personal"}}},
)


def job(right: Any, kind: str = "CronJob", **spec: Any) -> Resource:
    """A job that serves data subjects; its pods have the label `app: <right>`."""
    pods = {"metadata": {"labels": {"app": right}}, "spec": {"containers": []}}
    template = {"spec": {"template": pods}}
    return resource(
        f"kubernetes:batch/v1:{kind}",
        {
            "metadata": {"name": "gdpr-job", "labels": {"example.com/data-subject-rights": right}},
            "spec": {**spec, **({"jobTemplate": template} if kind == "CronJob" else template)},
        },
    )


def no_job(right: str, does: str) -> str:
    return (
        f"[SOC2 P5] {STACK} 'example': found no CronJob or Job with data-subject-rights: {right}; "
        f"requires one that {does} a person's data, as personal data is stored. "
        "Fix: metadata.labels.data-subject-rights. Exception: policies/exceptions.yaml, "
        "condition data-subjects-have-jobs, with owner and expiry."
    )


@pytest.mark.parametrize("stored", [PERSONAL, n8n()])
def test_where_personal_data_is_stored_jobs_delete_it_and_hand_it_out(stored: Resource) -> None:
    condition = data_subjects.data_subjects_have_jobs

    assert said(condition, THE_STACK, stored, job("erasure"), job("export", "Job")) == []
    assert said(condition, THE_STACK, stored, job("erasure")) == [no_job("export", "hands out")]
    assert said(condition, THE_STACK, stored) == [
        no_job("erasure", "deletes"),
        no_job("export", "hands out"),
    ]
    assert said(condition, THE_STACK, stored, job("erasure"), job(UNKNOWN)) == [
        f"[SOC2 P5] {STACK} 'example': undecided until up, as "
        "metadata.labels.data-subject-rights is not known at preview; "
        "will require one that hands out a person's data, as personal data is stored."
    ]


def test_where_nothing_is_written_no_job_could_delete_anything() -> None:
    condition = data_subjects.data_subjects_have_jobs
    source = {"replicateSourceDb": "arn:aws:rds:eu-west-1:111122223333:db:n8n-1"}
    follows = resource("aws:rds/instance:Instance", source, name="follows")
    written = resource("aws:rds/instance:Instance", name="written")

    assert said(condition, THE_STACK, n8n(), follows) == []
    assert len(said(condition, THE_STACK, n8n(), follows, written)) == 2


def test_other_stacks_need_no_such_jobs() -> None:
    config_map = resource("kubernetes:core/v1:ConfigMap")

    assert said(data_subjects.data_subjects_have_jobs, THE_STACK, config_map) == []


def test_the_jobs_are_not_suspended() -> None:
    condition = data_subjects.data_subject_jobs_run

    assert said(condition, job("erasure", suspend=False)) == []
    assert said(condition, job("export", "Job")) == []
    assert said(condition, job("erasure", suspend=True)) == [
        "[SOC2 P5] kubernetes:batch/v1:CronJob 'example': found spec.suspend true; "
        "requires false or not set. Fix: spec.suspend. Exception: policies/exceptions.yaml, "
        "condition data-subject-jobs-run, with owner and expiry."
    ]
    assert said(condition, job("erasure", suspend=UNKNOWN)) == [
        "[SOC2 P5] kubernetes:batch/v1:CronJob 'example': undecided until up, as spec.suspend is "
        "not known at preview; will require false or not set."
    ]
    assert judgement(condition, resource("kubernetes:batch/v1:CronJob")) is None


def policy(*egress: Any, labels: Any = None) -> Resource:
    """A network policy for the egress of pods with these labels; of all without."""
    selector = {"matchLabels": labels} if labels else {}
    spec = {"podSelector": selector, "policyTypes": ["Egress"], "egress": list(egress)}
    return resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", {"spec": spec})


def to(*peers: Any, port: Any = 5432) -> dict[str, Any]:
    return {"to": list(peers), "ports": [{"protocol": "TCP", "port": port}]}


def pods(**labels: Any) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": labels}}


IN_DEFAULT = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}
ELSEWHERE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}
PRIVATE = {"ipBlock": {"cidr": "10.0.0.0/8"}}

DATABASE = resource(
    "kubernetes:apps/v1:StatefulSet",
    {
        "metadata": {"labels": {"data-classification": "personal"}},
        "spec": {
            "volumeClaimTemplates": [{}],
            "template": {
                "metadata": {"labels": {"app": "postgres"}},
                "spec": {"containers": [{"ports": [{"name": "postgres", "containerPort": 5432}]}]},
            },
        },
    },
)
DENIED = policy()

UNREACHED = [
    "[SOC2 P5] kubernetes:batch/v1:CronJob 'example': found no egress rule from its pods to a "
    "store of personal data; requires a network policy that lets them connect to it. "
    "Fix: spec.egress. Exception: policies/exceptions.yaml, "
    "condition data-subject-jobs-reach-the-data, with owner and expiry."
]
UNDECIDED = [
    "[SOC2 P5] kubernetes:batch/v1:CronJob 'example': undecided until up, as spec.egress is not "
    "known at preview; will require a network policy that lets them connect to it."
]


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([], []),
        ([policy(labels={"app": "another"})], []),
        ([DENIED], UNREACHED),
        ([DENIED, policy(to(pods(app="postgres")), labels={"app": "erasure"})], []),
        ([DENIED, policy(to(pods(app="postgres"), port="postgres"))], []),
        ([DENIED, policy(to({**pods(app="postgres"), **IN_DEFAULT}))], []),
        ([DENIED, policy({})], []),
        ([DENIED, policy(to(pods(app="postgres")), labels={"app": "another"})], UNREACHED),
        ([DENIED, policy(to(pods(app="redis")))], UNREACHED),
        ([DENIED, policy(to(pods(app="postgres"), port=6379))], UNREACHED),
        ([DENIED, policy(to({**pods(app="postgres"), **ELSEWHERE}))], UNREACHED),
        ([DENIED, policy(to(PRIVATE))], UNREACHED),
        ([DENIED, policy(to(pods(app=UNKNOWN)))], UNDECIDED),
        ([DENIED, policy(to(pods(app="postgres"), port=UNKNOWN))], UNDECIDED),
        ([policy(labels={"app": UNKNOWN})], UNDECIDED),
        ([DENIED, policy(UNKNOWN)], UNDECIDED),
    ],
)
def test_the_jobs_reach_the_database(policies: list[Resource], expected: list[str]) -> None:
    condition = data_subjects.data_subject_jobs_reach_the_data

    assert said(condition, job("erasure"), DATABASE, *policies) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(to(PRIVATE), []), (to(pods(app="postgres")), UNREACHED), (to(PRIVATE, port=53), UNREACHED)],
)
def test_a_database_outside_of_the_cluster_is_reached_by_address(
    rule: dict[str, Any], expected: list[str]
) -> None:
    condition = data_subjects.data_subject_jobs_reach_the_data

    assert said(condition, job("erasure"), DENIED, policy(rule)) == expected


@pytest.mark.parametrize(
    "expression",
    ["kube_job_failed > 0", 'kube_job_status_failed{job_name=~"gdpr-job.*"} > 0'],
)
def test_failure_of_the_jobs_raises_an_alert(expression: str) -> None:
    condition = data_subjects.data_subject_jobs_alert_on_failure

    assert said(condition, job("erasure"), alert(expression)) == []


@pytest.mark.parametrize(
    "others",
    [
        [],
        ["up == 0"],
        ['kube_job_failed{job_name=~"backup-.*"} > 0'],
    ],
)
def test_an_alert_on_something_else_is_none(others: list[str]) -> None:
    condition = data_subjects.data_subject_jobs_alert_on_failure

    assert said(condition, job("erasure"), *map(alert, others)) == [
        "[SOC2 P5] kubernetes:batch/v1:CronJob 'example': found no alert on its failure; "
        "requires an alert of a PrometheusRule whose expression is about failed jobs or this one. "
        "Fix: spec.groups[*].rules[*].expr. Exception: policies/exceptions.yaml, "
        "condition data-subject-jobs-alert-on-failure, with owner and expiry."
    ]


def test_an_alert_whose_expression_is_not_known_leaves_it_undecided() -> None:
    condition = data_subjects.data_subject_jobs_alert_on_failure

    assert said(condition, job("erasure"), alert(UNKNOWN)) == [
        "[SOC2 P5] kubernetes:batch/v1:CronJob 'example': undecided until up, as "
        "spec.groups[*].rules[*].expr is not known at preview; will require an alert of a "
        "PrometheusRule whose expression is about failed jobs or this one."
    ]


def alert(expression: Any) -> Resource:
    return resource(
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
        {"spec": {"groups": [{"rules": [{"alert": "Failed", "expr": expression}]}]}},
    )
