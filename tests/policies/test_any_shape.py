"""Somebody else's program: whatever it declares, conditions judge it and tell none of its secrets.

Always the same examples: by number, or as tests/conftest.py asks of hypothesis.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import messages
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.resources.resource import Resource
from policies.soc2.controls import FRAMEWORK as SOC2
from tests.policies.judging import UNKNOWN, judgements
from tests.policies.platform import platform
from tests.policies.shapes import SECRET, SECRETS, program

Steps = tuple[str | int, ...]

_KEYS = st.sampled_from(("name", "value", "app.kubernetes.io/name", "policy", ""))
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(SECRETS),
    st.just(UNKNOWN),
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=5,
)
_PLACES = st.deferred(
    lambda: st.sampled_from(
        [(each, place) for each in platform() for place in _below(each.properties.value)]
    )
)


@pytest.mark.parametrize("number", range(20))
def test_a_program_of_any_shape_is_judged_and_its_secrets_stay_untold(number: int) -> None:
    resources = program(Random(number))  # noqa: S311 -- the same examples for everybody
    told = [message for message in _said(resources, *resources) if SECRET in message]

    assert told == []


@given(_PLACES, _ANYTHING)
def test_the_platform_with_anything_anywhere_is_judged_and_its_secrets_stay_untold(
    place: tuple[Resource, Steps], anything: Any
) -> None:
    before, after = place[0], _changed(*place, anything)
    told = [message for message in _said(_in_place(before, after), after) if SECRET in message]

    assert told == []


@given(_PLACES)
def test_what_is_not_known_yet_is_never_held_against_the_platform(
    place: tuple[Resource, Steps],
) -> None:
    before, after = place[0], _changed(*place, UNKNOWN)

    assert _violated(_in_place(before, after), after) <= _violated(platform(), before)


def _said(resources: Sequence[Resource], *alone: Resource) -> Iterator[str]:
    for each in judgements(resources, *alone):
        framework = SOC2 if SOC2.id in each.condition.controls else GDPR
        for finding in each.findings:
            yield messages.violation(framework, each.condition, each.resource, finding)
        for verdict in each.undecided:
            yield messages.undecided(framework, each.condition, each.resource, verdict)


def _violated(resources: Sequence[Resource], *alone: Resource) -> set[tuple[str, str]]:
    return {
        (each.condition.id, each.resource.urn)
        for each in judgements(resources, *alone)
        if each.findings
    }


def _below(value: Any, *before: str | int) -> Iterator[Steps]:
    """The places of everything in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, each in inner:
        yield (*before, step)
        if isinstance(each, dict | list):
            yield from _below(each, *before, step)


def _changed(before: Resource, place: Steps, value: Any) -> Resource:
    """The resource with another value at a place."""
    properties = deepcopy(before.properties.value)
    inner = properties
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return replace(before, read=lambda: properties)


def _in_place(before: Resource, after: Resource) -> list[Resource]:
    return [after if each is before else each for each in platform()]
