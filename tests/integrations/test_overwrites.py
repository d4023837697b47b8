"""The file that fills credentials: it is JSON, whatever the keys are, and has what is there only.

The template is rendered here by a stand-in that knows the three forms that the template uses. What
it stands in for, Go's template engine with Sprig's functions, was tried by hand: Go 1.26, Sprig
3.3.0, all keys, with quotes, line breaks, percent signs and characters beyond 16 bits in them.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.catalogue import load, parse
from integrations.model import Catalogue, SetName
from integrations.overwrites import overwrites
from integrations.selection import select
from tests.integrations.documents import document, entry

CATALOGUE = load()
NAMES = sorted({each.name for each in select("full").keys})
sets = st.sampled_from(list(SetName))
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)

_ACTION = re.compile(
    r"\{\{ (?:printf (?P<form>\"(?:[^\"\\]|\\.)*\") )?(?P<values>.*?) \| toJson \}\}"
)
_VALUE = re.compile(r"\(urlParse \.(\w+)\)\.hostname|\.(\w+)")


def rendered(template: str, values: Mapping[str, str]) -> dict[str, Any]:
    """What the template becomes, read as n8n reads it."""

    def value(found: re.Match[str]) -> str:
        address, name = found.groups()
        return (urlsplit(values[address]).hostname or "") if address else values[name]

    def action(found: re.Match[str]) -> str:
        arguments = tuple(value(each) for each in _VALUE.finditer(found["values"]))
        if found["form"] is None:
            (argument,) = arguments
            return json.dumps(argument)
        # Go takes no halves of characters.
        assert not re.search(r"\\u[dD][89a-fA-F]", found["form"])
        return json.dumps(json.loads(found["form"]) % arguments)

    return json.loads(_ACTION.sub(action, template))


def filled(values: Mapping[str, str], catalogue: Catalogue = CATALOGUE) -> dict[str, Any]:
    """What n8n is given when these keys are there, of all services."""
    made = overwrites(select("full", catalogue=catalogue), values.keys())
    return rendered(made.template, {key: values[key] for key in made.keys})


@given(sets, st.sets(st.sampled_from(NAMES)))
def test_services_are_in_it_once_all_their_keys_are_there(of_set: SetName, there: set[str]) -> None:
    selection = select(of_set)
    made = overwrites(selection, there)

    assert set(rendered(made.template, dict.fromkeys(made.keys, "x"))) == {
        each.credential.type
        for each in selection.integrations
        if each.credential and there.issuperset(variable.name for variable in each.variables)
    }


@given(sets)
def test_the_keys_it_needs_are_those_of_its_services_and_no_more(of_set: SetName) -> None:
    selection = select(of_set)
    made = overwrites(selection, NAMES)
    read = {name for each in _VALUE.findall(made.template) for name in each if name in NAMES}

    assert set(made.keys) == read
    assert len(made.keys) == len(set(made.keys))
    assert read <= {
        variable.name
        for each in selection.integrations
        if each.credential
        for variable in each.variables
    }


@given(st.fixed_dictionaries(dict.fromkeys(["OPENAI_API_KEY", "HF_TOKEN"], keys)))
def test_a_key_arrives_as_it_is_whatever_is_in_it(values: dict[str, str]) -> None:
    found = filled(values)

    assert found["openAiApi"]["apiKey"] == values["OPENAI_API_KEY"]
    assert found["huggingFaceApi"]["apiKey"] == values["HF_TOKEN"]


@settings(max_examples=12)  # each reads a catalogue
@given(st.text('%s"\\é😀 ', min_size=1, max_size=9), keys)
def test_a_text_of_several_keys_is_put_together(text: str, key: str) -> None:
    changed = document()
    entry(changed, "twilio")["n8n"]["fields"] = {
        "authToken": f"{text}{{TWILIO_ACCOUNT_SID}}{text}{{TWILIO_AUTH_TOKEN}}",
        "authType": f"x{text}",
    }
    values = {"TWILIO_ACCOUNT_SID": "%s", "TWILIO_AUTH_TOKEN": key}

    found = filled(values, parse(changed))["twilioApi"]

    assert (found["authToken"], found["authType"]) == (f"{text}%s{text}{key}", f"x{text}")


@pytest.mark.parametrize(
    ("type_", "values", "hosts"),
    [
        ("openAiApi", {"OPENAI_API_KEY": "x"}, "api.openai.com, eu.api.openai.com"),
        (
            "sendGridApi",  # and smtp.sendgrid.net, at another port
            {"SENDGRID_API_KEY": "x"},
            "api.sendgrid.com",
        ),
        (
            "jiraSoftwareCloudApi",
            {"JIRA_EMAIL": "x", "JIRA_API_TOKEN": "x", "JIRA_URL": "https://jira.example:8443/x"},
            "*.atlassian.net, jira.example",
        ),
        (
            "weaviateApi",
            {"WEAVIATE_API_KEY": "x", "WEAVIATE_URL": "https://a.weaviate.cloud"},
            "a.weaviate.cloud",
        ),
    ],
)
def test_a_key_goes_to_its_services_own_hosts_only(
    type_: str, values: dict[str, str], hosts: str
) -> None:
    found = filled(values)[type_]

    assert found["allowedHttpRequestDomains"] == "domains"
    assert found["allowedDomains"] == hosts


def test_without_any_key_there_is_an_empty_file() -> None:
    made = overwrites(select("full"), [])

    assert (made.template, made.keys) == ("{}", ())
