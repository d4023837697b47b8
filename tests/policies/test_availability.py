"""The loss of a pod, a machine or a zone, and the drain of a machine, leave pods that serve."""

from typing import Any

import pytest

from policies.conditions import availability
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

ZONE = "topology.kubernetes.io/zone"
SINGLE = {"n8n-platform/single-replica": "one clock only"}
COMPONENT = "app.kubernetes.io/component"
LABELS = {"app.kubernetes.io/name": "web", COMPONENT: "front"}


def workload(
    replicas: Any = None,
    *,
    kind: str = "Deployment",
    name: str = "web",
    annotations: Any = None,
    labels: Any = LABELS,
    **pod: Any,
) -> Resource:
    return resource(
        f"kubernetes:apps/v1:{kind}",
        {
            "metadata": {"name": name, "annotations": annotations},
            "spec": {
                "replicas": replicas,
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        name=name,
    )


def scaler(minimum: Any, target: Any = "web", kind: Any = "Deployment") -> Resource:
    return resource(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        {"spec": {"minReplicas": minimum, "scaleTargetRef": {"kind": kind, "name": target}}},
    )


def scaled_object(minimum: Any) -> Resource:
    return resource(
        "kubernetes:keda.sh/v1alpha1:ScaledObject",
        {"spec": {"minReplicaCount": minimum, "scaleTargetRef": {"name": "web"}}},
    )


def budget(selector: Any = None, *, namespace: Any = None, **spec: Any) -> Resource:
    return resource(
        "kubernetes:policy/v1:PodDisruptionBudget",
        {
            "metadata": {"namespace": namespace},
            "spec": {"selector": {"matchLabels": LABELS} if selector is None else selector, **spec},
        },
    )


@pytest.mark.parametrize(
    ("judged", "others"),
    [
        (workload(2), []),
        (workload(1, annotations=SINGLE), []),
        (workload(None), [scaler(2)]),
        (workload(None), [scaled_object(3)]),
        (workload(UNKNOWN), [scaler(2)]),
        (workload(1, annotations=SINGLE), [scaler(1)]),
        (workload(0), []),
    ],
)
def test_a_workload_has_two_replicas_or_says_why_not(
    judged: Resource, others: list[Resource]
) -> None:
    assert said(availability.workload_has_two_replicas, judged, *others) == []


REPLICAS = "spec.replicas"
MINIMUM = "spec.minReplicas of its HorizontalPodAutoscaler"
COUNT = "spec.minReplicaCount of its ScaledObject"


@pytest.mark.parametrize(
    ("judged", "others", "place", "state"),
    [
        (workload(1), [], REPLICAS, "1"),
        (workload(None, kind="StatefulSet"), [], REPLICAS, "not set"),
        (workload(1, annotations={"n8n-platform/single-replica": " "}), [], REPLICAS, "1"),
        (workload(1), [scaler(2, target="api")], REPLICAS, "1"),
        (workload(1), [scaler(2, kind="StatefulSet")], REPLICAS, "1"),
        # An autoscaler has the last word.
        (workload(3), [scaler(1)], MINIMUM, "1"),
        (workload(3), [scaler(None)], MINIMUM, "not set"),
        (workload(3), [scaled_object(None)], COUNT, "not set"),
    ],
)
def test_a_single_replica_without_a_reason_is_found(
    judged: Resource, others: list[Resource], place: str, state: str
) -> None:
    condition = availability.workload_has_two_replicas

    assert said(condition, judged, *others) == [
        violated(
            condition,
            judged,
            found=f"{place} {state}",
            requires="at least 2, or the annotation n8n-platform/single-replica with the reason",
            fix=place,
        )
    ]


@pytest.mark.parametrize(
    ("judged", "others", "place"),
    [
        (workload(UNKNOWN), [], REPLICAS),
        (workload(1, annotations=UNKNOWN), [], REPLICAS),
        (workload(3), [scaler(UNKNOWN)], MINIMUM),
        (workload(3), [scaler(1, target=UNKNOWN)], MINIMUM),
    ],
)
def test_unknown_replicas_are_undecided(
    judged: Resource, others: list[Resource], place: str
) -> None:
    condition = availability.workload_has_two_replicas

    assert said(condition, judged, *others) == [
        pending(
            condition,
            judged,
            unknown=place,
            requires="at least 2, or the annotation n8n-platform/single-replica with the reason",
        )
    ]


def in_zone(zone: Any, name: str = "web", operator: str = "In", labels: Any = LABELS) -> Resource:
    expression = {"key": ZONE, "operator": operator, "values": [zone]}
    return workload(
        2,
        kind="StatefulSet",
        name=name,
        labels=labels,
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [expression]}]
                }
            }
        },
    )


