"""Targets, tables, and the JSON of drills."""

import io
import json

import pytest
from rich.console import Console

from drills import figures
from drills.figures import Figure, Report


@pytest.mark.parametrize(
    ("measured", "targets", "met"),
    [
        (600, {"at_most": 600}, True),
        (600.1, {"at_most": 600}, False),
        (2, {"at_least": 2}, True),
        (1, {"at_least": 2}, False),
        (None, {"at_most": 600}, False),
        (None, {}, None),
        (5, {}, None),
    ],
)
def test_a_target_is_met_missed_or_not_there(
    measured: float | None, targets: dict[str, float], met: bool | None
) -> None:
    figure = Figure(
        what="it",
        measured=measured,
        unit="s",
        at_most=targets.get("at_most"),
        at_least=targets.get("at_least"),
    )
    assert figure.met is met


def report(*figures: Figure) -> Report:
    return Report(drill="zone", title="A zone is lost", figures=figures)


def shown(*of: Figure) -> str:
    console = Console(width=130, file=io.StringIO())
    with console.capture() as printed:
        console.print(figures.table(report(*of)))
    return printed.get()


def test_a_table_has_the_target_beside_the_figure_and_says_what_is_missed() -> None:
    text = shown(
        Figure(what="main", measured=95.2, unit="s", at_most=600),
        Figure(what="webhook", measured=None, unit="s", at_most=600, compared="not in 600 s"),
    )
    main, webhook = (line for line in text.splitlines() if "main" in line or "webhook" in line)
    assert "95 s" in main
    assert "≤ 600 s" in main
    assert "yes" in main
    assert "not in time" in webhook
    assert "NO" in webhook
    assert "not in 600 s" in webhook


def test_the_column_of_defaults_is_there_only_where_something_is_compared() -> None:
    assert "defaults" not in shown(Figure(what="it", measured=1, unit=""))
    assert "defaults" in shown(Figure(what="it", measured=1, unit="", compared=0))


def test_nothing_of_a_note_is_cut_off() -> None:
    note = "Kubernetes' own time to notice the silence; until then callers have to try again"
    text = shown(Figure(what="Services " * 8, measured=54, unit="s", compared=54, note=note))
    assert {line[-1] for line in text.splitlines()[2:]} <= set("┓┃┩│┘")
    column = [line.split("│")[-2].strip() for line in text.splitlines() if line.startswith("│")]
    assert " ".join(column).strip() == note


def test_json_says_whether_all_targets_are_met() -> None:
    good = Figure(what="it", measured=1, unit="s", at_most=2)
    bad = Figure(what="it", measured=3, unit="s", at_most=2)
    for reports, met in (([report(good)], True), ([report(good), report(bad)], False)):
        document = json.loads(figures.document(reports, when="now", command="it"))
        assert document["met"] is met
        assert document["drills"][-1]["figures"][0]["met"] is met
