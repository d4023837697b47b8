"""Writes the files of a report."""

import json
from collections.abc import Sequence
from pathlib import Path

from policies.condition import Condition
from policies.conditions import ALL
from policies.evidence import comment, document, page, preview, recorded, run, sarif
from policies.evidence.building import build
from policies.evidence.report import Report
from policies.framework import Framework
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.soc2.controls import FRAMEWORK as SOC2

FRAMEWORKS = (SOC2, GDPR)
"""All frameworks that there is a pack for."""


def write(
    stack: str,
    record: Path,
    out: Path,
    *,
    previewed: Path | None = None,
    from_nothing: bool = False,
    project: Path | None = None,
    frameworks: Sequence[Framework] = FRAMEWORKS,
    conditions: Sequence[Condition] = ALL,
) -> Report:
    """Report on what the packs recorded.

    Args:
        stack: name of the stack.
        record: the folder that `POLICY_RECORD` named.
        out: the folder for report.html, report.json, report.sarif and summary.md.
        previewed: what `pulumi preview --json --show-sames` printed: gives results their lines in
            the program, and the summary what would change.
        from_nothing: whether the preview was made without the stack's state.
        project: the folder of Pulumi.yaml; default: the present one.
        frameworks: those whose packs ran.
        conditions: all conditions of those packs.
    """
    report = build(
        stack,
        conditions,
        [recorded.read(record, framework) for framework in frameworks],
        preview.read(previewed) if previewed else preview.Preview(),
        run.current(project or Path.cwd(), from_nothing=from_nothing),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(page.page(report))
    (out / "report.json").write_text(_json(document.document(report)))
    (out / "report.sarif").write_text(_json(sarif.log(report)))
    (out / "summary.md").write_text(comment.comment(report))
    return report


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
