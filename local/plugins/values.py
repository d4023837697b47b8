"""Property values between the engine and plain Python.

`PropertyValue` of the SDK's provider framework carries secrets, but not what is unknown during a
preview: its `computed()` cannot be sent, and what the engine sends arrives as the protocol's
sentinel string. These helpers are the one place that knows the sentinel.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

Properties = dict[str, PropertyValue]
"""The inputs or the state of a resource, as the framework's requests and responses hold them."""

UNKNOWN = PropertyValue(rpc.UNKNOWN)
"""A value that is known only once the change has been made."""


def own_type(requested: str) -> str:
    """A resource's own type token, from what a request of the framework says its type is.

    For the child of a component that is the tokens of all its parents and its own, joined by `$`.
    """
    return requested.rpartition("$")[2]


def is_unknown(value: PropertyValue) -> bool:
    """Whether the value itself is unknown during this preview."""
    return value.value == rpc.UNKNOWN


def contains_unknown(value: PropertyValue) -> bool:
    """Whether the value, or anything inside it, is unknown during this preview."""
    match value.value:
        case Mapping() as items:
            return any(contains_unknown(item) for item in items.values())
        case str():
            return is_unknown(value)
        case Sequence() as items:
            return any(contains_unknown(item) for item in items)
        case _:
            return False


def from_python(value: Any, *, secret: bool = False) -> PropertyValue:
    """Wrap plain Python (JSON-like) data; values that are property values already stay as they are.

    Integers become floats, because the protocol has no integers.
    """
    match value:
        case PropertyValue():
            wrapped = value
        case bool() | None | str():
            wrapped = PropertyValue(value)
        case int() | float():
            wrapped = PropertyValue(float(value))
        case Mapping():
            wrapped = PropertyValue({str(key): from_python(item) for key, item in value.items()})
        case Sequence():
            wrapped = PropertyValue([from_python(item) for item in value])
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be a property value")
    return wrapped.with_secret(True) if secret else wrapped


def to_python(value: PropertyValue) -> Any:
    """The plain Python data inside a value, without its secret marks.

    Whole numbers become integers. An unknown stays the sentinel string: ask `contains_unknown`
    first where that matters.
    """
    match value.value:
        case Mapping() as items:
            return {key: to_python(item) for key, item in items.items()}
        case str() as text:
            return text
        case Sequence() as items:
            return [to_python(item) for item in items]
        case float() as number if number.is_integer():
            return int(number)
        case other:
            return other


def plain(properties: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """`to_python` of every property."""
    return {key: to_python(value) for key, value in properties.items()}
