"""On which day keys were set or replaced: what is read, what is refused, and what is written."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest
import yaml

import settings
from esc.definition import FOLDER
from esc.rotated import record, writing
from esc.rotated.__main__ import main
from esc.rotated.record import RecordError
from settings.file import load_file
from settings.rotations import dated_keys
from tests.esc.test_definition import stacks_with_esc, write

ENVIRONMENT = "p/main"
DAY, LATER = date(2024, 3, 1), date(2024, 4, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Definitions of two environments, and no record yet."""
    keys = {key: {"fn::secret": ""} for key in (*"ABCD", "N8N_ENCRYPTION_KEY")}
    write(tmp_path, {"p/main": {"values": {**keys, "URL": ""}}, "p/other": {"values": keys}})
    return tmp_path


def read(folder: Path, text: str) -> Mapping[str, date]:
    (folder / record.FILE).write_text(text)
    return record.load("p", "main", folder=folder)


def refused(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(RecordError) as caught:
        read(folder, text)
    return caught.value.problems


def added(folder: Path, text: str, **days: date) -> str:
    """The record after days were written into it."""
    (folder / record.FILE).write_text(text)
    writing.write(ENVIRONMENT, days, folder=folder)
    return (folder / record.FILE).read_text()


@pytest.mark.parametrize("text", ["", "# Nothing yet.\n", "p/main:\n", "p/other:\n  A: 2024-01-01"])
def test_a_key_that_is_not_written_down_has_no_day(folder: Path, text: str) -> None:
    assert read(folder, text) == {}


@pytest.mark.parametrize("day", ["2024-03-01", '"2024-03-01"', "2024-03-01  # by hand"])
def test_a_key_has_the_day_of_its_own_environment(folder: Path, day: str) -> None:
    text = f"p/main:\n  A: {day}\np/other:\n  A: 2024-01-01\n"
    assert read(folder, text) == {"A": DAY}


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("  E: 2024-03-01", "line 2: E: esc/p/main.yaml has no such key; there are A, B, C, D"),
        ("  URL: 2024-03-01", "line 2: URL is no secret in esc/p/main.yaml"),
        ("  N8N_ENCRYPTION_KEY: 2024-03-01", "line 2: N8N_ENCRYPTION_KEY is never replaced"),
        ("  A:", "line 2: A has no day; write the one on which it was set"),
        ("  A: 1.3.2026", "line 2: A: no such day; write it as year, month and day"),
        ("  A: 2024-02-30", "line 2: A: no such day"),
        ("  A: [2024-03-01]", "line 2: A: no such day"),
        ("  A: 2126-03-01", "line 2: A: 2126-03-01 is in the future"),
        ("  A: 2024-03-01\n  A: 2024-04-01", "line 3: A stands there twice; keep the later day"),
        ("  A: 2024-03-01\np/main:\n  B: 2024-03-01", "line 3: p/main stands there twice"),
        ("p/none:\n  A: 2024-03-01", "line 2: there is no esc/p/none.yaml"),
        ("  - A", "line 2: p/main: write a line `KEY: 2026-11-30` below it"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, lines: str, problem: str) -> None:
    (said,) = refused(folder, f"p/main:\n{lines}\n")
    assert said.startswith(f"esc/rotated.yaml, {problem}")


@pytest.mark.parametrize("text", ["p/main: [", "- p/main", "text"])
def test_what_is_no_record_is_refused(folder: Path, text: str) -> None:
    (said,) = refused(folder, text)
    assert said.startswith("esc/rotated.yaml")


def test_everything_that_is_wrong_is_said_at_once(folder: Path) -> None:
    said = refused(folder, "p/none:\np/main:\n  E: 1.3.2026\n  URL: 2126-01-01\np/other:\n  F:\n")
    assert [each.split(":")[0].rpartition(" ")[2] for each in said] == list("1334466")


def test_no_record_at_all_is_refused(folder: Path) -> None:
    with pytest.raises(RecordError, match=r"there is no esc/rotated\.yaml"):
        record.load("p", "main", folder=folder)


def test_today_is_not_in_the_future_wherever_it_is_written(folder: Path) -> None:
    for hours in (-12, 0, 14):
        day = (datetime.now(UTC) + timedelta(hours=hours)).date()
        assert read(folder, f"p/main:\n  A: {day}\n") == {"A": day}


RECORD = """\
# What this is.

p/other:
    A: 2024-01-01
p/main:   # Staging.
  # The first.
  B: "2024-01-01"   # By hand.
  A: 2024-01-02

# The end.
"""


def test_what_is_written_keeps_comments_and_order(folder: Path) -> None:
    assert added(folder, RECORD, A=DAY, B=LATER, D=DAY, C=DAY) == (
        RECORD.replace('"2024-01-01"', "2024-04-01").replace(
            "2024-01-02\n", "2024-03-01\n  D: 2024-03-01\n  C: 2024-03-01\n"
        )
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\np/main:\n  A: 2024-03-01\n"),
        ("# No end of line", "# No end of line\np/main:\n  A: 2024-03-01\n"),
        ("p/main:", "p/main:\n  A: 2024-03-01"),
        ("p/main:\np/other:\n", "p/main:\n  A: 2024-03-01\np/other:\n"),
        (
            "p/main:\n    B: 2024-01-01 # x\n",
            "p/main:\n    B: 2024-01-01 # x\n    A: 2024-03-01\n",
        ),
    ],
)
def test_the_first_day_of_a_key_is_added(folder: Path, before: str, after: str) -> None:
    assert added(folder, before, A=DAY) == after


