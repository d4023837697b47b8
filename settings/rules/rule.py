"""What a rule is."""

from collections.abc import Callable, Iterator

from settings.model import Settings
from settings.problems import Problem

Rules = tuple[Callable[[Settings], Iterator[Problem]], ...]
"""Functions that yield a problem for each thing that does not fit."""
