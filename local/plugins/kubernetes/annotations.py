"""The `pulumi.com/…` annotations with which a resource steers its provider."""

from collections.abc import Mapping
from typing import Any

AUTONAMED = "pulumi.com/autonamed"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
PATCH_FORCE = "pulumi.com/patchForce"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
WAIT_FOR = "pulumi.com/waitFor"

_PROPAGATION = {"orphan": "Orphan", "background": "Background"}


def value(obj: Mapping[str, Any], annotation: str) -> str:
    """The annotation's value, or an empty string."""
    metadata = obj.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    found = annotations.get(annotation) if isinstance(annotations, Mapping) else None
    return found if isinstance(found, str) else ""


def is_true(obj: Mapping[str, Any], annotation: str) -> bool:
    """Whether the annotation says "true"."""
    return value(obj, annotation) == "true"


def set_true(obj: dict[str, Any], annotation: str) -> None:
    """Annotate the object with "true"."""
    metadata = obj.setdefault("metadata", {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), annotation: "true"}


def timeout_seconds(obj: Mapping[str, Any], *, custom: float, default: float) -> float:
    """How long to wait: the resource option `customTimeouts`, the annotation, or the default."""
    if custom:
        return custom
    written = value(obj, TIMEOUT_SECONDS)
    return float(written) if written.isdigit() else default


def deletion_propagation(obj: Mapping[str, Any]) -> str:
    """What happens to dependents on deletion: Foreground (default), Background or Orphan."""
    return _PROPAGATION.get(value(obj, DELETION_PROPAGATION).lower(), "Foreground")
