"""`make cost` prints a bill, or why there is none."""

from functools import partial
from pathlib import Path

import pytest

from cost import __main__ as command
from cost import prices
from settings.file import load_file


@pytest.fixture(autouse=True)
def _stacks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load_file", partial(load_file, folder=folder))


def test_it_prints_lines_sums_and_what_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "sample"]) == 0
    printed = capsys.readouterr().out
    for expected in (
        "nodes c7i.4xlarge, 2 a zone",
        "standby of sample",
        "of which in each zone",
        "The standby costs",
        "rests on these",
        "Assumed quantities a month",
    ):
        assert expected in printed
    assert "…" not in printed, "a column is cut"


def test_prices_that_were_read_nowhere_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--stack", "sample"])
    lines = capsys.readouterr().out.splitlines()
    disks = next(line for line in lines if "their disks" in line)
    plane = next(line for line in lines if "control plane" in line and "logs" not in line)
    assert " ? " in disks
    assert "?" not in plane


def test_a_stack_outside_aws_has_no_bill(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "staging"]) == 0
    assert "Stack staging makes nothing in AWS" in capsys.readouterr().out


def test_an_unknown_stack_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "nowhere"]) == 1
    assert "there is no Pulumi.nowhere.yaml" in capsys.readouterr().out


def test_a_missing_price_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = prices.load()
    rest = {item: price for item, price in table.by_item.items() if item != "eks-cluster"}
    lacking = prices.Prices(looked_up=table.looked_up, by_item=rest)
    monkeypatch.setattr(prices, "load", lambda: lacking)
    assert command.main(["--stack", "sample"]) == 1
    assert "eks-cluster in eu-central-1" in capsys.readouterr().out
