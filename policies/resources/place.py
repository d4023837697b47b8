"""Reading properties that may be missing, unknown at preview, or of an odd shape.

A condition never indexes properties itself: it moves with a `Place`, which knows where it is and
whether there is something. So no shape of somebody's manifest can crash a condition, no unknown
value can pass as a good one, and no value can get into a message.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")


class Absent(Enum):
    """Why there is no value."""

    MISSING = "not set"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Finding:
    """What is not as a condition requires it.

    Attributes:
        path: the property to change, as `spec.template.spec.containers[n8n].image`.
        found: state of that property, in words. Never a value that could be secret.
        requires: the state that is required, in words.
    """

    path: str
    found: str
    requires: str


@dataclass(frozen=True)
class Undecided:
    """What cannot be judged before `up`, because the property is not known at preview.

    Attributes:
        path: the property.
        requires: the state that will be required.
    """

    path: str
    requires: str


Verdict = Finding | Undecided
"""What keeps a resource from passing a condition."""


@dataclass(frozen=True)
class Place:
    """One property of a resource: where it is, and its value.

    Attributes:
        path: from the resource's properties, for people.
        value: plain data, or why there is none.
        named: whether the path may have names of elements in it. Those of a program's own text can
            be anything, secrets too.
    """

    path: str
    value: Any
    named: bool = True

    @property
    def unknown(self) -> bool:
        """Whether the value is only known at `up`."""
        return self.value is Absent.UNKNOWN

    @property
    def missing(self) -> bool:
        """Whether nothing is set here; null counts as nothing."""
        return self.value is Absent.MISSING

    @property
    def text(self) -> str | None:
        """The value, if it is a string."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> float | None:
        """The value, if it is a number; truth values are none."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return None
        return self.value

    @property
    def state(self) -> str:
        """The value in words: truth values and numbers as they are, everything else unnamed."""
        match self.value:
            case Absent():
                return self.value.value
            case bool():
                return "true" if self.value else "false"
            case int():
                return str(self.value)
            case float():
                return f"{self.value:g}"
            case Mapping() | list() if not self.value:
                return "empty"
            case _:
                return "set otherwise"

    def at(self, *keys: str) -> "Place":
        """The property under these keys; missing where there is nothing of that shape."""
        place = self
        for key in keys:
            path = f"{place.path}.{key}" if place.path else key
            match place.value:
                case Absent.UNKNOWN:
                    # Under something unknown, everything is.
                    place = Place(path, Absent.UNKNOWN, place.named)
                case Mapping():
                    value = place.value.get(key)
                    value = Absent.MISSING if value is None else value
                    place = Place(path, value, place.named)
                case _:
                    place = Place(path, Absent.MISSING, place.named)
        return place

    def each(self) -> Iterator["Place"]:
        """The elements of a list, by their `name` where they have one and it may be shown.

        An unknown list has one unknown element; what is no list has none.
        """
        if self.unknown:
            yield Place(f"{self.path}[*]", Absent.UNKNOWN, self.named)
        elif isinstance(self.value, Sequence) and not isinstance(self.value, str | bytes):
            for position, element in enumerate(self.value):
                name = element.get("name") if isinstance(element, Mapping) else None
                shown = self.named and isinstance(name, str) and _NAME.fullmatch(name)
                value = Absent.MISSING if element is None else element
                yield Place(f"{self.path}[{name if shown else position}]", value, self.named)

    def entries(self) -> Iterator[tuple[str, "Place"]]:
        """Keys and values of a mapping; of an unknown one, the key `*` with an unknown value."""
        if self.unknown:
            yield "*", Place(f"{self.path}.*", Absent.UNKNOWN, self.named)
        elif isinstance(self.value, Mapping):
            for key in self.value:
                yield str(key), self.at(str(key)) if isinstance(key, str) else self

    def parsed(self) -> "Place":
        """What a JSON text, such as an IAM policy, holds; other values as they are."""
        if self.text is None:
            return self
        try:
            value = json.loads(self.text, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            value = Absent.MISSING
        return Place(self.path, value, named=False)

    def must(
        self, satisfied: Callable[["Place"], bool], requires: str, *, found: str = ""
    ) -> Iterator[Verdict]:
        """Nothing if the value satisfies; undecided if it is unknown; otherwise a finding.

        Args:
            satisfied: the question; only asked of a known place, which may be missing.
            requires: the required state in words, after "requires".
            found: the present state in words, after "found"; default: `state`.
        """
        if self.unknown:
            yield Undecided(self.path, requires)
        elif not satisfied(self):
            yield Finding(self.path, found or f"{self.path} {self.state}", requires)

    def must_be(self, *allowed: str | bool | int, requires: str = "") -> Iterator[Verdict]:
        """As `must`, with the values that are allowed. True is not 1; 1.0 is, as Pulumi has it."""
        words = requires or " or ".join(_word(value) for value in allowed)
        return self.must(
            lambda place: any(
                isinstance(place.value, bool) is isinstance(value, bool) and place.value == value
                for value in allowed
            ),
            words,
        )


def _word(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
