"""What a stack gets when it names a set, adds and removes."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.catalogue import load, parse
from integrations.model import Consumer, SetName
from integrations.selection import SelectionError, select
from policies.conditions.processors import egress_goes_to_registered_processors
from tests.integrations.documents import IDS, document, entry
from tests.policies.judging import DEFAULTS, resource, said

CATALOGUE = load()
sets = st.sampled_from(list(SetName))
some = st.sets(st.sampled_from([each for each in IDS if each not in ("openai", "direct")]))
# `direct` shares keys of openai and anthropic, so it stays out where anthropic may be removed.
NEEDED = {"anthropic"}


def wrong(of_set: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
    with pytest.raises(SelectionError) as error:
        select(of_set, add=add, remove=remove)
    assert all(problem in str(error.value) for problem in error.value.problems)
    return error.value.problems


def ids(of_set: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> list[str]:
    return [each.id for each in select(of_set, add=add, remove=remove).integrations]


def test_the_sets_are_those_of_the_report() -> None:
    assert ids("minimal") == ["openai"]
    assert ids("standard") == ["openai", "portkey", "pinecone", "hubspot", "gong", "slack"]
    assert ids("full") == IDS


@given(sets, some, some)
def test_a_stack_has_its_set_and_what_it_adds_without_what_it_removes(
    of_set: SetName, add: set[str], remove: set[str]
) -> None:
    remove = remove - add - NEEDED
    chosen = ids(of_set, add=sorted(add), remove=sorted(remove))

    assert set(chosen) == (set(ids(of_set)) | add) - remove
    assert chosen == [each for each in IDS if each in chosen]
    assert chosen == ids(of_set, add=sorted(add, reverse=True), remove=sorted(remove, reverse=True))


@given(some)
def test_a_larger_set_has_whatever_a_smaller_one_has(add: set[str]) -> None:
    minimal, standard, full = (set(ids(each, add=sorted(add))) for each in SetName)

    assert minimal <= standard <= full
    assert {"openai"} <= minimal


@given(sets, some)
def test_every_variable_is_asked_for_once(of_set: SetName, add: set[str]) -> None:
    selection = select(of_set, add=add)
    names = [each.name for each in selection.keys]

    assert len(names) == len(set(names))
    assert set(names) == {v.name for each in selection.integrations for v in each.variables}
    assert [each.name for each in selection.required_keys] == ["OPENAI_API_KEY"]
    assert {each.name for each in selection.optional_keys} == set(names) - {"OPENAI_API_KEY"}


@given(sets, some, st.sampled_from(Consumer))
def test_a_consumer_gets_the_keys_and_ways_out_of_its_services_only(
    of_set: SetName, add: set[str], consumer: Consumer
) -> None:
    selection = select(of_set, add=add)
    own = [each for each in selection.integrations if consumer in each.consumed_by]

    assert {each.name for each in selection.keys_of(consumer)} == {
        variable.name for each in own for variable in each.variables
    }
    shared = {"openai", "anthropic"} if "direct" in [each.id for each in own] else set()
    assert set(selection.destinations(consumer)) == {
        egress
        for each in CATALOGUE.integrations
        if each in own or each.id in shared
        for egress in each.egress
    }


def test_who_shares_a_key_reads_it_and_goes_where_it_is_for() -> None:
    changed = document()
    entry(changed, "direct")["consumed_by"] = ["webhook"]
    selection = select("full", catalogue=parse(changed))

    assert [each.name for each in selection.keys_of(Consumer.WEBHOOK)] == [
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "SENTRY_DSN",
    ]
    hosts = selection.processor_hosts(Consumer.WEBHOOK)
    assert "api.openai.com" in hosts
    assert "api.anthropic.com" in hosts
    assert "api.pinecone.io" not in hosts


@given(sets, some)
def test_everybody_who_is_sent_something_is_in_the_register(of_set: SetName, add: set[str]) -> None:
    selection = select(of_set, add=add)
    register = selection.processors

    assert [each.name for each in register] == sorted(
        {each.processor for each in selection.integrations if each.processor}, key=str.casefold
    )
    for integration in selection.integrations:
        if not integration.data:
            continue
        line = next(each for each in register if integration in each.integrations)
        assert set(integration.data) <= set(line.data)
        assert set(integration.regions.where) <= set(line.regions)
        assert set(integration.egress) <= set(line.egress)
        assert line.personal or not CATALOGUE.is_sent_personal_data(integration)


@given(sets, some)
def test_a_policy_made_of_a_selection_is_clean_with_its_register_only(
    of_set: SetName, add: set[str]
) -> None:
    hosts = select(of_set, add=add).processor_hosts()
    rules = [{"matchPattern" if host.startswith("*.") else "matchName": host} for host in hosts]
    policy = resource(
        "kubernetes:cilium.io/v2:CiliumNetworkPolicy", {"spec": {"egress": [{"toFQDNs": rules}]}}
    )

    def violations(register: tuple[str, ...]) -> int:
        parameters = replace(DEFAULTS, processors=register)
        return len(said(egress_goes_to_registered_processors, policy, parameters=parameters))

    assert violations(hosts) == 0
    assert violations(()) == len(hosts)


def test_what_only_the_stack_knows_is_asked_for() -> None:
    selection = select("minimal", add=["weaviate", "looker"])

    assert selection.hosts_named_by() == ("LOOKERSDK_BASE_URL", "WEAVIATE_URL")
    assert selection.hosts_named_by(Consumer.GATEWAY) == ()


def test_services_of_one_company_are_one_line_of_the_register() -> None:
    selection = select("minimal", add=["twilio", "sendgrid", "segment"])
    line = next(each for each in selection.processors if each.name == "Twilio Inc.")

    assert [each.id for each in line.integrations] == ["twilio", "sendgrid", "segment"]
    assert line.data == ("contact-data", "conversations", "behaviour")
    assert [str(each) for each in line.egress][2] == "smtp.sendgrid.net:587"


def test_a_company_that_is_sent_no_personal_data_is_told_apart() -> None:
    selection = select("minimal", add=["docker-hub"])

    assert {each.name: each.personal for each in selection.processors} == {
        "Docker, Inc.": False,
        "OpenAI OpCo, LLC": True,
    }


def test_one_service_with_personal_data_is_enough_for_its_company() -> None:
    changed = document()
    entry(changed, "costar")["processor"] = "Yardi Systems, Inc."
    line = select("full", catalogue=parse(changed)).processors[-2]

    assert [each.id for each in line.integrations] == ["yardi", "costar"]
    assert line.personal


def test_a_place_without_a_port_is_reached_by_https() -> None:
    first, *_ = select("minimal").destinations()

    assert (first.host, first.port) == ("api.openai.com", 443)


def test_a_wrong_choice_is_refused_with_everything_that_is_wrong() -> None:
    assert wrong("standart", add=["stripes", "slack"], remove=["gogn", "slack", "openai"]) == (
        "set standart: no such set; did you mean standard?",
        "add stripes: no such integration; did you mean stripe?",
        "remove gogn: no such integration; did you mean gong?",
        "slack: both added and removed",
        "remove openai: it is critical, nothing works without it",
    )


@given(st.text(max_size=12).filter(lambda name: name not in IDS))
def test_an_unknown_service_is_never_passed_over(name: str) -> None:
    (added,), (removed,) = wrong("full", add=[name]), wrong("full", remove=[name])

    assert added.startswith(f"add {name}: no such integration")
    assert removed.startswith(f"remove {name}: no such integration")


def test_a_service_that_shares_a_key_needs_its_owner() -> None:
    assert wrong("full", remove=["anthropic"]) == (
        "direct: needs ANTHROPIC_API_KEY of anthropic; add anthropic, or remove direct",
    )
    assert wrong("minimal", add=["direct"]) == (
        "direct: needs ANTHROPIC_API_KEY of anthropic; add anthropic, or remove direct",
    )
    assert "direct" not in ids("full", remove=["anthropic", "direct"])
