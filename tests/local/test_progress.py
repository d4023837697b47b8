"""What a command's steps look like in a log."""

import io

import pytest
from rich.console import Console

from local import progress
from local.progress import Steps, elapsed
from tests.waiting import eventually


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


def test_a_step_that_succeeded_is_one_line_with_its_outcome(log: io.StringIO) -> None:
    with Steps(Console(file=log)).step("etcd 3.6.16") as step:
        step.detail("half way")
        step.done("built")

    assert log.getvalue().startswith("✓ etcd 3.6.16: built (")
    assert log.getvalue().count("\n") == 1


def test_a_step_that_failed_says_how_far_it_was(log: io.StringIO) -> None:
    def fail() -> None:
        with Steps(Console(file=log)).step("etcd 3.6.16") as step:
            step.detail("half way")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert log.getvalue().startswith("✗ etcd 3.6.16: half way (")


def test_a_log_gets_a_line_while_a_step_has_nothing_new_to_say(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_REPORT_SECONDS", 0.01)

    with Steps(Console(file=log)).step("etcd 3.6.16") as step:
        step.detail("linking")
        eventually(lambda: log.getvalue().count("… etcd 3.6.16: linking (") >= 2, "there are two")


def test_text_in_brackets_is_printed_as_it_is(log: io.StringIO) -> None:
    Steps(Console(file=log)).say("see [bold] and [/etc]")

    assert log.getvalue() == "see [bold] and [/etc]\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (605, "10 min 05 s")]
)
def test_a_duration_is_said_in_minutes_and_seconds(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text
