"""Catalogues with something wrong in them, for tests."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from integrations.catalogue import FILE, CatalogueError, parse

_DOCUMENT = yaml.safe_load(FILE.read_text())
IDS: list[str] = [each["id"] for each in _DOCUMENT["integrations"]]


def document() -> dict[str, Any]:
    """The repository's catalogue, to be changed."""
    return deepcopy(_DOCUMENT)


def entry(of: dict[str, Any], id_: str) -> dict[str, Any]:
    """One service of a document."""
    return next(each for each in of["integrations"] if each["id"] == id_)


def problems(of: dict[str, Any]) -> tuple[str, ...]:
    """Everything that is wrong with a document."""
    with pytest.raises(CatalogueError) as error:
        parse(of)
    assert all(problem in str(error.value) for problem in error.value.problems)
    return error.value.problems
