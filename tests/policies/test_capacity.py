"""What pods may use is said beforehand."""

from typing import Any

import pytest

from policies.conditions import capacity
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated

RESOURCES = "spec.template.spec.containers[app].resources"
COMPLETE = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


def deployment(needs: Any, **pod: Any) -> Resource:
    spec = {"containers": [{"name": "app", "resources": needs}], **pod}
    return resource("kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": spec}}})


def scaler(minimum: Any, maximum: Any) -> Resource:
    return resource(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        {"spec": {"minReplicas": minimum, "maxReplicas": maximum}},
    )


def test_containers_say_what_they_need() -> None:
    condition = capacity.containers_have_requests_and_limits

    for judged in (
        deployment(COMPLETE),
        # A limit stands for its request, and the pod's bounds for its containers'.
        deployment({"limits": {"cpu": "1", "memory": "1Gi"}}),
        deployment(None, resources=COMPLETE),
        deployment(COMPLETE, ephemeralContainers=[{"name": "debugger"}]),
    ):
        assert said(condition, judged) == []


@pytest.mark.parametrize(
    ("needs", "missing"),
    [
        ({**COMPLETE, "limits": {"cpu": "1"}}, ["limits.memory"]),
        ({"limits": {"memory": "1Gi"}}, ["requests.cpu"]),
        (None, ["requests.cpu", "requests.memory", "limits.memory"]),
    ],
)
def test_a_missing_bound_is_found(needs: Any, missing: list[str]) -> None:
    condition = capacity.containers_have_requests_and_limits
    judged = deployment(needs)

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"{RESOURCES}.{bound} not set",
            requires="a quantity",
            fix=f"{RESOURCES}.{bound}",
        )
        for bound in missing
    ]


def test_unknown_and_init_containers_are_looked_at() -> None:
    condition = capacity.containers_have_requests_and_limits
    unclear = deployment({**COMPLETE, "limits": {"memory": UNKNOWN}})

    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=f"{RESOURCES}.limits.memory", requires="a quantity")
    ]
    assert len(said(condition, deployment(COMPLETE, initContainers=[{"name": "setup"}]))) == 3


def test_an_autoscaler_can_add_pods() -> None:
    condition = capacity.autoscaler_has_room
    maximum = "spec.maxReplicas"

    assert said(condition, scaler(2, 3)) == []
    assert said(condition, scaler(None, 2)) == []
    for minimum, most, least, state in ((3, 3, 3, "3"), (2, None, 2, "not set"), (None, 1, 1, "1")):
        judged = scaler(minimum, most)
        assert said(condition, judged) == [
            violated(
                condition,
                judged,
                found=f"{maximum} {state}",
                requires=f"more than {least}",
                fix=maximum,
            )
        ]
    unclear = scaler(2, UNKNOWN)
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=maximum, requires="more than 2")
    ]
    unclear = scaler(UNKNOWN, 3)
    assert said(condition, unclear) == [
        pending(
            condition, unclear, unknown="spec.minReplicas", requires="spec.maxReplicas above it"
        )
    ]
    scaled = resource("kubernetes:keda.sh/v1alpha1:ScaledObject", {"spec": {"maxReplicaCount": 0}})
    assert said(condition, scaled) == [
        violated(
            condition,
            scaled,
            found="spec.maxReplicaCount 0",
            requires="more than 0",
            fix="spec.maxReplicaCount",
        )
    ]


@pytest.mark.parametrize(
    ("namespace", "hard", "bounded"),
    [
        ("web", {"pods": "10"}, True),
        ("web", {}, False),
        ("web", None, False),
        ("other", {"pods": "10"}, False),
        ("web", UNKNOWN, None),
        (UNKNOWN, {"pods": "10"}, None),
    ],
)
def test_a_namespace_has_a_quota(namespace: Any, hard: Any, bounded: bool | None) -> None:
    condition = capacity.namespace_has_quota
    judged = resource("kubernetes:core/v1:Namespace", {"metadata": {"name": "web"}})
    quota = resource(
        "kubernetes:core/v1:ResourceQuota",
        {"metadata": {"namespace": namespace}, "spec": {"hard": hard}},
    )

    expected = {
        True: [],
        False: [
            violated(
                condition,
                judged,
                found="no ResourceQuota with bounds",
                requires="one with bounds in spec.hard",
                fix="a ResourceQuota in this namespace",
            )
        ],
        None: [
            pending(
                condition,
                judged,
                unknown="which ResourceQuotas this namespace has",
                requires="one with bounds in spec.hard",
            )
        ],
    }
    assert said(condition, judged, quota) == expected[bounded]
