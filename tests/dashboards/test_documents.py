"""The page of dashboards and its pictures. Whether they are up to date is tested elsewhere."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dashboards import BOARDS, documents
from dashboards.board import Board

_DOCS = Path(__file__).parents[2] / "docs"
_FILES = documents.files()
_PAGE = _FILES["dashboards.md"]

each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)


def test_what_the_page_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", _PAGE)
    assert {link for link in links if link.endswith(".svg")} == set(_FILES) - {"dashboards.md"}
    assert [link for link in links if not (_DOCS / link).is_file()] == []
    headings = re.findall(r"^## (.+)$", _PAGE, re.MULTILINE)
    anchors = re.findall(r"\(#([^)]+)\)", _PAGE)
    assert anchors == [heading.lower().replace(" ", "-") for heading in headings]


def test_every_row_of_a_table_has_the_columns_of_its_heading() -> None:
    rows = [line for line in _PAGE.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


@each_board
def test_a_picture_holds_every_panel_and_nothing_leaves_it(board: Board) -> None:
    text = _FILES[f"images/dashboards/{board.uid}.svg"]
    picture = ElementTree.fromstring(text)  # noqa: S314 - made here
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for part in picture.iter():
        x, y = float(part.get("x", 0)), float(part.get("y", 0))
        assert 0 <= x <= x + float(part.get("width", 0)) <= width
        assert 0 <= y <= y + float(part.get("height", 0)) <= height
    texts = " ".join(part.text or "" for part in picture.iter() if part.tag.endswith("text"))
    titles = [row.title for row in board.rows]
    titles += [panel.title for row in board.rows for panel in row.panels]
    assert [title for title in titles if title not in texts] == []
