"""`report.json`: the report for other tools, as `report.schema.json` describes it."""

from collections.abc import Sequence
from typing import Any

from policies.evidence.report import (
    ConditionReport,
    ControlReport,
    Counts,
    Exempted,
    FrameworkReport,
    Outcome,
    Report,
)

VERSION = 1
"""Version of the schema: it changes when something is renamed, removed or gets another meaning."""


def document(report: Report) -> dict[str, Any]:
    """The report as JSON values. Only `run` differs between two of the same configuration."""
    return {
        "schemaVersion": VERSION,
        "run": {
            "at": report.run.at,
            "commit": report.run.commit,
            "dirty": report.run.dirty,
            "fromNothing": report.run.from_nothing,
            "tools": dict(report.run.tools),
        },
        "stack": report.stack,
        "complete": not report.gaps,
        "problems": report.problems,
        "counts": _counts(report.counts),
        "frameworks": [_framework(each) for each in report.frameworks],
        "conditions": [_condition(each, report.exceptions) for each in report.conditions],
        "exceptions": [_exception(each) for each in report.exceptions],
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "violated": counts.violated,
        "undecided": counts.undecided,
        "excepted": counts.excepted,
        "passed": counts.passed,
    }


def _framework(report: FrameworkReport) -> dict[str, Any]:
    framework = report.framework
    return {
        "id": framework.id,
        "name": framework.name,
        "version": framework.version,
        "url": framework.url,
        "pack": framework.pack,
        "counts": _counts(report.counts),
        "controls": [_control(each) for each in report.controls],
        "notShown": [
            {"control": control, "subject": subject}
            for control, subject in framework.not_shown.items()
        ],
    }


def _control(report: ControlReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "title": report.title,
        "state": report.state.value,
        "counts": _counts(report.counts),
        "resources": report.resources,
        "conditions": [each.condition.id for each in report.conditions],
    }


def _condition(report: ConditionReport, exceptions: Sequence[Exempted]) -> dict[str, Any]:
    condition = report.condition
    return {
        "id": condition.id,
        "title": condition.title,
        "controls": {name: list(controls) for name, controls in condition.controls.items()},
        "severity": condition.severity.value,
        "level": report.level,
        "steps": condition.steps,
        "url": condition.url,
        "state": report.state.value,
        "counts": _counts(report.counts),
        "resources": [_resource(each, exceptions) for each in report.outcomes],
    }


def _resource(outcome: Outcome, exceptions: Sequence[Exempted]) -> dict[str, Any]:
    judged = outcome.judged
    grants = [each.grant for each in exceptions]
    position = outcome.position
    return {
        "type": judged.type,
        "name": judged.name,
        "urn": judged.urn,
        "position": {"file": position.file, "line": position.line} if position else None,
        "result": outcome.state.value,
        "findings": [
            {"path": each.path, "found": each.found, "requires": each.requires}
            for each in judged.findings
        ],
        "undecided": [{"path": each.path, "requires": each.requires} for each in judged.undecided],
        "exception": grants.index(judged.grant) if judged.grant else None,
    }


def _exception(exempted: Exempted) -> dict[str, Any]:
    grant = exempted.grant
    return {
        "controls": list(grant.controls),
        "condition": grant.condition,
        "resource": grant.resource,
        "reason": grant.reason,
        "owner": grant.owner,
        "ticket": grant.ticket,
        "expires": grant.expires.isoformat(),
        "resources": exempted.resources,
        "unused": exempted.unused,
    }
