"""What conditions decided about resources: passed, violated, undecided or excepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from policies.condition import Condition, Context
from policies.exceptions import Grant
from policies.resources.place import Finding, Undecided
from policies.resources.resource import Resource


class Result(StrEnum):
    """What became of one resource under one condition."""

    PASSED = "passed"
    VIOLATED = "violated"
    UNDECIDED = "undecided until up"
    EXCEPTED = "excepted"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The result for one resource under one condition.

    Attributes:
        condition: the condition.
        resource: the resource.
        result: a violation outweighs what is undecided.
        findings: what violates, also where it is excepted.
        undecided: what is not known at preview.
        grant: the exception that covers the violation.
    """

    condition: Condition
    resource: Resource
    result: Result
    findings: Sequence[Finding]
    undecided: Sequence[Undecided]
    grant: Grant | None = None


def judge(
    condition: Condition, resource: Resource, context: Context, grants: Sequence[Grant]
) -> Judgement | None:
    """Judge a resource; None where the condition does not apply to it."""
    if not condition.applies(resource):
        return None
    verdicts = list(condition.check(resource, context))
    findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
    undecided = [verdict for verdict in verdicts if isinstance(verdict, Undecided)]
    grant = next((grant for grant in grants if grant.covers(condition, resource)), None)
    if findings:
        result = Result.EXCEPTED if grant else Result.VIOLATED
    else:
        result = Result.UNDECIDED if undecided else Result.PASSED
    return Judgement(
        condition=condition,
        resource=resource,
        result=result,
        findings=findings,
        undecided=undecided,
        grant=grant if findings else None,
    )
