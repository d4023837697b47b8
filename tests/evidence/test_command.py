"""`make evidence`, with a program in place of Pulumi's CLI."""

import json
import os
from pathlib import Path

import pytest

from local import evidence
from local.progress import Steps
from policies.conditions import ALL
from policies.evidence import FRAMEWORKS
from tests.evidence.made_up import passed, pods, violated, write_record

STACK = "dev"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the stack's report."""
    monkeypatch.setattr(evidence, "FOLDER", tmp_path / "evidence")
    return tmp_path / "evidence" / STACK


def cli(folder: Path, script: str) -> Path:
    """A program that does what a preview would."""
    file = folder / "pulumi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def report(pulumi: Path, *arguments: str) -> int:
    return evidence.report(
        STACK, *arguments, pulumi=pulumi, environment=dict(os.environ), state=True, steps=Steps()
    )


def recorded(folder: Path, *, well: bool) -> Path:
    """What both packs say of a stack that is well, or is not."""
    judge = passed if well else violated
    condition = next(each for each in ALL if len(each.controls) == len(FRAMEWORKS))
    write_record(folder, [judge(condition, pods("main"))], conditions=ALL, stack=STACK)
    return folder


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_a_preview_with_both_packs_becomes_a_report(
    tmp_path: Path, out: Path, *, well: bool, code: int
) -> None:
    given = recorded(tmp_path / "given", well=well)
    said = tmp_path / "arguments"
    preview = f"""
      printf '%s ' "$@" > {said}
      mkdir -p "$POLICY_RECORD" && cp {given}/* "$POLICY_RECORD"
      echo '{{"steps": []}}'; exit {code}"""

    assert report(cli(tmp_path, preview), "--parallel", "4") == code

    assert json.loads((out / "report.json").read_text())["complete"]
    assert said.read_text().split() == [
        *("preview", "--json", "--show-sames", "--stack", STACK),
        *("--policy-pack", "policies/soc2", "--policy-pack", "policies/gdpr"),
        *("--parallel", "4"),
    ]


def test_a_preview_that_cannot_begin_says_why_and_leaves_no_earlier_report(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out.mkdir(parents=True)
    (out / "earlier.html").touch()

    assert report(cli(tmp_path, "echo 'error: no stack named dev' >&2; exit 255")) == 1

    assert "error: no stack named dev" in capsys.readouterr().err
    assert not (out / "earlier.html").exists()
    assert not json.loads((out / "report.json").read_text())["complete"]
