"""Kubernetes' label selectors, with answers that may not be known yet."""

from collections.abc import Iterator, Mapping

from policies.resources.answers import Answer, every, known, no, some
from policies.resources.place import Absent, Place


def matches(selector: Place, labels: Place) -> Answer:
    """Whether a label selector chooses what carries these labels.

    An empty selector chooses everything. One that is not set, or is none at all, chooses nothing;
    kinds that read it otherwise ask first.
    """
    if selector.unknown:
        return None
    if not isinstance(selector.value, Mapping):
        return False
    return every(
        [
            *_labels_match(selector.at("matchLabels"), labels),
            *(_expression_holds(each, labels) for each in selector.at("matchExpressions").each()),
        ]
    )


def matches_map(wanted: Place, labels: Place) -> Answer:
    """The same for the older form that Services have: a plain map, where an empty one is none."""
    if wanted.unknown:
        return None
    if not wanted.value or not isinstance(wanted.value, Mapping):
        return False
    return every(_labels_match(wanted, labels))


def matches_everything(selector: Place) -> Answer:
    """Whether a label selector has no requirement at all."""
    if selector.unknown:
        return None
    if not isinstance(selector.value, Mapping):
        return False
    parts = [selector.at(key) for key in ("matchLabels", "matchExpressions")]
    return every(known(part, part.missing or not part.value) for part in parts)


def _labels_match(wanted: Place, labels: Place) -> Iterator[Answer]:
    for key, value in wanted.entries():
        # The key of an unknown map is not known either.
        yield None if wanted.unknown else _equal(labels.at(key), value)


def _equal(label: Place, value: Place) -> Answer:
    if label.unknown or value.unknown:
        return None
    return label.text is not None and label.text == value.text


def _expression_holds(expression: Place, labels: Place) -> Answer:
    key, operator = expression.at("key"), expression.at("operator")
    if key.unknown or operator.unknown:
        return None
    label = labels.at(key.text) if key.text else Place("", Absent.MISSING)
    exists = known(label, not label.missing)
    is_listed = some(_equal(label, value) for value in expression.at("values").each())
    match operator.text:
        case "Exists":
            return exists
        case "DoesNotExist":
            return no(exists)
        case "In":
            return every([exists, is_listed])
        case "NotIn":
            return some([no(exists), no(is_listed)])
        case _:
            return False
