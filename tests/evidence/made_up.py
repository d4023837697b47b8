"""Records as the packs write them, of conditions and resources that are made up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from unittest.mock import patch

from pulumi_policy import Severity

from policies import record
from policies.condition import Condition, Context, condition
from policies.evidence import FRAMEWORKS
from policies.exceptions import Grant
from policies.framework import Framework
from policies.judgement import Judgement, Result
from policies.record import Record
from policies.resources.place import Finding, Undecided, Verdict
from policies.resources.resource import Resource
from tests.policies.judging import resource

STACK = "made-up"
_URL = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"


def _nothing(_: Resource) -> bool:
    raise AssertionError("a report judges nothing")


@condition(
    applies=_nothing,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Set allowPrivilegeEscalation to false.",
    url=_URL,
)
def no_privilege_escalation(_: Resource, __: Context) -> Iterator[Verdict]:
    """No process may gain more privileges than its container was given."""
    raise AssertionError


@condition(
    applies=_nothing,
    severity=Severity.MEDIUM,
    soc2=("CC6.7",),
    gdpr=("32", "32(1)(a)"),
    steps="Set tls.",
    url=_URL,
)
def traffic_is_encrypted(_: Resource, __: Context) -> Iterator[Verdict]:
    """Traffic between workloads is encrypted."""
    raise AssertionError


@condition(
    applies=_nothing,
    severity=Severity.LOW,
    soc2=("C1.2",),
    gdpr=("5(1)(e)",),
    steps="Set a retention.",
    url=_URL,
)
def data_is_deleted(_: Resource, __: Context) -> Iterator[Verdict]:
    """Data is deleted after its retention."""
    raise AssertionError


@condition(
    applies=_nothing,
    severity=Severity.CRITICAL,
    soc2=("CC6.1",),
    steps="Use a reference.",
    url=_URL,
)
def no_literal_secret(_: Resource, __: Context) -> Iterator[Verdict]:
    """No secret is written into a manifest."""
    raise AssertionError


CONDITIONS = (no_privilege_escalation, traffic_is_encrypted, data_is_deleted, no_literal_secret)


def pods(name: str) -> Resource:
    """A workload."""
    return resource("kubernetes:apps/v1:Deployment", name=name)


def passed(by: Condition, what: Resource) -> Judgement:
    return Judgement(condition=by, resource=what, result=Result.PASSED, findings=[], undecided=[])


def violated(by: Condition, what: Resource, *paths: str) -> Judgement:
    return Judgement(
        condition=by,
        resource=what,
        result=Result.VIOLATED,
        findings=[Finding(path, f"{path} not set", "false") for path in paths or ("spec.a",)],
        undecided=[],
    )


def undecided(by: Condition, what: Resource) -> Judgement:
    return Judgement(
        condition=by,
        resource=what,
        result=Result.UNDECIDED,
        findings=[],
        undecided=[Undecided("spec.tls", "true")],
    )


def excepted(by: Condition, what: Resource, grant: Grant) -> Judgement:
    return Judgement(
        condition=by,
        resource=what,
        result=Result.EXCEPTED,
        findings=[Finding("spec.tls", "spec.tls false", "true")],
        undecided=[],
        grant=grant,
    )


def grant(on: Condition, pattern: str = "*::redis") -> Grant:
    """An exception."""
    return Grant(
        controls=tuple(
            f"{framework} {control}"
            for framework, controls in on.controls.items()
            for control in controls
        ),
        condition=on.id,
        resource=pattern,
        stacks=(STACK,),
        reason="One machine, no network between its processes.",
        owner="platform team",
        ticket="OPS-12",
        expires=date(2027, 3, 31),
    )


def write_record(
    folder: Path,
    judgements: Sequence[Judgement],
    *,
    grants: Sequence[Grant] = (),
    unused: Sequence[Grant] = (),
    levels: Mapping[str, str] | None = None,
    conditions: Sequence[Condition] = CONDITIONS,
    frameworks: Sequence[Framework] = FRAMEWORKS,
    stack: str = STACK,
    ended: bool = True,
) -> None:
    """Have each framework's pack record those judgements that are its own."""
    for framework in frameworks:
        own = [each for each in conditions if framework.id in each.controls]
        with patch.dict("os.environ", {record.VARIABLE: str(folder)}):
            pack = Record(framework)
        pack.started(
            stack,
            {each.id: (levels or {}).get(each.id, each.level.value) for each in own},
            grants,
        )
        for each in judgements:
            if each.condition in own:
                pack.judged(each)
        for each in unused:
            pack.unused(each)
        if ended:
            pack.ended()
