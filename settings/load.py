"""From a stack's configuration to checked settings; the only reader of Pulumi's configuration."""

import json
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import pulumi
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.model import Settings
from settings.problems import Problem, SettingsError
from settings.rules import RULES
from settings.types import Area, area_of

CHANGE_VARIABLE = "N8N_PLATFORM_CHANGE"
"""Environment variable for `governance.change`, which differs each time: in a stack's file it would
always name the commit before."""

_LONGEST_SHOWN = 80
"""Characters of a wrong value that are shown."""


def load() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: listing everything that is wrong with them.
    """
    prefix = f"{pulumi.get_project()}:"
    values = {
        key.removeprefix(prefix): value
        for key, value in pulumi.runtime.get_config_env().items()
        if key.startswith(prefix)
    }
    secret = {key.removeprefix(prefix) for key in pulumi.runtime.get_config_secret_keys_env()}
    parsed = {key: _json(value) for key, value in values.items()}
    change = os.environ.get(CHANGE_VARIABLE)
    if change and isinstance(parsed.setdefault("governance", {}), dict):
        parsed["governance"].setdefault("change", change)
    return parse(parsed, secret_keys=secret)


def _json(text: str) -> Any:
    # Pulumi hands objects over as JSON and plain strings as they are.
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def parse(values: Mapping[str, Any], *, secret_keys: Sequence[str] | set[str] = ()) -> Settings:
    """Check settings given as plain values, one object for each area.

    Args:
        values: configuration keys without their namespace, and their values.
        secret_keys: keys that are encrypted in the stack file; nothing under them is ever shown.

    Raises:
        SettingsError: listing everything that is wrong with them.
    """
    problems: list[Problem] = []
    try:
        settings = Settings.model_validate_json(json.dumps(values))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        problems = [_problem(detail, secret_keys) for detail in details]
        # The rules still say what else is wrong: the settings that could not be read take their
        # defaults, and rules that look at one of them are left out below.
        settings = Settings.model_validate_json(json.dumps(_without(values, details)))
    wrong = [problem.key for problem in problems]
    problems.extend(
        problem
        for rule in RULES
        for problem in rule(settings)
        if not any(_overlap(key, bad) for key in (problem.key, *problem.compares) for bad in wrong)
    )
    if problems:
        raise SettingsError(problems)
    return settings


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _without(values: Mapping[str, Any], details: Sequence[ErrorDetails]) -> dict[str, Any]:
    """The values less each setting that is wrong, so that the rest can be read."""
    rest: dict[str, Any] = json.loads(json.dumps(values))
    for detail in details:
        # Inside a list or a nested group a part cannot be left out alone: its whole setting is.
        area, *inner = detail["loc"]
        if inner and isinstance(rest.get(str(area)), dict) and not _is_required(area, inner[0]):
            rest[str(area)].pop(str(inner[0]), None)
        else:
            rest.pop(str(area), None)
    return rest


def _is_required(area: int | str, setting: int | str) -> bool:
    """Whether an area cannot be read without that setting."""
    fields = _fields(area_of(_fields(Settings)[str(area)]))
    return str(setting) in fields and fields[str(setting)].is_required()


def _fields(area: type[Area] | None) -> dict[str, FieldInfo]:
    """An area's settings by the names that they have in a stack's file."""
    return {each.alias or "": each for each in area.model_fields.values()} if area else {}


def _problem(detail: ErrorDetails, secret_keys: Sequence[str] | set[str]) -> Problem:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        # Its value is not shown: nobody knows what it was meant to be, it may be a password.
        return Problem(key=key, given=None, wanted=f"no such setting{_suggestion(detail['loc'])}")
    if detail["type"] == "missing":
        return Problem(key=key, given=None, wanted="is missing; write a value")
    wanted = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if str(detail["loc"][0]) in secret_keys:
        return Problem(key=key, given=None, wanted=wanted)
    given = json.dumps(detail["input"], ensure_ascii=False, default=str)
    if len(given) > _LONGEST_SHOWN:
        given = f"{given[:_LONGEST_SHOWN]}…"
    return Problem(key=key, given=given, wanted=wanted)


def _suggestion(location: tuple[int | str, ...]) -> str:
    """What the writer of an unknown key probably meant."""
    area: type[Area] | None = Settings
    for part in location[:-1]:
        field = _fields(area).get(str(part))
        area = area_of(field) if field else None
    known = list(_fields(area))
    if not known:
        return ""
    close = get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"
