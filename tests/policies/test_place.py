"""Walking through properties of any shape, and saying where one was and what it was."""

from typing import Any

import pytest

from policies.resources.place import Absent, Finding, Place, Undecided
from tests.policies.judging import UNKNOWN

MISSING = Absent.MISSING


def place(value: Any) -> Place:
    return Place("", value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": {"b": 1}}, 1),
        ({"a": {"b": None}}, MISSING),
        ({"a": {}}, MISSING),
        ({"a": None}, MISSING),
        ({"a": "text"}, MISSING),
        ({"a": [{"b": 1}]}, MISSING),
        ("text", MISSING),
        ({"a": {"b": UNKNOWN}}, UNKNOWN),
        ({"a": UNKNOWN}, UNKNOWN),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_what_is_not_there_is_missing_and_below_something_unknown_all_is(
    value: Any, found: Any
) -> None:
    assert place(value).at("a", "b") == Place("a.b", found)


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ([{"name": "n8n"}, {"name": "redis"}], ["list[n8n]", "list[redis]"]),
        # What could break a message, or be more than a name, is not taken for one.
        ([{"name": "a b"}, {"name": ""}, {"name": 1}, {"name": UNKNOWN}], list("0123")),
        ([{"name": "x" * 64}, "text", None], list("012")),
        (("text",), ["0"]),
        (UNKNOWN, ["*"]),
        ("text", []),
        (b"bytes", []),
        ({"name": "n8n"}, []),
        (None, []),
        (MISSING, []),
    ],
)
def test_elements_go_by_their_name_or_position(value: Any, elements: list[str]) -> None:
    labels = [each if each.startswith("list[") else f"list[{each}]" for each in elements]
    assert [each.path for each in Place("list", value).each()] == labels


def test_an_element_that_is_null_is_missing_and_of_an_unknown_list_one_is_unknown() -> None:
    assert [each.value for each in place([None, 1]).each()] == [MISSING, 1]
    assert [each.value for each in place(UNKNOWN).each()] == [UNKNOWN]


def test_entries_of_a_mapping_and_of_an_unknown_one() -> None:
    assert [*Place("labels", {"a": 1, "b": None}).entries()] == [
        ("a", Place("labels.a", 1)),
        ("b", Place("labels.b", MISSING)),
    ]
    assert [*Place("labels", UNKNOWN).entries()] == [("*", Place("labels.*", UNKNOWN))]
    assert [*place([1]).entries()] == []


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ({"a": 1}, {"a": 1}),
        (UNKNOWN, UNKNOWN),
        ("{", MISSING),
        ("[" * 100_000, MISSING),
    ],
)
def test_json_in_a_text_is_read(value: Any, parsed: Any) -> None:
    read = Place("policy", value).parsed()
    assert (read.path, read.value) == ("policy", parsed)


def test_names_in_a_text_of_the_program_are_not_shown() -> None:
    text = '{"receivers": [{"name": "hunter2", "url": {"name": "x"}}]}'
    (element,) = Place("data", text).parsed().at("receivers").each()
    assert element.path == "data.receivers[0]"
    assert element.at("url").path == "data.receivers[0].url"


def test_a_json_null_or_number_that_is_none_counts_as_missing() -> None:
    assert place('{"a": NaN}').parsed().at("a").missing
    assert place('{"a": null}').parsed().at("a").missing


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (MISSING, "not set"),
        (UNKNOWN, "not known"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (1.0, "1"),
        (0.25, "0.25"),
        ({}, "empty"),
        ([], "empty"),
        ("", "set otherwise"),
        ("hunter2", "set otherwise"),
        (["hunter2"], "set otherwise"),
        ({"hunter2": 1}, "set otherwise"),
    ],
)
def test_a_state_in_words_never_has_a_text_of_the_manifest(value: Any, state: str) -> None:
    assert place(value).state == state


def test_a_truth_value_is_no_number() -> None:
    assert place(True).number is None
    assert place(1.5).number == 1.5
    assert place("1").number is None


@pytest.mark.parametrize(
    ("value", "verdicts"),
    [
        (False, []),
        (True, [Finding("port", "port true", "false or 0")]),
        # Pulumi hands every number over as one with decimals.
        (0.0, []),
        (1.0, [Finding("port", "port 1", "false or 0")]),
        ("false", [Finding("port", "port set otherwise", "false or 0")]),
        (MISSING, [Finding("port", "port not set", "false or 0")]),
        (UNKNOWN, [Undecided("port", "false or 0")]),
    ],
)
def test_a_value_must_be_one_of_those_allowed(value: Any, verdicts: list[Any]) -> None:
    assert [*Place("port", value).must_be(False, 0)] == verdicts


def test_true_is_not_one_and_one_is_not_true() -> None:
    assert [*place(True).must_be(1)] != []
    assert [*place(1).must_be(True)] != []


def test_what_must_hold_is_only_asked_of_what_is_known() -> None:
    def never(_: Place) -> bool:
        raise AssertionError

    assert [*Place("a", UNKNOWN).must(never, "more")] == [Undecided("a", "more")]
    assert [*Place("a", "hunter2").must(lambda _: False, "more", found="a too short")] == [
        Finding("a", "a too short", "more")
    ]
