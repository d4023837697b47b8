"""`summary.md`: what a reviewer reads on a pull request."""

from collections import Counter
from collections.abc import Iterator

from policies.evidence import words
from policies.evidence.report import Outcome, Report, State
from policies.resources.place import Finding

_MOST = 30
"""Most lines of one list: a comment on GitHub holds 65,536 characters, and all stacks share it."""

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "import": "="}


def comment(report: Report) -> str:
    """The report in Markdown, the important first."""
    return "\n".join(
        [
            f"## Evidence of stack {_code(report.stack)}",
            "",
            *_problems(report),
            *_frameworks(report),
            *_violations(report),
            *_open(report),
            *_changes(report),
            f"<sub>{_run(report)}The full report is among the run's artifacts.</sub>",
            "",
        ]
    )


def _problems(report: Report) -> Iterator[str]:
    if report.gaps:
        yield "**This report is incomplete.**"
        yield ""
    for problem in report.problems:
        yield f"- {problem}"
    if report.problems:
        yield ""


def _frameworks(report: Report) -> Iterator[str]:
    yield "| framework | violated | undecided until up | excepted | passed |"
    yield "|---|---:|---:|---:|---:|"
    for each in report.frameworks:
        counts = each.counts
        yield (
            f"| {each.framework.name} | {counts.violated} | {counts.undecided} "
            f"| {counts.excepted} | {counts.passed} |"
        )
    yield ""


def _violations(report: Report) -> Iterator[str]:
    violated = [each for each in report.conditions if each.having(State.VIOLATED)]
    if violated:
        yield "### Violations"
        yield ""
    left = _MOST
    for condition in violated:
        level = "" if condition.is_blocking else " (advisory)"
        yield f"**{condition.condition.title}** {', '.join(condition.references)}{level}"
        yield ""
        lines = [
            _violation(outcome, finding)
            for outcome in condition.having(State.VIOLATED)
            for finding in outcome.judged.findings
        ]
        yield from _shortened(lines, left)
        left = max(0, left - len(lines))
        yield ""
        yield f"Remedy: {condition.condition.steps} [Why]({condition.condition.url})"
        yield ""


def _violation(outcome: Outcome, finding: Finding) -> str:
    judged = outcome.judged
    where = f" ({_code(str(outcome.position))})" if outcome.position else ""
    return (
        f"- {_code(f'{judged.type} {judged.label}')}: {_code(finding.path)} "
        f"found {_code(words.found(finding))}, requires {_code(finding.requires)}{where}"
    )


def _open(report: Report) -> Iterator[str]:
    """What is neither passed nor violated, in one line for each condition."""
    lines = []
    for condition in report.conditions:
        counts = condition.counts
        title = f"{_code(condition.condition.id)}: {condition.condition.title}"
        if counts.undecided:
            lines.append(f"- {counts.undecided} undecided until up, {title}")
        if counts.excepted:
            lines.append(f"- {counts.excepted} excepted, {title}")
        if condition.is_off:
            lines.append(f"- switched off, {title}")
    yield from _folded("Undecided, excepted, switched off", lines)


def _changes(report: Report) -> Iterator[str]:
    lines = []
    for change in report.changes or ():
        properties = ", ".join(map(_code, change.properties))
        lines.append(
            f"- {_code(_SIGNS[change.operation])} {change.operation} "
            f"{_code(f'{change.type} {change.label}')}" + (f": {properties}" if properties else "")
        )
    counted = Counter(change.operation for change in report.changes or ())
    total = ", ".join(f"{number} to {operation}" for operation, number in counted.items())
    yield from _folded(f"Changes: {total}", lines)
    if not lines and report.changes is not None and not report.gaps:
        yield "`up` would change nothing."
        yield ""


def _folded(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"<details><summary>{title}</summary>"
        yield ""
        yield from _shortened(lines)
        yield ""
        yield "</details>"
        yield ""


def _shortened(lines: list[str], most: int = _MOST) -> list[str]:
    if len(lines) <= most:
        return lines
    return [*lines[:most], f"- and {len(lines) - most} more"]


def _code(text: str) -> str:
    """The text as code, in which Markdown, HTML and mentions mean nothing."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def _run(report: Report) -> str:
    """The commit, and what the preview could not be compared with."""
    nothing = "Compared with nothing: no login to Pulumi. " if report.run.from_nothing else ""
    if report.run.commit is None:
        return nothing
    changed = ", with changes that are not committed" if report.run.dirty else ""
    return f"Commit {report.run.commit}{changed}. {nothing}"
