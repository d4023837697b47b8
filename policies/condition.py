"""What a condition is: one sentence about resources, and the function that decides it."""

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

from pulumi_policy import EnforcementLevel, Severity

from policies.parameters import Parameters
from policies.resources.place import Verdict
from policies.resources.resource import Resource, Stack


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a condition may look at beside the resource it judges.

    Attributes:
        parameters: what is configured for the stack.
        stack: all resources, for a condition of scope `stack`; otherwise only the one judged.
    """

    parameters: Parameters
    stack: Stack


Check = Callable[[Resource, Context], Iterator[Verdict]]
Remediation = Callable[[Resource, MutableMapping[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition, independent of the framework that asks for it.

    Attributes:
        id: its name in configuration, exceptions and reports, as `no-privilege-escalation`.
        title: the sentence that is true of every resource that passes.
        controls: by framework (`SOC2`, `GDPR`), the controls it is evidence for, the main one
            first.
        severity: how bad a violation is.
        level: what a violation does unless the configuration says otherwise.
        scope: whether a resource can be judged on its own, or only with all others in view.
        applies: which resources it judges.
        check: yields what keeps a resource from passing; nothing if it passes.
        remediate: changes properties in place so that they pass; only where that is safe.
        steps: how to remedy a violation, for people.
        url: where the requirement is explained.
    """

    id: str
    title: str
    controls: dict[str, tuple[str, ...]]
    severity: Severity
    level: EnforcementLevel
    scope: Literal["resource", "stack"]
    applies: Callable[[Resource], bool]
    check: Check
    remediate: Remediation | None
    steps: str
    url: str


def condition(
    *,
    applies: Callable[[Resource], bool],
    severity: Severity,
    steps: str,
    url: str,
    soc2: tuple[str, ...] = (),
    gdpr: tuple[str, ...] = (),
    level: EnforcementLevel = EnforcementLevel.MANDATORY,
    scope: Literal["resource", "stack"] = "resource",
    remediate: Remediation | None = None,
) -> Callable[[Check], Condition]:
    """Make a function a condition; its name becomes the id, its docstring the title."""
    mapped = {"SOC2": soc2, "GDPR": gdpr}

    def decorate(check: Check) -> Condition:
        return Condition(
            id=check.__name__.replace("_", "-"),
            title=" ".join((check.__doc__ or "").split()),
            controls={framework: controls for framework, controls in mapped.items() if controls},
            severity=severity,
            level=level,
            scope=scope,
            applies=applies,
            check=check,
            remediate=remediate,
            steps=steps,
            url=url,
        )

    return decorate
