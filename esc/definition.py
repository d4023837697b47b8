"""Which keys an ESC environment defines; never their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
"""Holds `<project>/<environment>.yaml` for each environment, as Pulumi Cloud calls them."""

_RESERVED = ("environmentVariables", "files", "pulumiConfig")
"""What ESC itself gives a meaning to; no keys to copy."""

ENCRYPTION_KEY = "N8N_ENCRYPTION_KEY"
"""The one key that is never replaced: n8n could read none of the credentials that it has stored."""


class DefinitionError(ValueError):
    """An environment's definition cannot be used; the message says why and what to write."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """An environment, with what it imports.

    Attributes:
        file: where it is written, from the repository's root.
        keys: names of the keys that can be copied from it.
        secrets: those of them whose value is kept secret, and set by somebody.
    """

    file: str
    keys: frozenset[str]
    secrets: frozenset[str]


@cache
def load(project: str, environment: str, *, folder: Path = FOLDER) -> Definition:
    """The definition of an environment.

    Args:
        project: ESC project.
        environment: name of the environment in it.
        folder: where definitions are.

    Raises:
        DefinitionError: there is none, it is not written as one, or it imports itself.
    """
    keys = _keys(f"{project}/{environment}", folder, ())
    return Definition(
        file=_name(f"{project}/{environment}"),
        keys=frozenset(keys),
        secrets=frozenset(key for key, secret in keys.items() if secret),
    )


def _name(environment: str) -> str:
    return f"{FOLDER.name}/{environment}.yaml"


def _keys(environment: str, folder: Path, importing: tuple[str, ...]) -> dict[str, bool]:
    """The keys of an environment, and whether each is a secret."""
    name = _name(environment)
    if environment in importing:
        raise DefinitionError(f"{name} imports itself: {' → '.join((*importing, environment))}")
    document = _read(folder / f"{environment}.yaml", name)
    keys: dict[str, bool] = {}
    for imported in document.get("imports") or ():
        # `- project/environment: {merge: false}` is opened, but not merged.
        options = next(iter(imported.values())) if isinstance(imported, Mapping) else {}
        if not (options or {}).get("merge", True):
            continue
        other = next(iter(imported)) if isinstance(imported, Mapping) else imported
        keys |= _keys(other, folder, (*importing, environment))
    for key, value in (document.get("values") or {}).items():
        if key in _RESERVED:
            continue
        if _is_nested(value):
            raise DefinitionError(
                f"{name}: values.{key} is nested, and External Secrets would copy something else; "
                "write its keys at the top level, or in an environment that no cluster reads"
            )
        keys[key] = isinstance(value, Mapping) and "fn::secret" in value
    return keys


def _read(file: Path, name: str) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionError(f"there is no {name}; write the environment's definition") from None
    except yaml.YAMLError as error:
        raise DefinitionError(f"{name} is no YAML: {error}") from error
    if not isinstance(document, Mapping):
        raise DefinitionError(f"{name} is no mapping; write `values:` with a key for each secret")
    return document


def _is_nested(value: Any) -> bool:
    """Whether a value has parts, and is not a function of ESC that makes one."""
    if isinstance(value, Mapping):
        return not all(str(key).startswith("fn::") for key in value)
    return isinstance(value, list)
