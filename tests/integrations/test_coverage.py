"""Which of the chosen services have their keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.coverage import Coverage, State, percent
from integrations.model import SetName
from integrations.selection import select

FULL = select(SetName.FULL)
NAMES = sorted(key.name for key in FULL.keys)


def state(defined: set[str], service: str) -> State:
    coverage = Coverage(selection=FULL, defined=frozenset(defined))
    return next(each.state for each in coverage.lines if each.integration.id == service)


@pytest.mark.parametrize(
    ("defined", "service", "expected"),
    [
        ({"SLACK_BOT_TOKEN"}, "slack", State.CONFIGURED),
        (set(), "slack", State.MISSING),
        ({"GONG_ACCESS_KEY"}, "gong", State.MISSING),
        (set(), "cohere", State.OPTIONAL),
    ],
)
def test_a_service_is_configured_once_all_its_keys_are_there(
    defined: set[str], service: str, expected: State
) -> None:
    assert state(defined, service) is expected


def test_what_deploys_the_platform_takes_its_keys_elsewhere() -> None:
    assert state(set(), "pulumi") is State.ELSEWHERE
    given_to_pods = {key.name for key in Coverage(selection=FULL, defined=None).keys}
    assert "PULUMI_ACCESS_TOKEN" not in given_to_pods
    assert "OPENAI_API_KEY" in given_to_pods


@given(st.sets(st.sampled_from(NAMES)), st.sampled_from(NAMES))
def test_another_key_never_makes_it_worse(defined: set[str], another: str) -> None:
    before = Coverage(selection=FULL, defined=frozenset(defined))
    after = Coverage(selection=FULL, defined=frozenset({*defined, another}))
    assert percent(after.lines) >= percent(before.lines)
    for old, new in zip(before.lines, after.lines, strict=True):
        assert set(new.missing) <= set(old.missing)
    assert {key.name for key in after.keys} - {key.name for key in before.keys} <= {another}


@given(st.sets(st.sampled_from(NAMES)))
def test_pods_are_given_only_keys_that_are_there(defined: set[str]) -> None:
    coverage = Coverage(selection=FULL, defined=frozenset(defined))
    assert {key.name for key in coverage.keys} <= defined
