"""Writes the documents, and parts of documents, that come from code: `make docs`.

Parts stand between two lines that say BEGIN and END with the part's name; what stands outside is
written by hand. A test fails when a part or a document has gone stale.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import alerts.documents
import availability.document
import dashboards.documents
import integrations.catalogue
import integrations.documents
from local.images import catalogue
from policies import documents as policy_documents
from settings import tables

_REPOSITORY = Path(__file__).parents[1]


def documents() -> Iterator[tuple[Path, str]]:
    """Each document, with the text that it should have."""
    parts = {
        "Pulumi.yaml": {"settings": tables.schema()},
        "docs/settings.md": {"settings": tables.table()},
        "docs/stand-ins.md": {"images": catalogue.table()},
        "policies/README.md": policy_documents.parts(),
    }
    for name, contents in parts.items():
        path = _REPOSITORY / name
        text = path.read_text()
        for part, content in contents.items():
            text = _replaced(text, part, content, name)
        yield path, text
    page = integrations.documents.page(integrations.catalogue.load())
    yield _REPOSITORY / "docs/integrations.md", page
    yield _REPOSITORY / "docs/alerts.md", alerts.documents.text()
    for name, text in dashboards.documents.files().items():
        yield _REPOSITORY / "docs" / name, text
    yield _REPOSITORY / "docs/availability.md", availability.document.page()


def _replaced(text: str, part: str, content: str, file: str) -> str:
    """The text with what stands between the part's two lines replaced.

    Raises:
        ValueError: if one of the lines is missing.
    """
    lines = text.splitlines(keepends=True)
    first = next((n for n, line in enumerate(lines) if f"BEGIN {part}" in line), None)
    last = next((n for n, line in enumerate(lines) if f"END {part}" in line), None)
    if first is None or last is None:
        raise ValueError(f"{file} has lost the line BEGIN {part} or the line END {part}")
    return "".join([*lines[: first + 1], content, *lines[last:]])


if __name__ == "__main__":
    for path, text in documents():
        path.write_text(text)
        sys.stdout.write(f"wrote {path.relative_to(_REPOSITORY)}\n")
