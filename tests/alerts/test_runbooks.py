"""Each alert leads to a page from which somebody can work."""

import re
from pathlib import Path

import pytest

from tests.alerts import promtool

_PAGES = Path("docs/runbooks")
_HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
_DISASTERS = {
    "database-corruption.md",
    "encryption-key-lost.md",
    "fail-back.md",
    "ransomware.md",
    "redis-loss.md",
    "region-loss.md",
    "zone-loss.md",
}
_OTHERS = {
    "answer-a-data-subject.md",
    "first-deployment.md",
    "restore-workflows.md",
    "rotate-a-key.md",
    *_DISASTERS,
}
"""Pages for what is done without an alert."""

_URLS = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in promtool.ALERTS}


@pytest.mark.parametrize(("alert", "url"), _URLS.items(), ids=_URLS)
def test_a_runbook_has_its_four_parts_and_a_command(alert, url):
    root, name = url.rsplit("/", 1)
    assert root == promtool.RUNBOOKS
    text = (_PAGES / name).read_text()
    assert text.startswith(f"# {alert}\n")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    assert parts[::2] == _HEADINGS
    assert all(part.strip() for part in parts[1::2])
    # Who is woken by another environment must not look into an empty namespace.
    assert "elsewhere write the one that the alert names" in parts[5]
    assert "kubectl " in parts[5]


def test_there_is_no_runbook_of_an_alert_that_is_gone():
    wanted = {url.rsplit("/", 1)[1] for url in _URLS.values()}
    assert {page.name for page in _PAGES.glob("*.md")} - _OTHERS == wanted


@pytest.mark.parametrize("name", sorted(_DISASTERS))
def test_a_disaster_has_numbered_steps_that_say_what_is_seen_and_how_to_stop(name):
    text = (_PAGES / name).read_text()
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    assert parts[::2] == _HEADINGS
    assert "elsewhere write the one that the alert names" in parts[5]
    numbers = [int(each) for each in re.findall(r"^(\d+)\. ", parts[7], flags=re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 4
    assert "Expected: " in parts[7]
    assert re.search(r"\bstop\b", parts[7], flags=re.IGNORECASE)
    # Pages that another one sends somebody to at night are there.
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [each for each in links if not (_PAGES / each).is_file()] == []
