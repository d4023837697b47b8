"""A violation as a change of a sound program."""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.engine.policy_programs.running import Program

REMOVED = object()
"""In place of a value: the property, or the resource, is not there."""

_WITH_FREE_KEYS = ("labels", "annotations", "data", "nodeSelector")
"""What lies under these is one key, whatever dots are in it."""

_STEP = re.compile(r"\[([^\]]+)\]|([^.\[\]]+)")


@dataclass(frozen=True)
class Violation:
    """A condition that is violated at one place.

    Attributes:
        condition: its id.
        at: the resource that is to be reported.
        path: the property to change, as findings write it; empty for the whole resource.
        value: what it becomes.
        found: the path that is to be reported; default: the same.
        of: the resource to change; default: the one that is to be reported.
    """

    condition: str
    at: str
    path: str
    value: Any
    found: str = ""
    of: str = ""

    @property
    def finding(self) -> tuple[str, str, str]:
        """Condition, resource and path that are to be reported."""
        return self.condition, self.at, self.found or self.path


def violating(sound: Program, violations: Iterable[Violation]) -> Program:
    """A copy of a program, with everything wrong in it that is listed."""
    program: dict[str, Any] = copy.deepcopy(dict(sound))
    for each in violations:
        name = each.of or each.at
        option = each.path.removeprefix("options.")
        if each.path == "":
            _set(program, name, each.value)
        elif option != each.path:
            _set(program[name], option, each.value)
        else:
            _change(program[name]["properties"], _steps(each.path), each.value)
    return program


def _steps(path: str) -> list[str]:
    for key in _WITH_FREE_KEYS:
        before, separator, last = f".{path}".partition(f".{key}.")
        if separator:
            return [*_steps(before[1:]), key, last]
    return [name or key for name, key in _STEP.findall(path)]


def _change(holder: Any, steps: list[str], value: Any) -> None:
    *parents, last = steps
    for step in parents:
        holder = _below(holder, step)
    if not isinstance(holder, list):
        _set(holder, last, value)
    elif last.isdigit():
        holder[int(last)] = value
    else:
        _below(holder, last).update(value)


def _set(holder: dict[str, Any], key: str, value: Any) -> None:
    if value is REMOVED:
        del holder[key]
    else:
        holder[key] = value


def _below(holder: Any, step: str) -> Any:
    """What is under a key, at a position or under a name in a list; made where it is missing."""
    if not isinstance(holder, list):
        return holder.setdefault(step, {})
    if step.isdigit():
        return holder[int(step)]
    if not any(element.get("name") == step for element in holder):
        holder.append({"name": step})
    return next(element for element in holder if element.get("name") == step)
