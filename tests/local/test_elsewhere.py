"""A stack's file that cannot be used is told before anything is made or asked."""

from pathlib import Path

import pytest

from local.elsewhere import Elsewhere
from local.environment import Environment
from local.errors import LocalError
from local.progress import Steps


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    (tmp_path / "Pulumi.staging.yaml").touch()
    return Elsewhere(Environment(tmp_path / "environment"), tmp_path, "prod", Steps())


def test_a_stack_that_there_is_not_is_told_with_those_that_there_are(elsewhere: Elsewhere) -> None:
    with pytest.raises(LocalError, match=r"no Pulumi.prod.yaml; there are the stacks staging"):
        elsewhere.up()


def test_a_file_that_is_no_yaml_is_told_with_the_place(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text("config: [\n")
    with pytest.raises(LocalError, match=r"(?s)Pulumi.prod.yaml is no YAML: .*line 2"):
        elsewhere.preview()
    assert not (tmp_path / "environment").exists()
