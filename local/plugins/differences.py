"""Which properties differ, as the paths that `pulumi preview --diff` shows."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import PropertyDiff, PropertyDiffKind

from local.plugins import values

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_REPLACING = {
    PropertyDiffKind.ADD: PropertyDiffKind.ADD_REPLACE,
    PropertyDiffKind.DELETE: PropertyDiffKind.DELETE_REPLACE,
    PropertyDiffKind.UPDATE: PropertyDiffKind.UPDATE_REPLACE,
}


def differences(
    path: str, old: PropertyValue | None, new: PropertyValue | None
) -> dict[str, PropertyDiffKind]:
    """Every path at or under `path` where two values differ; null counts as absent.

    An unknown new value differs from everything. A secret mark alone is no difference.
    """
    old_data, new_data = _data(old), _data(new)
    if old_data is None and new_data is None:
        return {}
    if old_data is None:
        return {path: PropertyDiffKind.ADD}
    if new_data is None:
        return {path: PropertyDiffKind.DELETE}
    if isinstance(old_data, Mapping) and isinstance(new_data, Mapping):
        children = [
            (path + _step(key), old_data.get(key), new_data.get(key))
            for key in sorted({*old_data, *new_data})
        ]
    elif _is_list(old_data) and _is_list(new_data):
        children = [
            (
                f"{path}[{index}]",
                old_data[index] if index < len(old_data) else None,
                new_data[index] if index < len(new_data) else None,
            )
            for index in range(max(len(old_data), len(new_data)))
        ]
    elif old_data == new_data and new is not None and not values.is_unknown(new):
        return {}
    else:
        return {path: PropertyDiffKind.UPDATE}
    found: dict[str, PropertyDiffKind] = {}
    for child in children:
        found |= differences(*child)
    return found


def property_diff(kind: PropertyDiffKind, *, replaces: bool) -> PropertyDiff:
    """The framework's entry for a difference between the old state and the new inputs."""
    return PropertyDiff(_REPLACING[kind] if replaces else kind, input_diff=False)


def _data(value: PropertyValue | None) -> Any:
    return None if value is None else value.value


def _is_list(data: Any) -> bool:
    return isinstance(data, Sequence) and not isinstance(data, str)


def _step(key: str) -> str:
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"