def apart(how: str, term: Any) -> Resource:
    return workload(
        2, affinity={"podAntiAffinity": {f"{how}DuringSchedulingIgnoredDuringExecution": [term]}}
    )


def spread(key: Any) -> Resource:
    return workload(2, topologySpreadConstraints=[{"topologyKey": key}])


@pytest.mark.parametrize(
    ("judged", "others", "spreads"),
    [
        (spread(ZONE), [], True),
        (apart("required", {"topologyKey": ZONE}), [], True),
        (apart("preferred", {"podAffinityTerm": {"topologyKey": ZONE}}), [], True),
        (workload(1, annotations=SINGLE), [], True),
        (in_zone("a"), [in_zone("b", "other")], True),
        (workload(2, nodeSelector={ZONE: "a"}), [workload(2, nodeSelector={ZONE: "b"})], True),
        (workload(2), [], False),
        (spread("kubernetes.io/hostname"), [], False),
        (in_zone("a"), [], False),
        (in_zone("a"), [in_zone("a", "other")], False),
        (in_zone("a"), [in_zone("b", "other", labels={**LABELS, COMPONENT: "back"})], False),
        (in_zone("a", labels={}), [in_zone("b", "other", labels={})], False),
        (in_zone("a", operator="NotIn"), [in_zone("b", "other")], False),
        (in_zone("a"), [workload(2, nodeSelector={ZONE: "b"})], False),
        (spread(UNKNOWN), [], None),
        (in_zone("a"), [in_zone(UNKNOWN, "other")], None),
        (workload(2, nodeSelector=UNKNOWN), [in_zone("b", "other")], False),
    ],
)
def test_pods_are_spread_over_zones(
    judged: Resource, others: list[Resource], spreads: bool | None
) -> None:
    condition = availability.workload_spreads_over_zones
    requires = (
        f"a topologySpreadConstraint or a podAntiAffinity on {ZONE}, or one workload for each zone"
    )

    expected = {
        True: [],
        False: [
            violated(
                condition,
                judged,
                found="pods that nothing spreads over zones",
                requires=requires,
                fix="spec.template.spec.topologySpreadConstraints",
            )
        ],
        None: [pending(condition, judged, unknown="where its pods may run", requires=requires)],
    }
    assert said(condition, judged, *others) == expected[spreads]


@pytest.mark.parametrize(
    ("budgets", "found"),
    [
        ([budget()], ""),
        ([budget({})], ""),
        ([budget(), budget(namespace="other")], ""),
        ([], "no PodDisruptionBudget that selects its pods"),
        ([budget({"matchLabels": {"a": "b"}})], "no PodDisruptionBudget that selects its pods"),
        ([budget(namespace="other")], "no PodDisruptionBudget that selects its pods"),
        ([budget(), budget({})], "2 PodDisruptionBudgets that select its pods"),
    ],
)
def test_exactly_one_budget_selects_the_pods(budgets: list[Resource], found: str) -> None:
    condition = availability.workload_has_one_disruption_budget
    judged = workload(2)

    assert said(condition, judged, *budgets) == (
        [
            violated(
                condition,
                judged,
                found=found,
                requires="one PodDisruptionBudget that selects them",
                fix="spec.template.metadata.labels",
            )
        ]
        if found
        else []
    )


