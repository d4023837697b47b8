"""Each alert leads to a page from which somebody can work."""

import re
from pathlib import Path

import pytest

from tests.alerts import promtool

_PAGES = Path("docs/runbooks")
_HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
_OTHERS = {"answer-a-data-subject.md", "restore-workflows.md", "rotate-a-key.md"}
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
    assert "kubectl " in parts[5]


def test_there_is_no_runbook_of_an_alert_that_is_gone():
    wanted = {url.rsplit("/", 1)[1] for url in _URLS.values()}
    assert {page.name for page in _PAGES.glob("*.md")} - _OTHERS == wanted