def test_what_would_not_be_valid_is_not_written(folder: Path) -> None:
    for days in ({"E": DAY}, {"A": date(2126, 1, 1)}, {"N8N_ENCRYPTION_KEY": DAY}):
        with pytest.raises(RecordError):
            added(folder, RECORD, **days)
        assert (folder / record.FILE).read_text() == RECORD


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """The committed definitions, without a day."""
    copytree(FOLDER / "n8n-platform", tmp_path / "n8n-platform")
    (tmp_path / record.FILE).write_text("n8n-platform/sophia-ai-staging:\n")
    return tmp_path


@pytest.fixture
def days(committed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That record, in place of the committed one."""
    file = committed / record.FILE
    monkeypatch.setattr("esc.rotated.record.FILE", str(file))
    return file


def test_the_command_dates_the_keys_that_it_is_given(committed: Path) -> None:
    arguments = ["--stack", "staging", "--on", "2024-03-01", "DATABASE_PASSWORD", "OPENAI_API_KEY"]
    assert main(arguments, folder=committed) == 0
    found = record.load("n8n-platform", "sophia-ai-staging", folder=committed)
    assert found == {"DATABASE_PASSWORD": DAY, "OPENAI_API_KEY": DAY}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stack", "staging"], "Which keys?"),
        (["--stack", "staging", "OPENAI_KEY"], "did you mean OPENAI_API_KEY?"),
        (["--stack", "staging", "N8N_ENCRYPTION_KEY"], "N8N_ENCRYPTION_KEY is no key that"),
        (["--stack", "staging", "REDIS_TLS_PRIVATE_KEY"], "REDIS_TLS_PRIVATE_KEY is no key that"),
        (["--stack", "staging", "--on", "2126-01-01", "OPENAI_API_KEY"], "in the future"),
        (["--stack", "local", "OPENAI_API_KEY"], "secrets.source of this stack is generated"),
        (["--stack", "nowhere", "OPENAI_API_KEY"], "there is no Pulumi.nowhere.yaml"),
    ],
)
def test_the_command_writes_nothing_that_is_not_so(
    committed: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments, folder=committed) == 1
    assert said in capsys.readouterr().out
    assert record.load("n8n-platform", "sophia-ai-staging", folder=committed) == {}


@pytest.mark.parametrize("stack", stacks_with_esc())
@pytest.mark.usefixtures("days")
def test_a_new_environment_is_dated_with_one_command(committed: Path, stack: str) -> None:
    assert all(each.replaced is None for each in dated_keys(load_file(stack)))
    assert main(["--stack", stack, "--undated"], folder=committed) == 0
    assert all(each.replaced for each in dated_keys(load_file(stack)))
    assert main(["--stack", stack, "--undated"], folder=committed) == 1


class TestKeysOfAStack:
    """Which keys are to be replaced, and when."""

    VALUES: Mapping[str, object] = {
        "secrets": {"source": "esc"},
        "esc": {"organization": "o", "project": "n8n-platform", "environment": "sophia-ai-staging"},
        "integrations": {"set": "minimal", "add": ["gong", "slack"]},
        "monitoring": {"stack": "install", "slack": {"channel": "#alerts"}},
    }

    def test_are_the_platforms_own_and_its_services_secrets(self) -> None:
        intervals = {
            each.name: each.interval_days for each in dated_keys(settings.parse(self.VALUES))
        }
        assert intervals == {
            "N8N_RUNNERS_AUTH_TOKEN": 90,
            "REDIS_PASSWORD": 90,
            "REDIS_CLUSTER_PASSWORD": 90,
            "DATABASE_PASSWORD": 90,
            "DATABASE_SUPERUSER_PASSWORD": 90,
            "ALERTMANAGER_SLACK_URL": 90,
            "GRAFANA_ADMIN_PASSWORD": 90,
            "OPENAI_API_KEY": 90,
            "GONG_ACCESS_KEY": 90,
            "GONG_ACCESS_KEY_SECRET": 90,
            "SLACK_BOT_TOKEN": 180,
        }

    def test_of_the_platforms_own_the_stack_says_how_old_they_may_be(self) -> None:
        esc = {**dict(self.VALUES["esc"]), "rotationDays": 30}  # pyright: ignore
        found = {
            each.name: each for each in dated_keys(settings.parse({**self.VALUES, "esc": esc}))
        }
        assert found["REDIS_PASSWORD"].interval_days == 30
        assert found["OPENAI_API_KEY"].interval_days == 90

    def test_are_due_when_their_interval_is_over(self, days: Path) -> None:
        days.write_text("n8n-platform/sophia-ai-staging:\n  OPENAI_API_KEY: 2024-01-01\n")
        found = {each.name: each for each in dated_keys(settings.parse(self.VALUES))}
        assert found["OPENAI_API_KEY"].due == datetime(2024, 3, 31, tzinfo=UTC)
        assert found["REDIS_PASSWORD"].due is None

    def test_are_none_where_they_are_kept_elsewhere(self) -> None:
        for source in ("existing", "generated"):
            assert dated_keys(settings.parse({"secrets": {"source": source}})) == ()

    def test_with_a_wrong_record_nothing_is_deployed(self, days: Path) -> None:
        days.write_text("n8n-platform/elsewhere:\nn8n-platform/sophia-ai-staging:\n  X: 2024-01-01")
        with pytest.raises(settings.SettingsError) as caught:
            settings.parse(self.VALUES)
        assert "line 1: there is no esc/n8n-platform/elsewhere.yaml" in str(caught.value)
        assert "line 3: X: esc/n8n-platform/sophia-ai-staging.yaml has no such" in str(caught.value)


def test_the_committed_record_can_be_used() -> None:
    assert yaml.safe_load((FOLDER / record.FILE).read_text())
    record.load("n8n-platform", "sophia-ai-staging")
