"""Makes a framework's conditions a policy pack and serves it to the Pulumi engine.

A policy of the pack is a control, with the conditions that are evidence for it: the SDK unpacks a
resource anew for each policy, so that one policy for each condition would take five times as long.
Where its conditions differ in level, or some need the whole stack, a control is several policies.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import conversion
from policies.assessment import Assessment, Said
from policies.condition import Condition
from policies.conditions import ALL
from policies.framework import Framework
from policies.parameters import ConfigurationError
from policies.resources.resource import Resource, Stack

FILES_VARIABLE = "POLICY_FILES"
"""Environment variable with the folder of `config/` and `exceptions.yaml`; default: this one."""

_SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


def serve(framework: Framework) -> None:
    """Serve the framework's pack until the engine ends it; the last call of a `__main__.py`."""
    files = Path(os.environ.get(FILES_VARIABLE) or Path(__file__).parent)
    try:
        assessment = Assessment(framework, ALL, os.environ.get("PULUMI_STACK", ""), files)
    except ConfigurationError as error:
        pulumi.log.error(str(error))
        sys.exit(1)
    PolicyPack(framework.pack, policies=policies(assessment), display_name=framework.name)


def policies(assessment: Assessment) -> list[Policy]:
    """The policies, in the order in which the SDK runs them: what sums up comes last."""

    def group(condition: Condition) -> tuple[str, str, str]:
        control = condition.controls[assessment.framework.id][0]
        return control, assessment.level(condition).value, condition.scope

    on = [
        each
        for each in assessment.conditions
        if assessment.level(each) is not EnforcementLevel.DISABLED
    ]
    stack = _StackOnce()
    return [
        *(
            _policy(assessment, list(conditions), stack)
            for _, conditions in groupby(sorted(on, key=group), key=group)
        ),
        *_stack_remediations(assessment, on),
        *_summaries(assessment, stack),
    ]


class _StackOnce:
    """The stack, of whose resources the SDK hands each policy copies of its own."""

    def __init__(self) -> None:
        self._stack: Stack | None = None
        self._declared: dict[str, Resource] = {}

    def declared(self, resource: Resource) -> None:
        """Remember a resource as the program declares it."""
        self._declared[resource.urn] = resource

    def of(self, given: StackValidationArgs) -> Stack:
        """The stack as the first policy got it.

        A provider whose own settings are not known at preview, such as Kubernetes' in a cluster
        that is yet to be made, is not asked what a resource will be: the engine then shows it
        without any property, and what the program declares stands for them.
        """
        if self._stack is None:
            resources = [
                self._with_properties(conversion.resource(each)) for each in given.resources
            ]
            self._stack = Stack(resources=resources)
        return self._stack

    def _with_properties(self, resource: Resource) -> Resource:
        declared = self._declared.get(resource.urn)
        if declared is None or resource.properties.value:
            return resource
        return replace(resource, read=declared.read)

    def forget(self) -> None:
        """The next policy is asked about another state of the stack."""
        self._stack = None
        self._declared = {}


def _policy(assessment: Assessment, conditions: Sequence[Condition], stack: _StackOnce) -> Policy:
    """A control with conditions of the same level and scope."""
    framework = assessment.framework
    control = conditions[0].controls[framework.id][0]
    level = assessment.level(conditions[0])
    scope = conditions[0].scope
    variants = [
        *([level.value] if level is not EnforcementLevel.MANDATORY else []),
        *([scope] if scope == "stack" else []),
    ]
    metadata: dict[str, Any] = {
        "name": "-".join([re.sub(r"[^A-Za-z0-9.]+", "-", control).strip("-"), *variants]),
        "description": framework.controls[control],
        "display_name": f"{framework.id} {control}",
        "enforcement_level": level,
        "severity": max((each.severity for each in conditions), key=_SEVERITIES.index),
        "framework": PolicyComplianceFramework(
            framework.name, framework.version, control, framework.controls[control]
        ),
        "tags": [framework.pack, *(each.id for each in conditions)],
        "remediation_steps": "\n".join(f"{each.id}: {each.steps}" for each in conditions),
        "url": framework.url,
    }
    if scope == "stack":
        return StackValidationPolicy(validate=_in_stack(assessment, conditions, stack), **metadata)
    return ResourceValidationPolicy(
        validate=_alone(assessment, conditions, stack),
        remediate=_remediation(assessment, conditions)
        if level is EnforcementLevel.REMEDIATE
        else None,
        **metadata,
    )


def _alone(
    assessment: Assessment, conditions: Sequence[Condition], once: _StackOnce
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(given: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = conversion.resource(given)
        once.declared(resource)
        alone = Stack(resources=[resource])
        for condition in conditions:
            _report(report, assessment.judge(condition, resource, alone))

    return validate


def _in_stack(
    assessment: Assessment, conditions: Sequence[Condition], once: _StackOnce
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(given: StackValidationArgs, report: ReportViolation) -> None:
        stack = once.of(given)
        for condition in conditions:
            for resource in stack.where(condition.applies):
                _report(report, assessment.judge(condition, resource, stack))

    return validate


def _remediation(
    assessment: Assessment, conditions: Sequence[Condition]
) -> Callable[[ResourceValidationArgs], Any]:
    def remedied(given: ResourceValidationArgs) -> Any:
        before = conversion.resource(given).properties.value
        for condition in conditions:
            resource = conversion.resource(given)
            if condition.remediate and assessment.is_violated(condition, resource):
                condition.remediate(resource, cast(MutableMapping[str, Any], given.props))
        # What is returned is announced as remedied, be it changed or not.
        return given.props if conversion.plain(given.props) != before else None

    return remedied


def _stack_remediations(assessment: Assessment, conditions: Iterable[Condition]) -> list[Policy]:
    """What conditions on the stack remedy: the SDK has only policies on one resource do it."""
    return [
        ResourceValidationPolicy(
            name=f"{each.id}-remediation",
            description=each.title,
            enforcement_level=EnforcementLevel.REMEDIATE,
            remediate=_remediation(assessment, [each]),
        )
        for each in conditions
        if each.scope == "stack"
        and each.remediate
        and assessment.level(each) is EnforcementLevel.REMEDIATE
    ]


def _summaries(assessment: Assessment, stack: _StackOnce) -> list[Policy]:
    def unused(_: StackValidationArgs, report: ReportViolation) -> None:
        _report(report, assessment.unused_exceptions())

    def deviations(_: StackValidationArgs, report: ReportViolation) -> None:
        said = list(assessment.deviations())
        _report(report, (each for each in said if each[1] is not None))
        # The engine puts a heading of two lines above each message.
        if of_stack := [message for message, urn in said if urn is None]:
            report("\n".join(of_stack), None)
        assessment.ended()
        stack.forget()

    return [
        StackValidationPolicy(
            name="exceptions-are-used",
            description="Every exception covers something that is there.",
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=Severity.MEDIUM,
            validate=unused,
        ),
        StackValidationPolicy(
            name="known-deviations",
            description="What is undecided, excepted or switched off.",
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
            validate=deviations,
        ),
    ]


def _report(report: ReportViolation, said: Iterable[Said]) -> None:
    for message, urn in said:
        report(message, urn)
