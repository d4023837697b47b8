"""Which integrations a stack chooses, and what follows from it."""

from collections.abc import Mapping
from typing import Any

import pytest

import settings
from components import named_egress
from components.network import egress_to_the_internet
from integrations import __main__ as command

ESC: dict[str, Any] = {
    "secrets": {"source": "esc"},
    "esc": {
        "organization": "acme",
        "project": "n8n-platform",
        "environment": "sophia-ai-production",
    },
}


def wrong(values: Mapping[str, Any]) -> str:
    with pytest.raises(settings.SettingsError) as error:
        settings.parse(values)
    return str(error.value)


def test_everything_that_is_wrong_with_a_choice_is_said_at_once() -> None:
    said = wrong({**ESC, "integrations": {"set": "minimal", "add": ["slak"], "remove": ["openai"]}})
    assert "integrations: add slak: no such integration; did you mean slack?" in said
    assert "integrations: remove openai: it is critical, nothing works without it" in said


def test_keys_of_outside_services_are_not_generated() -> None:
    said = wrong({"secrets": {"source": "generated"}, "integrations": {"set": "minimal"}})
    assert "integrations.set is minimal; allowed: none" in said


def test_an_environment_without_definition_is_refused() -> None:
    said = wrong({**ESC, "esc": {**ESC["esc"], "environment": "elsewhere"}})
    assert "there is no esc/n8n-platform/elsewhere.yaml" in said


def test_a_critical_service_without_its_key_is_refused() -> None:
    # What every environment imports defines no key of a service.
    esc = {**ESC["esc"], "environment": "base"}
    said = wrong({**ESC, "esc": esc, "integrations": {"set": "minimal"}})
    assert "openai is critical and OPENAI_API_KEY is not in esc/n8n-platform/base.yaml" in said


def test_by_address_pods_may_call_the_ports_of_the_chosen_services_too() -> None:
    stack = settings.parse({**ESC, "integrations": {"set": "none", "add": ["sendgrid"]}})
    (rule,) = egress_to_the_internet(stack)
    assert [each.port for each in rule.ports] == [443, 587]  # pyright: ignore


def test_by_name_pods_may_call_the_chosen_services_and_what_settings_name() -> None:
    stack = settings.parse(
        {
            **ESC,
            "platform": {"egress": "names", "publicHosts": ["api.partner.example"]},
            "integrations": {"set": "none", "add": ["slack", "sendgrid"]},
        }
    )
    assert egress_to_the_internet(stack) == []
    dns, *hosts = named_egress.specification(stack)["egress"]
    assert dns["toPorts"][0]["rules"] == {"dns": [{"matchPattern": "*"}]}
    allowed = {
        rule["toPorts"][0]["ports"][0]["port"]: [
            name for each in rule["toFQDNs"] for name in each.values()
        ]
        for rule in hosts
    }
    assert "api.partner.example" in allowed["443"]
    assert "slack.com" in allowed["443"]
    assert allowed["587"] == ["smtp.sendgrid.net"]
    assert not [name for name in allowed["443"] if "openai" in name]


def test_any_subdomain_is_any_depth_of_it_to_cilium() -> None:
    stack = settings.parse({"platform": {"egress": "names", "publicHosts": ["*.partner.example"]}})
    assert named_egress.specification(stack)["egress"][1]["toFQDNs"] == [
        {"matchPattern": "**.partner.example"}
    ]


def test_the_table_says_what_is_there_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = settings.parse({**ESC, "integrations": {"set": "full"}})
    monkeypatch.setattr(command, "load_file", lambda _: stack)
    assert command.main(["--stack", "any"]) == 0
    said = capsys.readouterr().out
    assert "Stack any: 52 services, 100 % configured" in said
    assert "Payments 100 %" in said


def test_a_stack_that_does_not_exist_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "stagin"]) == 1
    assert "there is no Pulumi.stagin.yaml; there are the stacks" in capsys.readouterr().out
