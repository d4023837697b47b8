"""Conditions judged without an engine, on properties as a program declares them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies import messages, parameters
from policies.condition import Condition, Context
from policies.conditions import ALL
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.judgement import Judgement, judge
from policies.parameters import Parameters
from policies.resources.place import Absent, Place
from policies.resources.resource import Resource, Stack
from policies.soc2.controls import FRAMEWORK as SOC2

UNKNOWN = Absent.UNKNOWN
"""A value that is only known at `up`."""

DEFAULTS = parameters.load("no-such-stack", [each.id for each in ALL])
"""What holds for a stack without a configuration of its own."""


def resource(
    type: str,  # noqa: A002 -- Pulumi's own word
    properties: Any = None,
    *,
    name: str = "example",
    protect: bool = False,
    ignored: Sequence[str] = (),
    provider: Mapping[str, Any] | None = None,
    references: Mapping[str, Sequence[str]] | None = None,
) -> Resource:
    """A resource of a program."""
    return Resource(
        type=type,
        name=name,
        urn=f"urn:pulumi:test::test::{type}::{name}",
        read=lambda: {} if properties is None else properties,
        protect=protect,
        ignored=ignored,
        provider=Place("provider", Absent.MISSING if provider is None else provider),
        references=references or {},
    )


def judgement(
    condition: Condition,
    judged: Resource,
    *others: Resource,
    parameters: Parameters = DEFAULTS,
) -> Judgement | None:
    """What a condition says of a resource, in a stack with others; None if it does not apply."""
    context = Context(parameters=parameters, stack=Stack(resources=[judged, *others]))
    return judge(condition, judged, context, [])


def judgements(
    resources: Sequence[Resource], *alone: Resource, parameters: Parameters = DEFAULTS
) -> Iterator[Judgement]:
    """What all conditions say of a program.

    Args:
        resources: what the program declares.
        alone: which of them are judged by conditions that look at one resource only.
        parameters: what is configured.
    """
    context = Context(parameters=parameters, stack=Stack(resources=resources))
    for condition in ALL:
        for each in resources if condition.scope == "stack" else alone:
            judged = judge(condition, each, context, [])
            if judged:
                yield judged


def said(
    condition: Condition,
    judged: Resource,
    *others: Resource,
    parameters: Parameters = DEFAULTS,
) -> list[str]:
    """The messages about a resource, of its violations and of what is undecided; none: it passes.

    Raises:
        AssertionError: the condition does not apply to that resource.
    """
    judged_as = judgement(condition, judged, *others, parameters=parameters)
    assert judged_as, f"{condition.id} does not judge {judged.type}"
    framework = SOC2 if SOC2.id in condition.controls else GDPR
    return [
        *(
            messages.violation(framework, condition, judged, finding)
            for finding in judged_as.findings
        ),
        *(
            messages.undecided(framework, condition, judged, verdict)
            for verdict in judged_as.undecided
        ),
    ]
