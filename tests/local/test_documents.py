"""What `make docs` writes, and what documents written by hand refer to."""

import re
import subprocess
from pathlib import Path

import pytest

from local.documents import documents

_REPOSITORY = Path(__file__).parents[2]
_TRACKED = subprocess.run(
    ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
    cwd=_REPOSITORY,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()
_PAGES = [_REPOSITORY / name for name in _TRACKED if (_REPOSITORY / name).exists()]


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda v: str(v)[-18:])
def test_documents_say_what_the_code_says(path: Path, text: str) -> None:
    assert path.read_text() == text, "run `make docs`"


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_REPOSITORY)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if "://" not in link]
    assert [link for link in links if not _leads_somewhere(page, link)] == []


def test_the_readme_and_runbooks_name_targets_that_the_makefile_has() -> None:
    makefile = (_REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    named = {
        (page.name, target)
        for page in _PAGES
        for target in re.findall(r"`make ([a-z][a-z0-9-]*)", page.read_text())
    }
    assert {(page, target) for page, target in named if target not in targets} == set()


def test_make_help_lists_every_target_that_says_what_it_does() -> None:
    makefile = (_REPOSITORY / "Makefile").read_text()
    listed = subprocess.run(
        ["make", "help"], cwd=_REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"^  make (\S+)", listed, re.MULTILINE) == re.findall(
        r"^(\S+):.* ## ", makefile, re.MULTILINE
    )


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in _anchors(target.read_text()))


def _anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
