"""Pods talk to nobody but those that a NetworkPolicy names.

Only Kubernetes' own NetworkPolicy counts: those of network plugins (Cilium, Calico) have another
meaning, and a cluster without that plugin ignores them.
"""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import decide, some
from policies.resources.kubernetes import is_namespace, pod_labels
from policies.resources.network_policies import (
    DIRECTIONS,
    denies_by_default,
    is_network_policy,
    isolates,
)
from policies.resources.place import Absent, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import runs_pods

_POLICIES = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"


@condition(
    applies=is_namespace,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC6.6",),
    gdpr=("32",),
    steps="Add a NetworkPolicy to the namespace with an empty podSelector, policyTypes Ingress and "
    "Egress, and no rules.",
    url=_POLICIES + "#default-policies",
)
def namespace_denies_by_default(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every namespace forbids its pods all connections that no policy allows, in and out."""
    place = resource.at("metadata", "name")
    name = place.text or Absent.UNKNOWN
    for direction in DIRECTIONS:
        yield from decide(
            some(
                denies_by_default(policy, name, direction)
                for policy in context.stack.where(is_network_policy)
            ),
            "a NetworkPolicy in this namespace",
            found=f"no NetworkPolicy that denies all pods {direction} by default",
            requires=f"one with an empty podSelector, policyTypes with {direction.capitalize()}, "
            f"and no {direction} rules",
            unknown="which NetworkPolicies this namespace has",
        )


@condition(
    applies=runs_pods,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC6.6",),
    gdpr=("32",),
    steps="Add a NetworkPolicy to the namespace of the pods that selects them, with policyTypes "
    "Ingress and Egress.",
    url=_POLICIES + "#the-two-sorts-of-pod-isolation",
)
def pods_are_isolated(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every pod is selected by policies that say who connects to it and whom it connects to."""
    labels = pod_labels(resource).path
    for direction in DIRECTIONS:
        yield from decide(
            some(
                isolates(policy, resource, direction)
                for policy in context.stack.where(is_network_policy)
            ),
            labels,
            found=f"pods that no NetworkPolicy selects for {direction}",
            requires=f"a NetworkPolicy in their namespace that selects {labels} and has "
            f"{direction.capitalize()} in its policyTypes",
            unknown="which NetworkPolicies select its pods",
        )


@condition(
    applies=is_namespace,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Label the namespace with pod-security.kubernetes.io/enforce: restricted.",
    url="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
)
def namespace_enforces_restricted_pods(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every namespace refuses pods that are not as Pod Security's level `restricted` asks."""
    yield from resource.at("metadata", "labels", "pod-security.kubernetes.io/enforce").must_be(
        "restricted"
    )
