"""What is secret stays secret: in the state, and in every message."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins import values
from local.plugins.values import Properties

_SECRET_FIELDS = ("data", "stringData")


def annotate(outs: Properties, ins: Mapping[str, PropertyValue]) -> Properties:
    """Mark in `outs` what is secret in `ins`, and the contents of a Secret always.

    Maps are marked entry by entry, so that one secret does not hide a whole object. A list with a
    secret in it is marked as a whole, because its order may change on the way.
    """
    kind = outs.get("kind")
    if kind is not None and kind.value == "Secret":
        return {
            key: value.with_secret(True) if key in _SECRET_FIELDS else value
            for key, value in outs.items()
        }
    return {key: _annotate_value(value, ins.get(key)) for key, value in outs.items()}


def _annotate_value(out: PropertyValue, source: PropertyValue | None) -> PropertyValue:
    if source is None or not source.contains_secret():
        return out
    if (
        not source.is_secret
        and isinstance(source.value, Mapping)
        and isinstance(out.value, Mapping)
    ):
        return PropertyValue(annotate(dict(out.value), source.value), is_secret=out.is_secret)
    return out.with_secret(True)


class Redactor:
    """Removes the secret values of a resource from messages about it."""

    def __init__(self, *sources: Mapping[str, PropertyValue]) -> None:
        """`sources` are the resource's inputs and state, with their secret marks."""
        found: set[str] = set()
        for source in sources:
            for value in annotate(dict(source), {}).values():
                for text in _secret_texts(value):
                    found.update(_spellings(text))
        found.discard("")
        # The longest first, so that a part of a secret does not leave the rest behind.
        self._texts = sorted(found, key=lambda text: (-len(text), text))

    def redact(self, message: str) -> str:
        """The message with `[secret]` in the place of every secret value."""
        for text in self._texts:
            message = message.replace(text, "[secret]")
        return message


def _secret_texts(value: PropertyValue, *, inside: bool = False) -> Iterator[str]:
    inside = inside or value.is_secret
    match value.value:
        case Mapping() as items:
            for item in items.values():
                yield from _secret_texts(item, inside=inside)
        case str() as text:
            if inside and not values.is_unknown(value):
                yield text
        case Sequence() as items:
            for item in items:
                yield from _secret_texts(item, inside=inside)
        case None | bool():
            pass
        case other:
            if inside:
                yield str(_whole(other))


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _spellings(text: str) -> Iterator[str]:
    """The ways in which an error message may quote a value: as it is, escaped, encoded, by line."""
    decoded = _base64_decoded(text)
    for spelling in (text, decoded):
        yield spelling
        yield json.dumps(spelling)[1:-1]
        yield json.dumps(spelling, ensure_ascii=False)[1:-1]
        yield base64.b64encode(spelling.encode()).decode()
        yield from (line.strip() for line in spelling.splitlines())


def _base64_decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
