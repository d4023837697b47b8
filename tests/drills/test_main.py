"""The command: what it prints, what it writes, and its exit code."""

import json
from pathlib import Path

import pytest

from drills import __main__ as command
from drills import restore
from drills.figures import Figure, Report
from local.errors import LocalError


@pytest.fixture
def result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "local" / "drill.json"
    monkeypatch.setattr(command, "_RESULT", file)
    return file


def of(seconds: float) -> Report:
    figure = Figure(what="n8n serves after", measured=seconds, unit="s", at_most=900)
    return Report(drill="restore", title="A database is lost", figures=[figure], remarks=["So."])


@pytest.mark.parametrize(("seconds", "code"), [(14, 0), (901, 1)])
def test_the_exit_code_says_whether_all_targets_are_met(
    seconds: float,
    code: int,
    result: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(restore, "run", lambda _: of(seconds))
    assert command.main(["restore"]) == code
    said = capsys.readouterr().out
    assert "So." in said
    assert ("Targets missed: n8n serves after." in said) is bool(code)
    assert json.loads(result.read_text())["met"] is (code == 0)


@pytest.mark.usefixtures("result")
def test_a_drill_that_cannot_be_run_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> Report:
        raise LocalError("there is no PostgreSQL")

    monkeypatch.setattr(restore, "run", fail)
    assert command.main(["restore"]) == 1
    assert "there is no PostgreSQL" in capsys.readouterr().err
