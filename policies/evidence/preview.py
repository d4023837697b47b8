"""Reads `pulumi preview --json`: what would change, and where in the program resources come from.

Of the properties in it only paths are taken, never values.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from policies.evidence.urns import label

_FAILED = "error: preview failed"
"""What the CLI says at the end of a preview with a violation, and of any other that failed."""

_SHOWN = ("create", "update", "replace", "delete", "import")
"""Operations that change something; a replacement's own steps are left out for their sum."""

_LIBRARIES = ("site-packages", "node_modules")

_PATH_END = re.compile(r"[.\[].*")


@dataclass(frozen=True)
class Position:
    """Where in the program a resource is declared.

    Attributes:
        file: path in the project.
        line: counted from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What `up` would do to a resource.

    Attributes:
        operation: Pulumi's word, as `update`.
        type: type of the resource.
        label: what people call it.
        properties: the top-level properties that differ.
    """

    operation: str
    type: str
    label: str
    properties: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a preview says beside the packs.

    Attributes:
        positions: by URN, where known.
        changes: in a fixed order, without components and providers; none if it came to no end.
        errors: what went wrong otherwise than by a violation; for the terminal only.
    """

    positions: Mapping[str, Position] = field(default_factory=dict)
    changes: Sequence[Change] | None = None
    errors: Sequence[str] = ()


def read(file: Path) -> Preview:
    """The preview in a file that the CLI wrote with `--json --show-sames`."""
    try:
        digest = json.loads(file.read_text())
    except ValueError:
        return Preview(errors=["The preview ended before it could say what it would do."])
    steps = digest.get("steps") or []
    positions = {step["urn"]: _position(step.get("newState") or {}) for step in steps}
    messages = [
        each["message"].strip()
        for each in digest.get("diagnostics") or []
        if each.get("severity") == "error"
    ]
    return Preview(
        positions={urn: position for urn, position in positions.items() if position},
        changes=sorted(
            (_change(step) for step in steps if step["op"] in _SHOWN and _is_real(step)),
            key=lambda change: (_SHOWN.index(change.operation), change.type, change.label),
        ),
        errors=[message for message in messages if message != _FAILED],
    )


def _position(state: Mapping[str, Any]) -> Position | None:
    """The innermost place of the program's own files, neither a library's nor a tool's."""
    frames = [frame.get("sourcePosition", "") for frame in state.get("stackTrace") or []]
    for uri in [*frames, state.get("sourcePosition", "")]:
        parts = urlsplit(uri)
        path = PurePosixPath(unquote(parts.path).lstrip("/"))
        line = parts.fragment.partition(",")[0]
        foreign = any(part.startswith(".") or part in _LIBRARIES for part in path.parts)
        if parts.scheme == "project" and line.isdigit() and not foreign:
            return Position(str(path), int(line))
    return None


def _is_real(step: Mapping[str, Any]) -> bool:
    """Whether it is about something outside Pulumi: neither a component nor a provider."""
    state = step.get("newState") or step.get("oldState") or {}
    return bool(state.get("custom")) and not state.get("type", "").startswith("pulumi:")


def _change(step: Mapping[str, Any]) -> Change:
    state = step.get("newState") or step.get("oldState") or {}
    differing = {_PATH_END.sub("", path) for path in step.get("detailedDiff") or {}}
    return Change(
        operation=step["op"],
        type=state.get("type", ""),
        label=label(step["urn"]),
        properties=sorted(differing),
    )
