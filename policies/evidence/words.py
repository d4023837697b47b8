"""The sentences of a report, for the terminal, for comments and for code scanning."""

from collections.abc import Iterator

from policies.evidence.report import ConditionReport, Counts, Outcome, Report, State
from policies.resources.place import Finding


def counts(counts: Counts) -> str:
    """`2 violated, 1 undecided until up, 1 excepted, 340 passed`, without what there is none of."""
    parts = {
        "violated": counts.violated,
        "undecided until up": counts.undecided,
        "excepted": counts.excepted,
        "passed": counts.passed,
    }
    return ", ".join(f"{number} {word}" for word, number in parts.items() if number) or "nothing"


def found(finding: Finding) -> str:
    """The state that was found, without the property where that is said beside it."""
    return finding.found.removeprefix(finding.path).strip() or finding.found


def sentences(condition: ConditionReport, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What is said of a resource that is not passed: the path of each place, and a sentence."""
    judged = outcome.judged
    place = f"[{', '.join(condition.references)}] {judged.type} '{judged.label}'"
    if outcome.state is State.UNDECIDED:
        for each in judged.undecided:
            yield (
                each.path,
                f"{place}: undecided until up, as {each.path} is not known at preview; "
                f"will require {each.requires}.",
            )
    for each in judged.findings:
        yield (
            each.path,
            f"{place}: found {each.found}; requires {each.requires}. Fix: {each.path}. "
            f"{condition.condition.steps}",
        )


def terminal(report: Report) -> str:
    """What a command says at its end: violations, problems, and the counts."""
    lines = []
    for condition in report.conditions:
        violated = condition.having(State.VIOLATED)
        if violated:
            level = "" if condition.is_blocking else " (advisory)"
            lines += [
                f"✗ [{', '.join(condition.references)}] {condition.condition.title}{level}",
                f"  Remedy: {condition.condition.steps}",
            ]
        for outcome in violated:
            where = f" ({outcome.position})" if outcome.position else ""
            lines.append(f"  - {outcome.judged.type} '{outcome.judged.label}'{where}")
            lines += [
                f"    {each.path}: found {found(each)}; requires {each.requires}"
                for each in outcome.judged.findings
            ]
    return "\n".join(
        [
            *lines,
            f"Evidence of stack {report.stack}: {counts(report.counts)}.",
            *report.problems,
        ]
    )
