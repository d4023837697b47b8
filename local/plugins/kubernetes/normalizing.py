"""One spelling for what means the same, so that it is not reported as a change."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity
from pulumi.runtime import rpc

from local.plugins.kubernetes import kinds

_SERVER_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)

# Where the built-in kinds hold quantities, below `spec`.
_QUANTITY_MAPS = frozenset(
    {
        "allocatable",
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "requests",
    }
)
_QUANTITY_FIELDS = frozenset({"averageValue", "divisor", "sizeLimit"})

# Python's keyword-safe spellings of JSON schema extensions in CRDs, as the SDKs write them.
_RESPELLED = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}


def inputs(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object as it is sent: without nulls and the server's own metadata, a Secret encoded."""
    result = _without_nulls(obj)
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        for field in _SERVER_METADATA:
            metadata.pop(field, None)
    return _encoded_secret(result) if kinds.is_secret(result) else result


def prune(live: Any, shape: Any) -> Any:
    """The part of `live` that `shape` has too, which leaves out what the server filled in.

    Lists are matched by position; where live has less or something else, that shows.
    """
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return {key: prune(value, shape[key]) for key, value in live.items() if key in shape}
    if _is_list(live) and _is_list(shape):
        return [prune(value, model) for value, model in zip(live, shape, strict=False)]
    return live


def seen(live: Any, sent: Any, *, typed: bool) -> Any:
    """The part of `live` that was sent, with the zero values that the server left out of it.

    `typed` is for built-in kinds: custom resources keep their zero values.
    """
    if isinstance(live, Mapping) and isinstance(sent, Mapping):
        dropped = {
            key: value
            for key, value in sent.items()
            if typed and key not in live and is_zero(value)
        }
        kept = {
            key: seen(value, sent[key], typed=typed) for key, value in live.items() if key in sent
        }
        return {**kept, **dropped}
    if _is_list(live) and _is_list(sent):
        return [seen(value, model, typed=typed) for value, model in zip(live, sent, strict=False)]
    return live


def same(old: Any, new: Any, path: Sequence[str | int], *, typed: bool) -> bool:
    """Whether two values, neither of them both maps or both lists, mean the same.

    `typed` is for built-in kinds, where the server writes quantities in its own way: it stores
    `1000m` as `1`.
    """
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if old == new:
        return True
    if not typed or not _holds_quantity(path):
        return False
    old_quantity, new_quantity = _quantity(old), _quantity(new)
    return old_quantity is not None and old_quantity == new_quantity


def is_zero(value: Any) -> bool:
    """Whether the server leaves the value out of built-in kinds: false, 0, empty."""
    return value in (None, False, 0, "") or value in ({}, [])


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            _RESPELLED.get(key, key): _without_nulls(item)
            for key, item in value.items()
            if item is not None
        }
    if _is_list(value):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _encoded_secret(secret: dict[str, Any]) -> dict[str, Any]:
    """What the API server makes of a Secret: `stringData` goes encoded into `data`."""
    data, plain = secret.get("data"), secret.get("stringData")
    if isinstance(data, dict):
        secret["data"] = {key: _reencoded(value) for key, value in data.items()}
    if isinstance(plain, dict) and plain and all(isinstance(v, str) for v in plain.values()):
        encoded = {key: _encoded(value) for key, value in plain.items()}
        secret["data"] = {**secret.get("data", {}), **encoded}
        del secret["stringData"]
    elif plain == rpc.UNKNOWN:
        secret["data"] = secret.pop("stringData")
    return secret


def _encoded(value: str) -> str:
    return value if value == rpc.UNKNOWN else base64.b64encode(value.encode()).decode()


def _reencoded(value: Any) -> Any:
    """Without the line breaks that the API server drops; what is not base64 is its to refuse."""
    try:
        lines = value.replace("\r", "").replace("\n", "")
        return base64.b64encode(base64.b64decode(lines, validate=True)).decode()
    except (AttributeError, binascii.Error, ValueError):
        return value


def _holds_quantity(path: Sequence[str | int]) -> bool:
    if len(path) < 3 or path[0] != "spec":
        return False
    holder, field = path[-2], path[-1]
    is_metric = (holder, field) == ("target", "value")
    return is_metric or holder in _QUANTITY_MAPS or field in _QUANTITY_FIELDS


def _quantity(value: Any) -> Decimal | None:
    try:
        return parse_quantity(value)
    except (ValueError, TypeError):
        return None


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
