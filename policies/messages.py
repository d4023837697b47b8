"""The sentences that people read in the terminal, on pull requests and in reports."""

from collections.abc import Sequence

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


def all_undecided(
    framework: Framework, condition: Condition, places: Sequence[tuple[Resource, Undecided]]
) -> str:
    """The same of several places that have to be alike, a line for each."""
    _, verdict = places[0]
    return "\n".join(
        [
            f"[{control(framework, condition)}] undecided until up, as not known at preview; "
            f"will require {verdict.requires}:",
            *sorted(f"  {each.type} '{each.name}': {verdict.path}" for each, verdict in places),
        ]
    )


def control(framework: Framework, condition: Condition) -> str:
    """The main control of a condition in a framework, as `SOC2 CC6.8`."""
    return f"{framework.id} {condition.controls[framework.id][0]}"


def _place(framework: Framework, condition: Condition, resource: Resource) -> str:
    return f"[{control(framework, condition)}] {resource.type} '{resource.name}'"
