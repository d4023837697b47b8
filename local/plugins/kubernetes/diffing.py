"""What an update would change, property by property, and whether it needs a replacement.

New inputs are compared with the live object as last seen, cut down to what the old inputs said:
what the server or a controller filled in is no change, what somebody changed by hand is, once a
refresh has seen it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.provider.experimental.provider import PropertyDiff, PropertyDiffKind

from local.plugins.kubernetes import annotations, kinds, normalizing, replacement
from local.plugins.kubernetes.replacement import Path

_REPLACING = {
    PropertyDiffKind.ADD: PropertyDiffKind.ADD_REPLACE,
    PropertyDiffKind.DELETE: PropertyDiffKind.DELETE_REPLACE,
    PropertyDiffKind.UPDATE: PropertyDiffKind.UPDATE_REPLACE,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One property that differs."""

    path: Path
    kind: PropertyDiffKind
    value: Any
    """The new value; None for a removal."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All that differs between an object and what is wanted now."""

    properties: dict[str, PropertyDiff]
    replaces: tuple[str, ...]
    delete_before_replace: bool


def compare(
    *,
    old_inputs: Mapping[str, Any],
    old_live: Mapping[str, Any],
    new_inputs: Mapping[str, Any],
    immutable: Sequence[str],
    ignored: Sequence[str] = (),
) -> Difference:
    """What changes an update of the object to `new_inputs` means.

    `immutable` are dotted paths that cannot be changed in place, `ignored` the property paths of
    the resource option `ignoreChanges`.
    """
    typed = kinds.of_object(new_inputs).is_built_in
    old = normalizing.prune(old_live, old_inputs)
    ignored_paths = [parse_path(path) for path in ignored]
    properties: dict[str, PropertyDiff] = {}
    for change in _changes((), old, new_inputs, old_inputs, typed):
        if any(_contains(path, change.path) for path in ignored_paths):
            continue
        kind = change.kind
        if replacement.forces(change.path, change.value, immutable):
            kind = _REPLACING[kind]
        is_removal = change.kind is PropertyDiffKind.DELETE
        properties[format_path(change.path)] = PropertyDiff(kind, input_diff=is_removal)
    replaces = tuple(path for path, diff in properties.items() if diff.kind in _REPLACING.values())
    return Difference(
        properties=properties,
        replaces=replaces,
        delete_before_replace=bool(replaces) and keeps_its_name(old, new_inputs),
    )


def keeps_its_name(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a replacement collides with the object it replaces, which then has to go first."""
    if annotations.is_true(new, annotations.AUTONAMED):
        return False
    before, after = old.get("metadata"), new.get("metadata")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    return all(before.get(field) == after.get(field) for field in ("name", "namespace"))


def _changes(path: Path, old: Any, new: Any, old_input: Any, typed: bool) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        inputs = old_input if isinstance(old_input, Mapping) else {}
        for key in {**old, **new}:
            yield from _entry((*path, key), key, old, new, inputs, typed)
    elif isinstance(old, list) and isinstance(new, list):
        inputs = old_input if isinstance(old_input, list) else []
        before, after, sent = (dict(enumerate(items)) for items in (old, new, inputs))
        for index in range(max(len(old), len(new))):
            yield from _entry((*path, index), index, before, after, sent, typed)
    elif not normalizing.same(old, new, path, typed=typed):
        yield Change(path=path, kind=PropertyDiffKind.UPDATE, value=new)


def _entry(
    path: Path,
    key: str | int,
    old: Mapping[Any, Any],
    new: Mapping[Any, Any],
    old_input: Mapping[Any, Any],
    typed: bool,
) -> Iterator[Change]:
    if key in old and key in new:
        yield from _changes(path, old[key], new[key], old_input.get(key), typed)
    elif key in new:
        was_dropped = typed and key in old_input and normalizing.is_zero(new[key])
        if not (was_dropped and old_input[key] == new[key]):
            yield Change(path=path, kind=PropertyDiffKind.ADD, value=new[key])
    else:
        yield Change(path=path, kind=PropertyDiffKind.DELETE, value=None)


def format_path(path: Path) -> str:
    """A property path as Pulumi writes it: `spec.ports[0].name`, `data["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif any(character in part for character in '."[]'):
            text += '["' + part.replace('"', '\\"') + '"]'
        else:
            text += f".{part}" if text else part
    return text


def parse_path(text: str) -> Path:
    """The parts of a property path; `*` stays as it is and stands for any part."""
    parts: list[str | int] = []
    rest = text
    while rest:
        if rest.startswith('["'):
            quoted, _, rest = rest[2:].partition('"]')
            parts.append(quoted.replace('\\"', '"'))
        elif rest.startswith("["):
            index, _, rest = rest[1:].partition("]")
            parts.append(int(index) if index.isdigit() else index)
        else:
            rest = rest.removeprefix(".")
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            parts.append(rest[:end])
            rest = rest[end:]
    return tuple(parts)


def _contains(outer: Path, inner: Path) -> bool:
    """Whether `inner` lies at or below `outer`."""
    return len(outer) <= len(inner) and all(
        wanted in ("*", part) for wanted, part in zip(outer, inner, strict=False)
    )
