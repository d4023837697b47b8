"""What the catalogue promises, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import rules
from integrations.catalogue import CatalogueError, load, parse
from integrations.model import SetName
from tests.integrations.documents import IDS, document, entry, problems

services = st.sampled_from(IDS)
CATALOGUE = load()
WITH_SECRET = st.sampled_from(
    [each.id for each in CATALOGUE.integrations if any(v.secret for v in each.own_variables)]
)
WITH_CHECK = st.sampled_from([each.id for each in CATALOGUE.integrations if each.check])
SENT_PERSONAL_DATA = st.sampled_from(
    [each.id for each in CATALOGUE.integrations if CATALOGUE.is_sent_personal_data(each)]
)
few = settings(max_examples=12)


def test_the_catalogue_has_the_52_services_of_the_report() -> None:
    counts = {each.title: len(CATALOGUE.of_category(each)) for each in CATALOGUE.categories}

    assert list(counts.values()) == [6, 4, 2, 5, 6, 5, 4, 6, 5, 4, 5]
    assert sum(counts.values()) == len(CATALOGUE.integrations) == 52


def test_the_catalogue_knows_every_variable_that_the_report_names() -> None:
    known = {
        name
        for integration in CATALOGUE.integrations
        for variable in integration.own_variables
        for name in (variable.name, variable.report_name)
    }

    assert known >= {
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "HUGGINGFACE_API_KEY",
        "COHERE_API_KEY",
        "REPLICATE_API_KEY",
        "TOGETHER_API_KEY",
        "HUBSPOT_API_KEY",
        "GONG_API_KEY",
        "SALESFORCE_API_KEY",
        "LOOKER_API_KEY",
        "YARDI_API_KEY",
        "REALPAGE_API_KEY",
        "APPFOLIO_API_KEY",
        "ENTRATA_API_KEY",
        "COSTAR_API_KEY",
        "PINECONE_API_KEY",
        "WEAVIATE_API_KEY",
        "SLACK_BOT_TOKEN",
        "TWILIO_AUTH_TOKEN",
        "DATADOG_API_KEY",
        "SENTRY_DSN",
        "NEW_RELIC_API_KEY",
        "PORTKEY_API_KEY",
    }


@few
@given(services, services)
def test_an_id_or_a_name_belongs_to_one_service(one: str, other: str) -> None:
    for what in ("id", "name"):
        changed = document()
        value = entry(changed, one)[what]
        entry(changed, other)[what] = value
        if one == other:
            parse(changed)
        else:
            assert f"{value}: two services have this {what}" in problems(changed)


@few
@given(WITH_SECRET, services)
def test_a_variable_belongs_to_one_service(owner: str, other: str) -> None:
    changed = document()
    variable = next(each for each in entry(changed, owner)["variables"] if each.get("secret"))
    entry(changed, other)["variables"].append(dict(variable))

    assert any(
        each.startswith(f"{variable['name']}: named more than once")
        and owner in each
        and other in each
        for each in problems(changed)
    )


def test_a_name_of_the_report_is_nobody_elses_variable() -> None:
    changed = document()
    entry(changed, "slack")["variables"][0]["report_name"] = "OPENAI_API_KEY"

    assert problems(changed) == (
        "OPENAI_API_KEY: named more than once (openai, slack); write shared_with where that is "
        "meant",
    )


@few
@given(services)
def test_a_service_that_is_left_out_is_missed_in_its_category(id_: str) -> None:
    changed = document()
    category = entry(changed, id_)["category"]
    changed["integrations"].remove(entry(changed, id_))
    count = changed["categories"][category]["count"]

    assert f"{category}: {count - 1} services, documented as {count}" in problems(changed)


@few
@given(services)
def test_critical_services_are_in_every_set(id_: str) -> None:
    changed = document()
    service = entry(changed, id_)
    service.update(criticality="critical", smallest_set="standard")

    found = f"{id_}: critical, so its smallest set is minimal, not standard"
    assert found in problems(changed)


@pytest.mark.parametrize("name", list(SetName))
def test_a_larger_set_has_more_than_a_smaller_one(name: SetName) -> None:
    changed = document()
    for each in changed["integrations"]:
        each["criticality"] = "optional"
        if each["smallest_set"] == name:
            each["smallest_set"] = "full" if name != "full" else "standard"

    assert f"{name}: no service has this as its smallest set" in problems(changed)


@few
@given(SENT_PERSONAL_DATA)
def test_who_is_sent_personal_data_has_a_processor_and_a_place(id_: str) -> None:
    changed = document()
    del entry(changed, id_)["processor"]
    assert f"{id_}: processor is missing: it is sent personal data" in problems(changed)

    changed = document()
    number = IDS.index(id_)
    del entry(changed, id_)["regions"]
    assert f"integrations[{number}] ({id_}): 'regions' is a required property" in problems(changed)

    changed = document()
    entry(changed, id_)["egress"] = []
    assert f"{id_}: egress is missing: it is sent data" in problems(changed)


@few
@given(WITH_SECRET)
def test_every_secret_is_rotated(id_: str) -> None:
    changed = document()
    service = entry(changed, id_)
    service.get("verified", {}).pop("rotation", None)
    del service["rotation"]

    assert problems(changed) == (f"{id_}: rotation is missing: it has a secret",)


@few
@given(WITH_CHECK)
def test_a_check_goes_where_the_service_is_reached(id_: str) -> None:
    changed = document()
    entry(changed, id_)["check"]["url"] = "https://elsewhere.example/me"

    assert f"{id_}: check: its host is not in egress" in problems(changed)


@few
@given(WITH_CHECK)
def test_no_check_has_a_secret_in_its_address(id_: str) -> None:
    changed = document()
    service = entry(changed, id_)
    secret = next(each["name"] for each in service["variables"] if each["secret"])
    service["check"]["url"] += f"?key={{{secret}}}"

    assert problems(changed) == (
        f"{id_}: check: the secret {secret} is in the address, which is logged",
    )


@pytest.mark.parametrize(
    ("id_", "change", "expected"),
    [
        ("slack", {"category": "comunication"}, "category comunication: no such category; did you"),
        ("slack", {"data": ["conversation"]}, "data conversation: no such category of data; did"),
        ("direct", {"smallest_set": "standard"}, "shared_with anthropic: that service is missing"),
        ("prometheus", {"egress": [{"host": "x.example"}]}, "it is reached outside of the cluster"),
        ("prometheus", {"processor": "A Company"}, "own is for what runs in our own cluster"),
        ("slack", {"no_check": "none"}, "write either check, or in no_check why there is none"),
        ("segment", {"no_check": None}, "write either check, or in no_check why there is none"),
        ("slack", {"check.why_post": None}, "why_post says of a POST, and only of that"),
        ("openai", {"check.why_post": "reads"}, "why_post says of a POST, and only of that"),
        ("openai", {"check.headers": {}}, "it shows nothing, because no secret is sent"),
        ("openai", {"check.headers": {"X": "{OTHER_KEY}"}}, "OTHER_KEY is no variable of it"),
        ("gong", {"check.basic": ["a", "{OTHER_KEY}"]}, "OTHER_KEY is no variable of it"),
        ("linear", {"check.json": {"a": ["{OTHER_KEY}"]}}, "OTHER_KEY is no variable of it"),
        ("weaviate", {"egress": [{"variable": "WEAVIATE_API_KEY"}]}, "or a secret one"),
        ("weaviate", {"egress": [{"variable": "WEAVIATE_HOST"}]}, "no variable of it, or a secret"),
        ("openai", {"rotation.how": "manual", "rotation.automated": True}, "by hand is not auto"),
        (
            "direct",
            {"rotation": {"how": "api", "interval_days": 1, "automated": True}},
            "no secret",
        ),
        ("openai", {"not_verified": None}, "it says why variables was not verified"),
        ("weaviate", {"not_verified": "why"}, "variables, egress and check are all verified"),
        ("segment", {"verified": {"check": "https://a.example"}}, "verified: there is no check"),
    ],
)
def test_a_wrong_entry_is_named_with_what_is_wrong(
    id_: str, change: dict[str, Any], expected: str
) -> None:
    changed = document()
    for path, value in change.items():
        *outer, last = path.split(".")
        place = entry(changed, id_)
        for name in outer:
            place = place[name]
        if value is None:
            del place[last]
        else:
            place[last] = value

    assert any(each.startswith(f"{id_}: ") and expected in each for each in problems(changed))


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ({"name": "X_TOKEN", "secret": False}, "X_TOKEN: called like a secret, but not secret"),
        ({"name": "X", "shared_with": "opnai"}, "no such service; did you mean openai?"),
        ({"name": "X", "shared_with": "openai"}, "that service has no such variable of its own"),
    ],
)
def test_a_wrong_variable_is_named(variable: dict[str, Any], expected: str) -> None:
    changed = document()
    if "secret" in variable:
        variable = {"named_by": "here", "description": "a key", **variable}
    entry(changed, "slack")["variables"].append(variable)

    assert any(expected in each for each in problems(changed))


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
def test_a_shared_variable_is_described_by_its_owner(variable: str) -> None:
    shared = next(v for v in CATALOGUE.by_id["direct"].variables if v.name == variable)
    owner = CATALOGUE.by_id[shared.shared_with or ""]

    assert (shared.secret, shared.description) == next(
        (v.secret, v.description) for v in owner.own_variables if v.name == variable
    )


def test_sharing_twice_or_what_is_ones_own_is_refused() -> None:
    changed = document()
    shared = {"name": "OPENAI_API_KEY", "shared_with": "openai"}
    entry(changed, "direct")["variables"].append(shared)
    entry(changed, "openai")["variables"].append(shared)

    assert problems(changed) == (
        "openai: OPENAI_API_KEY: both its own and shared",
        "direct: OPENAI_API_KEY: shared more than once",
    )


def test_everything_that_is_wrong_in_form_is_said_at_once_with_its_place() -> None:
    changed = document()
    entry(changed, "openai")["egress"][0]["host"] = "https://api.openai.com"
    entry(changed, "anthropic")["rotation"]["interval_days"] = 0
    entry(changed, "huggingface")["colour"] = "yellow"

    host, interval, colour = problems(changed)

    assert host.startswith("integrations[0] (openai).egress[0].host: ")
    assert interval.startswith("integrations[1] (anthropic).rotation.interval_days: ")
    assert colour.startswith("integrations[2] (huggingface): ")
    assert "colour" in colour


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["integrations", "id", "categories"]), inner)
        ),
        max_leaves=9,
    )
)
def test_whatever_is_no_catalogue_is_refused_in_words(anything: Any) -> None:
    assert problems(anything)


def test_a_file_that_is_no_yaml_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.yaml"
    file.write_text("integrations: [")

    with pytest.raises(CatalogueError, match=r"catalogue\.yaml is no YAML"):
        load(file)


def test_every_call_of_a_check_sends_only_what_the_service_is_given() -> None:
    for integration in CATALOGUE.integrations:
        if integration.check:
            names = {each.name for each in integration.variables}
            assert rules.placeholders(integration.check) <= names
