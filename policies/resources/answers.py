"""Answers that may not be known at preview: yes, no, or None for not known yet."""

from collections.abc import Iterable, Iterator

from policies.resources.kubernetes import namespace
from policies.resources.place import Absent, Finding, Place, Undecided, Verdict
from policies.resources.resource import Resource

Answer = bool | None


def every(answers: Iterable[Answer]) -> Answer:
    """Whether all of them are yes: one no settles it, whatever is unknown."""
    result: Answer = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def some(answers: Iterable[Answer]) -> Answer:
    """Whether one of them is yes: that settles it, whatever is unknown."""
    return no(every(no(answer) for answer in answers))


def no(answer: Answer) -> Answer:
    """The opposite, where it is known."""
    return None if answer is None else not answer


def known(place: Place, answer: bool) -> Answer:
    """An answer about a place, if the place is known."""
    return None if place.unknown else answer


def in_namespace(resource: Resource, name: str | Absent) -> Answer:
    """Whether a resource is in the namespace of that name."""
    own = namespace(resource)
    if isinstance(own, Absent) or isinstance(name, Absent):
        return None
    return own == name


def share_namespace(one: Resource, other: Resource) -> Answer:
    """Whether two resources are in the same namespace."""
    return in_namespace(one, namespace(other))


def is_called(resource: Resource, name: Place) -> Answer:
    """Whether a property names a resource of Kubernetes."""
    own = resource.at("metadata", "name")
    if own.unknown or name.unknown:
        return None
    return own.text is not None and own.text == name.text


def if_known(place: Place, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Verdicts, of which a finding only counts if a place is as the condition takes it to be.

    Args:
        place: what tells whether the condition concerns the resource; not known, it may not.
        verdicts: what holds if it does.
    """
    for verdict in verdicts:
        if place.unknown and isinstance(verdict, Finding):
            yield Undecided(place.path, verdict.requires)
        else:
            yield verdict


def decide(
    passes: Answer, path: str, *, found: str, requires: str, unknown: str = ""
) -> Iterator[Verdict]:
    """The verdict that follows from an answer.

    Args:
        passes: whether the condition is met.
        path: the property to change if it is not.
        found: the present state in words, after "found".
        requires: the required state in words, after "requires".
        unknown: what the answer depends on where it is not known; default: the path.
    """
    if passes is None:
        yield Undecided(unknown or path, requires)
    elif not passes:
        yield Finding(path, found, requires)
