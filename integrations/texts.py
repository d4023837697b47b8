"""Texts of the catalogue in which `{NAME}` stands for the value of a service's variable NAME."""

import re
from collections.abc import Callable, Iterable

_PLACEHOLDER = re.compile(r"\{([A-Z][A-Z0-9_]*)\}")


def names(texts: Iterable[str]) -> tuple[str, ...]:
    """The variables that texts are made of, each once, as they come."""
    return tuple(dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text)))


def filled(text: str, value: Callable[[str], str]) -> str:
    """The text with what stands for a variable replaced; `value` is given its name."""
    return _PLACEHOLDER.sub(lambda found: value(found[1]), text)


def parts(text: str) -> tuple[str, list[str]]:
    """A format of C's printf, and the variables whose values belong into it, as they come."""
    return _PLACEHOLDER.sub("%s", text.replace("%", "%%")), _PLACEHOLDER.findall(text)
