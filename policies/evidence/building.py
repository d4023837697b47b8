"""Makes a report of what the packs recorded and a preview said.

Everything in it is in a fixed order, so that two reports of the same commit and configuration
differ in their `Run` only.
"""

from collections.abc import Mapping, Sequence

from policies.condition import Condition
from policies.evidence.preview import Position, Preview
from policies.evidence.recorded import Judged, Recorded
from policies.evidence.report import (
    STATES,
    ConditionReport,
    ControlReport,
    Exempted,
    FrameworkReport,
    Outcome,
    Report,
    State,
)
from policies.evidence.run import Run
from policies.framework import Framework


def build(
    stack: str,
    conditions: Sequence[Condition],
    records: Sequence[Recorded],
    preview: Preview,
    run: Run,
) -> Report:
    """The report on a stack.

    Args:
        stack: its name.
        conditions: all conditions that there are, in the order of reports.
        records: what each framework's pack wrote down.
        preview: what the preview says beside them.
        run: what is different in every run.
    """
    wanted = [
        condition
        for condition in conditions
        if any(each.framework.id in condition.controls for each in records)
    ]
    reports = [
        _condition(number, condition, records, preview.positions)
        for number, condition in enumerate(wanted, start=1)
    ]
    return Report(
        stack=stack,
        run=run,
        frameworks=[_framework(each.framework, reports) for each in records],
        conditions=reports,
        exceptions=_exceptions(records, reports),
        changes=preview.changes,
        gaps=_gaps(stack, records, preview, reports),
    )


def _condition(
    number: int,
    condition: Condition,
    records: Sequence[Recorded],
    positions: Mapping[str, Position],
) -> ConditionReport:
    """What all packs that share a condition decided; of two results the severer one counts."""
    by_urn: dict[str, Judged] = {}
    for recorded in records:
        for (identifier, urn), judged in recorded.judged.items():
            if identifier == condition.id and (
                urn not in by_urn or _severity(judged) < _severity(by_urn[urn])
            ):
                by_urn[urn] = judged
    levels = [each.levels[condition.id] for each in records if condition.id in each.levels]
    return ConditionReport(
        number=number,
        condition=condition,
        level=levels[0] if levels else condition.level.value,
        outcomes=[
            Outcome(judged=judged, position=positions.get(judged.urn))
            for judged in sorted(
                by_urn.values(), key=lambda each: (_severity(each), each.type, each.label, each.urn)
            )
        ],
    )


def _severity(judged: Judged) -> int:
    return list(STATES).index(judged.result)


def _framework(framework: Framework, reports: Sequence[ConditionReport]) -> FrameworkReport:
    by_id = {each.condition.id: each for each in reports}
    return FrameworkReport(
        framework=framework,
        controls=[
            ControlReport(
                id=control,
                title=framework.controls[control],
                conditions=[by_id[each.id] for each in conditions],
            )
            for control, conditions in framework.conditions(
                each.condition for each in reports
            ).items()
        ],
    )


def _exceptions(
    records: Sequence[Recorded], reports: Sequence[ConditionReport]
) -> Sequence[Exempted]:
    grants = dict.fromkeys(grant for recorded in records for grant in recorded.grants)
    covered = [outcome.judged.grant for each in reports for outcome in each.having(State.EXCEPTED)]
    return [
        Exempted(
            grant=grant,
            resources=covered.count(grant),
            unused=any(grant in recorded.unused for recorded in records),
        )
        for grant in grants
    ]


def _gaps(
    stack: str,
    records: Sequence[Recorded],
    preview: Preview,
    reports: Sequence[ConditionReport],
) -> list[str]:
    gaps = []
    for recorded in records:
        name = recorded.framework.name
        if recorded.stack is None:
            gaps.append(f"The policy pack for {name} recorded nothing.")
        elif not recorded.ended:
            gaps.append(f"The policy pack for {name} did not come to the end of the stack.")
        if recorded.stack not in (None, stack):
            gaps.append(f"The policy pack for {name} judged another stack, {recorded.stack}.")
    known = {each.condition.id for each in reports}
    strange = {name for recorded in records for name in recorded.levels} - known
    if strange:
        gaps.append(f"The record has conditions of another version: {', '.join(sorted(strange))}.")
    if preview.errors:
        gaps.append("The preview failed for another reason than a violation.")
    return gaps
