"""`report.sarif`: what is not passed, for code scanning, in SARIF 2.1.0.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pulumi_policy import Severity

from policies.evidence.report import ConditionReport, Outcome, Report, State
from policies.evidence.words import sentences

_SCORES = {
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
"""In the middle of the ranges that GitHub shows as low, medium, high and critical."""

_NOWHERE = "Pulumi.yaml"
"""The file that a result is shown at if nobody knows where its resource is declared."""


def log(report: Report) -> dict[str, Any]:
    """The report as a log of SARIF. Only `invocations` differ between two of one configuration."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "policy packs",
                        "fullName": " and ".join(each.framework.pack for each in report.frameworks),
                        "rules": [_rule(each) for each in report.conditions],
                    }
                },
                # One category for each stack: several are uploaded for one commit.
                "automationDetails": {"id": f"evidence/{report.stack}/"},
                "invocations": [
                    {
                        "executionSuccessful": not report.gaps,
                        "endTimeUtc": report.run.at,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": gap}} for gap in report.gaps
                        ],
                    }
                ],
                "results": [
                    result
                    for index, condition in enumerate(report.conditions)
                    for outcome in condition.outcomes
                    for result in _results(report, index, condition, outcome)
                ],
            }
        ],
    }


def _rule(report: ConditionReport) -> dict[str, Any]:
    condition = report.condition
    return {
        "id": condition.id,
        "shortDescription": {"text": condition.title},
        "fullDescription": {"text": f"{condition.title} ({', '.join(report.references)})"},
        "help": {
            "text": f"{condition.steps} {condition.url}",
            "markdown": f"{condition.steps}\n\n[Why]({condition.url})",
        },
        "helpUri": condition.url,
        "defaultConfiguration": {
            "enabled": not report.is_off,
            "level": "error" if report.is_blocking else "warning",
        },
        "properties": {
            "tags": ["security", *report.references],
            "security-severity": _SCORES[condition.severity],
        },
    }


def _results(
    report: Report, index: int, condition: ConditionReport, outcome: Outcome
) -> Iterator[dict[str, Any]]:
    """One result for each place: violations as they count, excepted ones suppressed, open ones."""
    if outcome.state is State.PASSED:
        return
    for path, sentence in sentences(condition, outcome):
        yield {
            "ruleId": condition.condition.id,
            "ruleIndex": index,
            **_weight(condition, outcome),
            "message": {"text": sentence},
            "locations": [_location(report, outcome)],
            "partialFingerprints": {
                "primaryLocationLineHash": _fingerprint(
                    report.stack, condition.condition.id, outcome.judged.urn, path
                )
            },
            **_suppressions(outcome),
        }


def _weight(condition: ConditionReport, outcome: Outcome) -> dict[str, str]:
    if outcome.state is State.UNDECIDED:
        # "The result could not be decided": the standard wants level none for it.
        return {"kind": "open", "level": "none"}
    if outcome.state is State.EXCEPTED:
        return {"kind": "fail", "level": "note"}
    return {"kind": "fail", "level": "error" if condition.is_blocking else "warning"}


def _suppressions(outcome: Outcome) -> dict[str, Any]:
    grant = outcome.judged.grant
    if grant is None:
        return {}
    return {
        "suppressions": [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{grant.reason} Owner: {grant.owner}. Ticket: {grant.ticket}. "
                f"Expires: {grant.expires}.",
            }
        ]
    }


def _location(report: Report, outcome: Outcome) -> dict[str, Any]:
    position = outcome.position
    file = position.file if position else _NOWHERE
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(report.run.folder + file)},
            "region": {"startLine": position.line if position else 1},
        },
        "logicalLocations": [
            {
                "name": outcome.judged.name,
                "fullyQualifiedName": outcome.judged.urn,
                "kind": "resource",
            }
        ],
    }


def _fingerprint(*identity: str) -> str:
    """What makes a result the same one in the next run, wherever its resource is moved to."""
    return hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16] + ":1"
