"""Pods talk to nobody but those that a NetworkPolicy names."""

from typing import Any

import pytest

from policies.conditions import network_isolation
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

LABELS = {"app": "web", "tier": "front"}
BOTH = ["Ingress", "Egress"]


def namespace(labels: Any = None, name: Any = "web") -> Resource:
    return resource("kubernetes:core/v1:Namespace", {"metadata": {"name": name, "labels": labels}})


def policy(in_namespace: Any = "web", **spec: Any) -> Resource:
    return resource(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        {"metadata": {"namespace": in_namespace}, "spec": spec},
    )


def deployment(labels: Any = None, type_: str = "apps/v1:Deployment") -> Resource:
    return resource(
        f"kubernetes:{type_}",
        {
            "metadata": {"namespace": "web"},
            "spec": {"template": {"metadata": {"labels": labels or LABELS}, "spec": {}}},
        },
    )


DENIAL = policy(podSelector={}, policyTypes=BOTH)


@pytest.mark.parametrize(
    ("policies", "open_ways"),
    [
        ([DENIAL], []),
        ([policy(podSelector={}, policyTypes=BOTH, ingress=[], egress=[])], []),
        ([policy(podSelector={"matchLabels": {}}, policyTypes=BOTH)], []),
        ([policy(podSelector={}), policy(podSelector={}, policyTypes=["Egress"])], []),
        ([], ["ingress", "egress"]),
        ([policy("other", podSelector={}, policyTypes=BOTH)], ["ingress", "egress"]),
        ([policy(podSelector={"matchLabels": LABELS}, policyTypes=BOTH)], ["ingress", "egress"]),
        ([policy(podSelector={}, policyTypes=["Ingress"])], ["egress"]),
        # Without types a policy is for ingress, and for egress if it has rules for it.
        ([policy(podSelector={}, egress=[])], ["egress"]),
        ([policy(podSelector={}, policyTypes=BOTH, ingress=[{}])], ["ingress"]),
    ],
)
def test_a_namespace_denies_what_no_policy_allows(
    policies: list[Resource], open_ways: list[str]
) -> None:
    condition = network_isolation.namespace_denies_by_default
    judged = namespace()

    assert said(condition, judged, *policies) == [
        violated(
            condition,
            judged,
            found=f"no NetworkPolicy that denies all pods {way} by default",
            requires=f"one with an empty podSelector, policyTypes with {way.capitalize()}, and no "
            f"{way} rules",
            fix="a NetworkPolicy in this namespace",
        )
        for way in open_ways
    ]


@pytest.mark.parametrize(
    "unclear",
    [
        policy(UNKNOWN, podSelector={}, policyTypes=BOTH),
        policy(podSelector=UNKNOWN, policyTypes=BOTH),
        policy(podSelector={}, policyTypes=UNKNOWN),
        policy(podSelector={}, policyTypes=BOTH, ingress=UNKNOWN, egress=UNKNOWN),
        policy(podSelector={"matchExpressions": UNKNOWN}, policyTypes=BOTH),
    ],
)
def test_whether_a_namespace_denies_may_be_undecided(unclear: Resource) -> None:
    condition = network_isolation.namespace_denies_by_default
    judged = namespace()

    assert said(condition, judged, unclear) == [
        pending(
            condition,
            judged,
            unknown="which NetworkPolicies this namespace has",
            requires=f"one with an empty podSelector, policyTypes with {way.capitalize()}, and no "
            f"{way} rules",
        )
        for way in ("ingress", "egress")
    ]
    assert said(condition, judged, unclear, DENIAL) == []


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({}, True),
        (None, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "back"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Near"}]}, False),
        ({"matchLabels": UNKNOWN}, None),
        ({"matchLabels": {"app": UNKNOWN}}, None),
        ({"matchLabels": {"app": "api", "tier": UNKNOWN}}, False),
        ({"matchExpressions": [{"key": "app", "operator": UNKNOWN}]}, None),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": UNKNOWN}]}, None),
        ({"matchExpressions": [{"key": "zone", "operator": "In", "values": UNKNOWN}]}, False),
        ("app=web", False),
    ],
)
def test_pods_are_isolated_by_a_policy_that_selects_them(
    selector: Any, chosen: bool | None
) -> None:
    condition = network_isolation.pods_are_isolated
    judged = deployment()
    requires = (
        "a NetworkPolicy in their namespace that selects spec.template.metadata.labels and has "
        "{} in its policyTypes"
    )

    expected = {
        True: [],
        False: [
            violated(
                condition,
                judged,
                found=f"pods that no NetworkPolicy selects for {way}",
                requires=requires.format(way.capitalize()),
                fix="spec.template.metadata.labels",
            )
            for way in ("ingress", "egress")
        ],
        None: [
            pending(
                condition,
                judged,
                unknown="which NetworkPolicies select its pods",
                requires=requires.format(way),
            )
            for way in BOTH
        ],
    }
    assert (
        said(condition, judged, policy(podSelector=selector, policyTypes=BOTH))
        == (expected[chosen])
    )


def test_pods_of_another_namespace_are_not_isolated() -> None:
    condition = network_isolation.pods_are_isolated
    elsewhere = policy("other", podSelector={}, policyTypes=BOTH)

    assert len(said(condition, deployment(), elsewhere)) == 2
    assert said(condition, deployment(type_="batch/v1:Job"), DENIAL) == []
    # What only changes a Deployment, or is only a template, runs no pods.
    assert judgement(condition, deployment(type_="apps/v1:DeploymentPatch")) is None
    assert judgement(condition, deployment(type_="core/v1:PodTemplate")) is None


def test_a_namespace_enforces_pod_security() -> None:
    condition = network_isolation.namespace_enforces_restricted_pods
    label = "pod-security.kubernetes.io/enforce"
    place = f"metadata.labels.{label}"

    assert said(condition, namespace({label: "restricted"})) == []
    for labels, state in (({label: "baseline"}, "set otherwise"), (None, "not set")):
        judged = namespace(labels)
        assert said(condition, judged) == [
            violated(condition, judged, found=f"{place} {state}", requires="restricted", fix=place)
        ]
    unclear = namespace(UNKNOWN)
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=place, requires="restricted")
    ]
