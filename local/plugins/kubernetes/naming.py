"""Names for objects whose program gives none: `<resource name>-<8 hex digits>`, marked as such."""

import hashlib
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from local.plugins.kubernetes import annotations
from local.plugins.server import PluginError

_DIGITS = 8


@dataclass(frozen=True, kw_only=True)
class Autonaming:
    """What the project's configuration (`pulumi:autonaming`) wants."""

    proposed_name: str = ""
    """The name that the pattern of the configuration gives; empty if there is none."""
    is_disabled: bool = False
    """Whether a resource without a name is an error."""


WANTED: ContextVar[Autonaming | None] = ContextVar("autonaming", default=None)
"""What the configuration wants for the resource that is being checked, if anything."""


def assign(obj: dict[str, Any], *, resource: str, seed: bytes) -> None:
    """Name a new object that has neither a name nor a generateName.

    The same seed gives the same name. Raises PluginError when autonaming is disabled.
    """
    wanted = WANTED.get() or Autonaming()
    metadata = obj.setdefault("metadata", {})
    if not isinstance(metadata, dict):  # unknown as a whole during this preview
        return
    if metadata.get("name") or metadata.get("generateName"):
        return
    if wanted.is_disabled:
        raise PluginError(
            f"automatic naming is disabled, but {resource} has no metadata.name; set one"
        )
    metadata["name"] = wanted.proposed_name or f"{resource}-{random_digits(seed, resource)}"
    annotations.set_true(obj, annotations.AUTONAMED)


def adopt(obj: dict[str, Any], old: Mapping[str, Any]) -> None:
    """Keep the name that was assigned to an object earlier."""
    metadata = obj.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        return
    if not metadata.get("name") and annotations.is_true(old, annotations.AUTONAMED):
        metadata["name"] = old["metadata"]["name"]
        annotations.set_true(obj, annotations.AUTONAMED)


def random_digits(seed: bytes, salt: str) -> str:
    """Eight hexadecimal digits: always the same for a seed and salt, random without a seed."""
    if not seed:
        return secrets.token_hex(_DIGITS // 2)
    return hashlib.sha256(seed + salt.encode()).hexdigest()[:_DIGITS]


def object_id(obj: Mapping[str, Any]) -> str:
    """The Pulumi ID of an object: `namespace/name`, or `name` outside namespaces."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, Mapping):
        return ""
    namespace, name = metadata.get("namespace"), metadata.get("name", "")
    return f"{namespace}/{name}" if namespace else name


def parse_id(resource_id: str) -> tuple[str, str]:
    """The namespace (empty outside namespaces) and name of an ID."""
    namespace, _, name = resource_id.rpartition("/")
    if not name:
        raise PluginError(
            f"{resource_id!r} is not the ID of a Kubernetes object; write namespace/name, "
            "or name for a kind without namespaces"
        )
    return namespace, name
