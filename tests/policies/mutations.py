"""Resources with one property changed, as if somebody had removed a safeguard."""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from policies.resources.resource import Resource

_STEP = re.compile(r"\[([^\]]+)\]|([^.\[]+)")


class _Nothing:
    """Stands for a property that is taken away."""


REMOVED = _Nothing()
"""The new value of a property that is to go."""


@dataclass(frozen=True)
class Mutation:
    """One change to one resource of a program.

    Attributes:
        kind: kind of the resource.
        name: pattern of its name in Kubernetes.
        path: the property, as conditions write it; in brackets a key with dots, a position, or the
            name of an element, which is added where there is none of that name.
        value: what it becomes: a value, `REMOVED`, or a function of what it is.
    """

    kind: str
    name: str
    path: str
    value: Any

    def of(self, resources: Sequence[Resource]) -> Resource:
        """The one resource that it is about, changed.

        Raises:
            LookupError: there is no such resource or property, or the change changes nothing.
        """
        found = [
            each
            for each in resources
            if each.kind == self.kind
            and fnmatchcase(each.at("metadata", "name").text or each.name, self.name)
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} resources {self.kind} {self.name}")
        (before,) = found
        if self.path == "options.ignoreChanges":
            return replace(before, ignored=self.value)
        properties = deepcopy(before.properties.value)
        _set(properties, [one or other for one, other in _STEP.findall(self.path)], self.value)
        if properties == before.properties.value:
            raise LookupError(f"{self.path} of {self.kind} {self.name} is that already")
        return replace(before, read=lambda: properties)


def _set(container: Any, steps: Sequence[str], value: Any) -> None:
    key: Any = _position(container, steps[0]) if isinstance(container, list) else steps[0]
    if len(steps) > 1:
        if isinstance(container, dict):
            container.setdefault(key, {})
        _set(container[key], steps[1:], value)
    elif value is REMOVED:
        del container[key]
    else:
        container[key] = value(container[key]) if isinstance(value, Callable) else value


def _position(elements: list[Any], step: str) -> int:
    if step.isdigit():
        return int(step)
    names = [element["name"] for element in elements]
    if step not in names:
        elements.append({"name": step})
        return len(elements) - 1
    return names.index(step)
