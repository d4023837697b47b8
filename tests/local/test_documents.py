"""What `make docs` writes."""

from pathlib import Path

import pytest

from local.documents import documents


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda v: str(v)[-18:])
def test_documents_say_what_the_code_says(path: Path, text: str) -> None:
    assert path.read_text() == text, "run `make docs`"
