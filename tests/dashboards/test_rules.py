"""What every dashboard and panel must have; the rules are those of Grafana's dashboard-linter."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.rule import page
from dashboards import all_dashboards
from tests.alerts import promtool
from tests.dashboards.boards import FILES, PANELS, RUNBOOKS, Shown, recorded

_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_REPOSITORY = Path(__file__).parents[2]
_WINDOW = re.compile(r"(\w+)\s*\([^()\[\]]*\[([^\]]+)\]")
_CHOSEN = re.compile(r"(\w+)\{")
_RISEN = re.compile(r"\b(?:rate|increase) ?\((\w+)\{")
_RATES = {"rate", "increase", "irate", "delta", "deriv"}

each_panel = pytest.mark.parametrize("shown", PANELS, ids=str)
each_file = pytest.mark.parametrize("file", FILES)


@each_panel
def test_a_panel_says_what_it_shows(shown: Shown) -> None:
    panel = shown.panel
    assert panel["title"].strip()
    assert panel["description"].endswith("."), "a description is whole sentences"
    assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_a_panel_asks_the_data_source_that_was_chosen(shown: Shown) -> None:
    assert shown.exprs
    assert shown.panel["datasource"] == _DATASOURCE
    assert all(target["datasource"] == _DATASOURCE for target in shown.panel["targets"])


@each_panel
def test_series_of_a_panel_can_be_told_apart(shown: Shown) -> None:
    legends = [target["legendFormat"] for target in shown.panel["targets"]]
    assert all(legends)
    assert len(set(legends)) == len(legends)
    assert len({target["refId"] for target in shown.panel["targets"]}) == len(legends)


@each_panel
def test_windows_follow_what_is_shown(shown: Shown) -> None:
    for target in shown.panel["targets"]:
        expr = re.sub(r'"[^"]*"', '""', target["expr"])
        windows = re.findall(r"\[([^\]]+)\]", expr)
        # A sum over all that is shown, drawn over time, would be a different sum at each point.
        allowed = "$__range" if target.get("instant") else "$__rate_interval"
        # Steps of a minute within all that is shown are no window of their own.
        assert {window.removesuffix(":1m") for window in windows} <= {allowed}
        for function, window in _WINDOW.findall(expr):
            assert function not in _RATES or window == allowed


@each_panel
def test_counters_are_shown_by_how_they_rise_and_nothing_else_is(shown: Shown) -> None:
    for expr in shown.exprs:
        risen = set(_RISEN.findall(expr))
        chosen = set(_CHOSEN.findall(expr))
        assert chosen & recorded("counter", "histogram") <= risen
        assert not risen & recorded("gauge")


@each_panel
def test_a_panel_shows_the_chosen_namespace_only(shown: Shown) -> None:
    for expr in shown.exprs:
        selectors = re.findall(r"\{([^{}]*)\}", expr)
        # Exceptions from policies are of no namespace, and no metric.
        assert selectors or shown.panel["title"] == "Time until exceptions end"
        # An API server serves all of them.
        chosen = [selector for selector in selectors if selector != 'job="apiserver"']
        assert all('namespace="$namespace"' in selector for selector in chosen)


@each_file
def test_variables_are_those_that_queries_use(file: str) -> None:
    board = FILES[file]
    variables = {variable["name"] for variable in board["templating"]["list"]}
    text = json.dumps(board["panels"])
    built_in = {"__rate_interval", "__range", "__range_s"}
    used = set(re.findall(r"\$\{?([a-z_]+)\}?", text)) - built_in
    assert used == variables


@each_file
def test_variables_follow_the_time_and_nobody_edits(file: str) -> None:
    # Namespaces and pods that were there when the shown time was.
    on_change = 2
    queries = [each for each in FILES[file]["templating"]["list"] if each["type"] == "query"]
    assert all(each["refresh"] == on_change for each in queries)
    assert FILES[file]["editable"] is False


@each_file
def test_ids_are_unique(file: str) -> None:
    ids = [panel["id"] for panel in FILES[file]["panels"]]
    assert len(set(ids)) == len(ids)


@each_file
def test_panels_do_not_overlap(file: str) -> None:
    def cells(place: dict[str, int]) -> set[tuple[int, int]]:
        columns = range(place["x"], place["x"] + place["w"])
        return set(itertools.product(columns, range(place["y"], place["y"] + place["h"])))

    taken: set[tuple[int, int]] = set()
    for panel in FILES[file]["panels"]:
        mine = cells(panel["gridPos"])
        assert not mine & taken, panel["title"]
        assert max(x for x, _ in mine) < 24, panel["title"]
        taken |= mine


def test_every_dashboard_leads_to_the_others() -> None:
    for board in FILES.values():
        (link,) = [link for link in board["links"] if link["type"] == "dashboards"]
        assert all(set(link["tags"]) <= set(other["tags"]) for other in FILES.values())
        assert link["includeVars"]
        assert link["keepTime"]


def test_files_have_uids_and_titles_of_their_own() -> None:
    assert len({board["uid"] for board in FILES.values()}) == len(FILES)
    assert len({board["title"] for board in FILES.values()}) == len(FILES)


def test_every_alert_is_seen_on_a_panel_that_links_its_runbook() -> None:
    alerts = {rule["alert"] for rule in promtool.ALERTS}
    # That it fires says nothing of the platform.
    pages = {f"{RUNBOOKS}/{page(alert)}" for alert in alerts - {"N8nWatchdog"}}
    linked = {link["url"] for shown in PANELS for link in shown.panel.get("links") or []}
    assert linked == pages


def test_without_runbooks_only_dashboards_are_linked() -> None:
    for text in all_dashboards().values():
        board = json.loads(text)
        assert [link["type"] for link in board["links"]] == ["dashboards"]
        assert not any(panel.get("links") for panel in board["panels"])


def test_what_a_stack_does_not_have_is_not_shown() -> None:
    boards = all_dashboards(jobs=())
    assert set(FILES) - set(boards) == {"ai-gateway-costs.json"}
    for job_prefix in ("ai_", "pg_", "externalsecret_", "esc:", "probe_"):
        assert not any(re.search(rf"\b{job_prefix}[\w:]+\{{", text) for text in boards.values())


def test_the_command_writes_what_grafana_is_given(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "dashboards", tmp_path / "new", "--runbooks", RUNBOOKS],
        check=True,
        cwd=_REPOSITORY,
        capture_output=True,
        timeout=120,
    )
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "new").iterdir()}
    assert written == FILES
