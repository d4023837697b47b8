"""What the state keeps of an object: the live object, and how it came about."""

from collections.abc import Mapping
from typing import Any

from local.plugins import values
from local.plugins.kubernetes import annotations, naming, normalizing, secrecy
from local.plugins.kubernetes.cluster import Object
from local.plugins.values import Properties

INPUTS = "__inputs"
_INITIAL_API_VERSION = "__initialApiVersion"
_FIELD_MANAGER = "__fieldManager"

# Written by controllers and other tools; no program would declare them.
_SERVER_ANNOTATIONS = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def state(
    *, live: Object, inputs: Object, marked: Properties, api_version: str, manager: str
) -> Properties:
    """The outputs of a resource: the live object, with bookkeeping under names with underscores.

    `inputs` are what was applied, `marked` the same with secret marks, which carry over.
    """
    visible = {
        **live,
        "metadata": {k: v for k, v in live["metadata"].items() if k != "managedFields"},
    }
    outs = secrecy.annotate(_wrap(visible), marked)
    kept_inputs = secrecy.annotate(_wrap(inputs), marked)
    return {
        **outs,
        INPUTS: values.from_python(kept_inputs),
        _INITIAL_API_VERSION: values.from_python(api_version),
        _FIELD_MANAGER: values.from_python(manager),
    }


def marked_inputs(inputs: Object, marked: Mapping[str, Any]) -> Properties:
    """The inputs as property values, with the secret marks of `marked`."""
    return secrecy.annotate(_wrap(inputs), marked)


def live_object(old_state: Properties) -> Object:
    """The live object as the state remembers it."""
    return {
        key: value for key, value in values.plain(old_state).items() if not key.startswith("__")
    }


def old_inputs(old_state: Properties) -> Object:
    """The inputs that were applied last."""
    found = values.to_python(old_state[INPUTS]) if INPUTS in old_state else {}
    return normalizing.inputs(found)


def api_version(old_state: Properties, inputs: Object) -> str:
    """The apiVersion under which the object was created."""
    found = old_state.get(_INITIAL_API_VERSION)
    return str(found.value) if found else str(inputs.get("apiVersion", ""))


def field_manager(inputs: Object, old_state: Properties | None = None) -> str:
    """The name under which the object's fields are owned: annotated, remembered, or a new one."""
    annotated = annotations.value(inputs, annotations.PATCH_FIELD_MANAGER)
    remembered = (old_state or {}).get(_FIELD_MANAGER)
    if annotated:
        return annotated
    if remembered and isinstance(remembered.value, str):
        return remembered.value
    return f"pulumi-kubernetes-{naming.random_digits(b'', '')}"


def imported_inputs(live: Object) -> Object:
    """Inputs that would make an object that nobody has declared yet."""
    inputs = normalizing.inputs({key: value for key, value in live.items() if key != "status"})
    metadata = inputs["metadata"]
    kept = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in _SERVER_ANNOTATIONS
    }
    metadata.pop("annotations", None)
    if kept:
        metadata["annotations"] = kept
    metadata.pop("selfLink", None)
    return inputs


def _wrap(obj: Object) -> Properties:
    return {key: values.from_python(value) for key, value in obj.items()}
