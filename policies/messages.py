"""The sentences that people read in the terminal, on pull requests and in reports."""

from policies.condition import Condition
from policies.framework import Framework
from policies.resources.place import Finding, Undecided
from policies.resources.resource import Resource


def violation(
    framework: Framework, condition: Condition, resource: Resource, finding: Finding
) -> str:
    """What is wrong, where, and the two ways out of it."""
    return (
        f"{_place(framework, condition, resource)}: found {finding.found}; "
        f"requires {finding.requires}. Fix: {finding.path}. "
        f"Exception: policies/exceptions.yaml, condition {condition.id}, with owner and expiry."
    )


def undecided(
    framework: Framework, condition: Condition, resource: Resource, verdict: Undecided
) -> str:
    """What preview cannot tell; `up` will."""
    return (
        f"{_place(framework, condition, resource)}: undecided until up, as {verdict.path} is not "
        f"known at preview; will require {verdict.requires}."
    )


def control(framework: Framework, condition: Condition) -> str:
    """The main control of a condition in a framework, as `SOC2 CC6.8`."""
    return f"{framework.id} {condition.controls[framework.id][0]}"


def _place(framework: Framework, condition: Condition, resource: Resource) -> str:
    return f"[{control(framework, condition)}] {resource.type} '{resource.name}'"
