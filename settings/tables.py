"""What can be set, written down: the schema in `Pulumi.yaml`, the tables of `docs/settings.md`."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import yaml
from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from settings.model import Settings
from settings.types import Area, area_of


def schema() -> str:
    """The `config:` section of Pulumi.yaml: each area's type, description and defaults.

    An area that may be left out as a whole is not in it: the CLI asks for a key without a default.
    """
    areas = {
        f"n8n-platform:{field.alias}": {
            "type": "object",
            "description": _summary(area),
            "default": area().model_dump(by_alias=True, exclude_none=True, mode="json"),
        }
        for field, area in _areas()
        if field.default_factory
    }
    return yaml.safe_dump({"config": areas}, sort_keys=False, width=100, allow_unicode=True)


def table() -> str:
    """The tables: every setting with its type, default and meaning."""
    lines: list[str] = []
    for field, area in _areas():
        lines += [f"#### `{field.alias}`", "", _summary(area), ""]
        lines += ["| setting | allowed | default | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{name}` | {_cell(_allowed(setting))} | {_cell(_default(setting, value))} "
            f"| {_cell(setting.description or '')} |"
            for name, setting, value in _settings(area, _defaults(area))
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _settings(
    area: type[Area], defaults: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[str, FieldInfo, Any]]:
    for field in area.model_fields.values():
        name, value = f"{prefix}{field.alias}", defaults.get(field.alias or "")
        yield name, field, value
        # A group within an area: each of its parts is a setting too.
        group = area_of(field)
        if group is not None:
            yield from _settings(group, value or _defaults(group), f"{name}.")
        entries = _entries(field)
        if entries is not None:
            yield from _settings(entries, {}, f"{name}.NAME.")


def _is_area(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Area)


def _entries(field: FieldInfo) -> type[Area] | None:
    """What each entry of a mapping is; None for what is no mapping of groups."""
    if get_origin(field.annotation) is not Mapping:
        return None
    _, entry = get_args(field.annotation)
    return entry if _is_area(entry) else None


def _areas() -> Iterator[tuple[FieldInfo, type[Area]]]:
    for field in Settings.model_fields.values():
        yield field, cast(type[Area], area_of(field))


def _defaults(area: type[Area]) -> dict[str, Any]:
    """The defaults of those settings that have one."""
    return area.model_construct().model_dump(by_alias=True, mode="json")


def _summary(area: type[Area]) -> str:
    return " ".join((area.__doc__ or "").split("\n\n")[0].split())


def _allowed(field: FieldInfo) -> str:
    low = next((each.ge for each in field.metadata if isinstance(each, Ge)), None)
    high = next((each.le for each in field.metadata if isinstance(each, Le)), None)
    kind = _kind(field.annotation)
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return f"{kind}, at least {low}" if low is not None else kind


def _kind(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin in (Union, UnionType):
        return _kind(next(each for each in arguments if each is not type(None)))
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if origin is Mapping:
        return f"mapping of name to {_kind(arguments[1])}"
    if _is_area(annotation):
        return "object"
    return {str: "string", int: "integer", float: "number", bool: "boolean"}[annotation]


def _default(field: FieldInfo, value: Any) -> str:
    if value is None or value in ("", []):
        return "required" if field.is_required() else "none"
    if _entries(field) is not None:
        return ", ".join(f"`{name}`" for name in value)
    if isinstance(value, dict):
        return "see below"
    if isinstance(value, list):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
