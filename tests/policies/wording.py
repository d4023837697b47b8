"""The sentences that a condition is expected to say; test_pod_hardening.py has one in full."""

from policies.condition import Condition
from policies.resources.resource import Resource


def violated(
    condition: Condition, resource: Resource, *, found: str, requires: str, fix: str
) -> str:
    """The message about a violation."""
    return (
        f"{_about(condition, resource)}: found {found}; requires {requires}. Fix: {fix}. "
        f"Exception: policies/exceptions.yaml, condition {condition.id}, with owner and expiry."
    )


def pending(condition: Condition, resource: Resource, *, unknown: str, requires: str) -> str:
    """The message about what only `up` will tell."""
    return (
        f"{_about(condition, resource)}: undecided until up, as {unknown} is not known at "
        f"preview; will require {requires}."
    )


def _about(condition: Condition, resource: Resource) -> str:
    framework, controls = next(iter(condition.controls.items()))
    return f"[{framework} {controls[0]}] {resource.type} '{resource.name}'"
