"""A stack in AWS with everything that costs something, as a file beside the project's own."""

import shutil
from pathlib import Path

import pytest

from settings import Settings
from settings.file import load_file

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[1]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program's folder with the stack `sample`."""
    folder = tmp_path_factory.mktemp("program")
    for file in (
        _REPOSITORY / "Pulumi.yaml",
        _REPOSITORY / "Pulumi.staging.yaml",
        _HERE / "Pulumi.sample.yaml",
    ):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="session")
def sample(folder: Path) -> Settings:
    """Its settings."""
    return load_file("sample", folder=folder)
