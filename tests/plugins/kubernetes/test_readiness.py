import pytest

from local.plugins.kubernetes import pods, readiness
from local.plugins.kubernetes.readiness import Related, Verdict
from tests.plugins.kubernetes.objects import (
    ROLLED_OUT,
    Object,
    condition,
    deployment,
    pod,
    stateful_set,
)

UNSCHEDULABLE = condition("PodScheduled", "False", "Unschedulable", "0/6 nodes are available")


def _judge(obj: Object, **related) -> Verdict:
    rule = readiness.rule_for(obj)
    assert rule is not None
    return rule.judge(obj, Related(**related))


def _rolled_out(**changed) -> Object:
    status = {"updatedReplicas": 2, "availableReplicas": 2, "conditions": ROLLED_OUT}
    return deployment(**{**status, **changed})


def test_a_deployment_is_ready_when_all_its_new_pods_are_available():
    assert _judge(_rolled_out()).ready


@pytest.mark.parametrize(
    "unfinished",
    [
        {"observedGeneration": 0},
        {"updatedReplicas": 1},
        {"availableReplicas": 1},
        {"conditions": [condition("Available", "False"), ROLLED_OUT[1]]},
        {"conditions": [ROLLED_OUT[0], condition("Progressing", "True", "ReplicaSetUpdated")]},
    ],
)
def test_a_deployment_is_not_ready_while_something_is_missing(unfinished):
    assert not _judge(_rolled_out(**unfinished)).ready


def test_a_deployment_says_how_many_pods_are_there():
    verdict = _judge(_rolled_out(availableReplicas=1))
    assert verdict.progress == ("Waiting for app ReplicaSet to be available (1/2 Pods available)")


def test_an_exceeded_progress_deadline_and_the_pods_own_problems_are_reported():
    late = condition("Progressing", "False", "ProgressDeadlineExceeded", "has timed out")
    verdict = _judge(
        _rolled_out(conditions=[late]), pods=[pod("web-1", UNSCHEDULABLE), pod("web-2")]
    )
    assert verdict.problems[0] == "[ProgressDeadlineExceeded] has timed out"
    assert verdict.problems[-1] == "[Pod apps/web-1]: 0/6 nodes are available"


def _stateful_set(**changed) -> Object:
    status = {"replicas": 3, "readyReplicas": 3, "currentReplicas": 3, "updatedReplicas": 3}
    revisions = {"currentRevision": "a", "updateRevision": "a"}
    return stateful_set(**{**status, **revisions, **changed})


def test_a_stateful_set_is_ready_when_all_replicas_are_of_the_current_revision():
    assert _judge(_stateful_set()).ready


@pytest.mark.parametrize(
    "unfinished",
    [
        {"observedGeneration": 0},
        {"readyReplicas": 2},
        {"currentReplicas": 0},
        {"updateRevision": "b"},
    ],
)
def test_a_stateful_set_is_not_ready_while_something_is_missing(unfinished):
    assert not _judge(_stateful_set(**unfinished)).ready


def test_a_stateful_set_says_which_step_it_is_at():
    creating = _judge(_stateful_set(readyReplicas=1))
    assert creating.progress.endswith("create Pods (1/3 Pods ready)")
    rolling = _judge(_stateful_set(generation=2, readyReplicas=2))
    assert rolling.progress.endswith("update to roll out (2/3 Pods ready)")
    finishing = _judge(_stateful_set(generation=2, updateRevision="b"))
    assert finishing.progress.endswith(".status.currentRevision")


def _job(*conditions: Object) -> Object:
    status = {"startTime": "now", "conditions": list(conditions)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "bootstrap"},
        "status": status,
    }


def test_a_job_is_ready_when_it_is_complete():
    assert not _judge(_job()).ready
    assert _judge(_job(condition("Complete", "True"))).ready


def test_a_failed_job_is_not_waited_for():
    verdict = _judge(_job(condition("Failed", "True", "BackoffLimitExceeded", "tried 6 times")))
    assert verdict.hopeless
    assert verdict.problems == ("[BackoffLimitExceeded] tried 6 times",)


def _service(**spec) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "ClusterIP", "selector": {"app": "web"}, **spec},
    }


def test_a_service_is_ready_when_it_has_endpoints():
    assert not _judge(_service()).ready
    assert not _judge(_service(), endpoint_slices=[{"endpoints": []}]).ready
    assert _judge(_service(), endpoint_slices=[{"endpoints": [{"addresses": ["10.0.0.1"]}]}]).ready


@pytest.mark.parametrize(
    "spec", [{"clusterIP": "None"}, {"type": "ExternalName"}, {"selector": None}]
)
def test_a_service_without_pods_behind_it_is_not_waited_for(spec):
    assert _judge(_service(**spec)).ready


def test_a_load_balancer_needs_an_address():
    slices = [{"endpoints": [{}]}]
    verdict = _judge(_service(type="LoadBalancer"), endpoint_slices=slices)
    assert not verdict.ready
    assert "IP address" in verdict.problems[0]


def _claim(phase: str, **spec) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "spec": spec,
        "status": {"phase": phase},
    }


def _class(name: str, mode: str, *, default: bool = False) -> Object:
    annotation = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": annotation}, "volumeBindingMode": mode}


def test_a_claim_is_ready_when_it_is_bound():
    assert _judge(_claim("Bound")).ready
    assert not _judge(_claim("Pending")).ready


def test_a_claim_that_waits_for_its_consumer_is_not_waited_for():
    classes = [
        _class("now", "Immediate"),
        _class("later", "WaitForFirstConsumer", default=True),
    ]
    assert _judge(_claim("Pending", storageClassName="later"), storage_classes=classes).ready
    assert _judge(_claim("Pending"), storage_classes=classes).ready
    assert not _judge(_claim("Pending", storageClassName="now"), storage_classes=classes).ready


def test_a_quota_is_ready_when_the_controller_counts_against_it():
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "spec": {"hard": {"requests.cpu": "20000m"}},
        "status": {"hard": {"requests.cpu": "20"}},
    }
    assert _judge(quota).ready
    assert not _judge({**quota, "status": {"hard": {"requests.cpu": "10"}}}).ready


def test_a_kind_without_a_rule_is_ready_once_it_exists():
    assert readiness.rule_for({"apiVersion": "v1", "kind": "ConfigMap"}) is None


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (
            {
                "state": {
                    "waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling web:1"}
                }
            },
            "[ImagePullBackOff] Back-off pulling web:1",
        ),
        (
            {"name": "web", "state": {"terminated": {"reason": "Error", "exitCode": 3}}},
            'container "web" completed with exit code 3',
        ),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, None),
        ({"ready": True, "lastState": {"terminated": {"exitCode": 1}}}, None),
    ],
)
def test_a_pod_reports_what_its_containers_suffer_from(status, problem):
    unready = pod("web", condition("Ready", "False"), containerStatuses=[status])
    expected = [f"[Pod apps/web]: {problem}"] if problem else []
    assert pods.problems(unready) == expected


def test_a_pod_in_the_default_namespace_is_called_by_its_name_alone():
    unscheduled = pod("web", UNSCHEDULABLE)
    unscheduled["metadata"]["namespace"] = "default"
    assert pods.problems(unscheduled) == ["[Pod web]: 0/6 nodes are available"]


def test_a_pod_that_has_done_its_work_is_ready():
    assert _judge(pod("once", condition("Ready", "False", "PodCompleted"), phase="Succeeded")).ready
    assert _judge(pod("web", condition("Ready", "False"))).progress == (
        'Waiting for Pod "web" to be scheduled'
    )
