"""What tells whether a condition concerns a resource at all, and is not known yet."""

from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import (
    availability,
    aws_network,
    aws_transport,
    classification,
    data_subjects,
    network_exposure,
    pod_hardening,
    residency,
)
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.pods import deployment
from tests.policies.wording import pending

_ZONE = "topology.kubernetes.io/zone"
_RIGHT = "metadata.labels.data-subject-rights"
_SYSTEM = "spec.template.spec.os.name"
_CLAIMS = "spec.volumeClaimTemplates"


def job(**spec: Any) -> Resource:
    labels = {"data-subject-rights": UNKNOWN}
    return resource("kubernetes:batch/v1:CronJob", {"metadata": {"labels": labels}, "spec": spec})


def of_some_zone(operator: Any) -> Resource:
    expression = {"key": _ZONE, "operator": operator, "values": ["us-east-1a"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    pods = {
        "metadata": {"labels": {"app.kubernetes.io/name": "redis"}},
        "spec": {"affinity": affinity},
    }
    return resource("kubernetes:apps/v1:StatefulSet", {"spec": {"template": pods}})


def store(**spec: Any) -> Resource:
    return resource("kubernetes:apps/v1:StatefulSet", {"spec": spec})


SYSTEM_UNKNOWN = deployment(os={"name": UNKNOWN})
METADATA = resource(
    "aws:ec2/instance:Instance",
    {"metadataOptions": {"httpEndpoint": UNKNOWN, "httpPutResponseHopLimit": 1}},
)


@pytest.mark.parametrize(
    ("condition", "judged", "unknown", "requires"),
    [
        (
            data_subjects.data_subject_jobs_run,
            job(suspend=True),
            _RIGHT,
            "false or not set",
        ),
        (
            data_subjects.data_subject_jobs_alert_on_failure,
            job(),
            _RIGHT,
            "an alert of a PrometheusRule whose expression is about failed jobs or this one",
        ),
        (pod_hardening.no_privilege_escalation, SYSTEM_UNKNOWN, _SYSTEM, "false"),
        (pod_hardening.capabilities_are_dropped, SYSTEM_UNKNOWN, _SYSTEM, "ALL"),
        (
            pod_hardening.seccomp_profile_is_set,
            SYSTEM_UNKNOWN,
            _SYSTEM,
            "RuntimeDefault or Localhost",
        ),
        (pod_hardening.root_file_system_is_read_only, SYSTEM_UNKNOWN, _SYSTEM, "true"),
        (
            classification.data_stores_have_a_purpose,
            store(volumeClaimTemplates=UNKNOWN),
            _CLAIMS,
            "a purpose",
        ),
        (
            classification.data_stores_have_an_owner,
            store(volumeClaimTemplates=UNKNOWN),
            _CLAIMS,
            "an owner",
        ),
        (
            residency.pods_and_volumes_stay_in_allowed_regions,
            of_some_zone(UNKNOWN),
            "spec.template.spec.affinity.nodeAffinity"
            ".requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]"
            ".matchExpressions[0].operator",
            "an allowed region",
        ),
        (
            aws_network.instance_metadata_is_guarded,
            METADATA,
            "metadataOptions.httpEndpoint",
            "required",
        ),
        (
            aws_transport.databases_force_tls,
            resource("aws:rds/instance:Instance", {"engine": UNKNOWN}),
            "engine",
            "one with rds.force_ssl or require_secure_transport on",
        ),
    ],
    ids=lambda value: value.id if isinstance(value, Condition) else "",
)
def test_leaves_open_what_would_be_a_finding(
    condition: Condition, judged: Resource, unknown: str, requires: str
) -> None:
    assert said(condition, judged) == [
        pending(condition, judged, unknown=unknown, requires=requires)
    ]


def test_leaves_open_whether_workloads_share_their_zones() -> None:
    condition = availability.workload_spreads_over_zones
    judged = of_some_zone(UNKNOWN)

    assert said(condition, judged, of_some_zone("In")) == [
        pending(
            condition,
            judged,
            unknown="where its pods may run",
            requires=f"a topologySpreadConstraint or a podAntiAffinity on {_ZONE}, or one "
            "workload for each zone",
        )
    ]


def test_leaves_open_whose_port_a_service_publishes() -> None:
    service = resource(
        "kubernetes:core/v1:Service",
        {
            "spec": {
                "type": "LoadBalancer",
                "selector": UNKNOWN,
                "ports": [{"port": 80, "targetPort": "postgres"}],
            }
        },
    )
    database = deployment({"ports": [{"name": "postgres", "containerPort": 5432}]})
    condition = network_exposure.no_data_service_outside_the_cluster

    assert said(condition, service, database) == [
        pending(condition, service, unknown="spec.type", requires="ClusterIP")
    ]