def test_budgets_are_undecided_where_it_matters() -> None:
    condition = availability.workload_has_one_disruption_budget
    unclear = budget(UNKNOWN)

    for budgets in ([unclear], [unclear, budget()]):
        assert said(condition, workload(2), *budgets) == [
            pending(
                condition,
                workload(2),
                unknown="which PodDisruptionBudgets select its pods",
                requires="one PodDisruptionBudget that selects them",
            )
        ]
    assert len(said(condition, workload(2), unclear, budget(), budget({}))) == 1
    # One pod alone needs no budget.
    assert said(condition, workload(1, annotations=SINGLE)) == []


@pytest.mark.parametrize(
    ("bounds", "others"),
    [
        ({"maxUnavailable": 1}, []),
        ({"maxUnavailable": "1%"}, []),
        ({"minAvailable": 1}, [workload(2)]),
        ({"minAvailable": "50%"}, [workload(2)]),
        ({"minAvailable": 2}, [workload(1, name="a"), workload(2, name="b")]),
        ({"minAvailable": 1}, [workload(1), scaler(2)]),
        ({"minAvailable": 1}, []),
    ],
)
def test_a_budget_lets_a_pod_go(bounds: dict[str, Any], others: list[Resource]) -> None:
    assert said(availability.disruption_budget_can_be_met, budget(**bounds), *others) == []


@pytest.mark.parametrize(
    ("bounds", "others", "found", "requires", "fix"),
    [
        (
            {"maxUnavailable": 0},
            [],
            "spec.maxUnavailable 0",
            "1 or more",
            "spec.maxUnavailable",
        ),
        (
            {"maxUnavailable": "0%"},
            [],
            "spec.maxUnavailable set otherwise",
            "1 or more",
            "spec.maxUnavailable",
        ),
        (
            {"minAvailable": 2},
            [workload(5), scaler(2)],
            "spec.minAvailable 2",
            "less than 2, the fewest pods it selects",
            "spec.minAvailable",
        ),
        (
            # Rounded up, that is both of them.
            {"minAvailable": "51%"},
            [workload(2)],
            "spec.minAvailable set otherwise",
            "less than 2, the fewest pods it selects",
            "spec.minAvailable",
        ),
        (
            {},
            [],
            "neither maxUnavailable nor minAvailable",
            "maxUnavailable 1 or more",
            "spec.maxUnavailable",
        ),
    ],
)
def test_a_budget_that_blocks_every_drain_is_found(
    bounds: dict[str, Any], others: list[Resource], found: str, requires: str, fix: str
) -> None:
    condition = availability.disruption_budget_can_be_met
    judged = budget(**bounds)

    assert said(condition, judged, *others) == [
        violated(condition, judged, found=found, requires=requires, fix=fix)
    ]


def test_a_budget_may_be_undecided() -> None:
    condition = availability.disruption_budget_can_be_met
    judged = budget(maxUnavailable=UNKNOWN)

    assert said(condition, judged) == [
        pending(condition, judged, unknown="spec.maxUnavailable", requires="1 or more")
    ]
    judged = budget(minAvailable=1)
    assert said(condition, judged, workload(UNKNOWN)) == [
        pending(
            condition,
            judged,
            unknown="how many pods it selects",
            requires="minAvailable below that number",
        )
    ]
    judged = budget(minAvailable=UNKNOWN)
    assert said(condition, judged, workload(2)) == [
        pending(
            condition,
            judged,
            unknown="spec.minAvailable",
            requires="less than 2, the fewest pods it selects",
        )
    ]


def test_only_what_keeps_a_number_of_pods_is_judged() -> None:
    for type_ in ("apps/v1:DaemonSet", "apps/v1:DeploymentPatch", "batch/v1:Job"):
        other = resource(f"kubernetes:{type_}")
        assert judgement(availability.workload_has_two_replicas, other) is None
