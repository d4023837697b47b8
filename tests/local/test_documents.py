"""What `make docs` writes."""

from pathlib import Path

import pytest

from local.documents import documents


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda v: str(v)[-11:])
def test_pulumi_yaml_and_the_readme_say_what_can_be_set(path: Path, text: str) -> None:
    assert path.read_text() == text, "run `make docs`"
