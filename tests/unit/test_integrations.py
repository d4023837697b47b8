"""Which integrations a stack chooses, and what follows from it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pytest

import settings
from components import named_egress
from components.connections import external_database
from components.n8n.credentials import Credentials
from components.n8n.environment import Environment
from components.n8n.main import Main
from components.n8n.webhook import Webhook
from components.n8n.worker import Worker
from components.network import egress_to_the_internet
from components.redis import RedisCluster
from components.secrets import PlatformSecrets
from components.secrets.integrations import fills_credentials
from integrations import __main__ as command
from tests.unit.mocks import Recorded, record

ESC: dict[str, Any] = {
    "secrets": {"source": "esc"},
    "esc": {
        "organization": "acme",
        "project": "n8n-platform",
        "environment": "sophia-ai-staging",
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


def test_keys_without_which_nothing_works_must_be_defined() -> None:
    # What every environment imports defines no key of a service.
    esc = {**ESC["esc"], "environment": "base"}
    said = wrong({**ESC, "esc": esc, "integrations": {"set": "minimal"}})
    assert "defines OPENAI_API_KEY, which openai, which is critical, needs" in said
    assert "defines REDIS_PASSWORD, which the platform needs; write it into" in said


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
    stack = settings.parse({**ESC, "integrations": {"set": "standard", "add": ["stripe"]}})
    monkeypatch.setattr(command, "load_file", lambda _: stack)
    assert command.main(["--stack", "any"]) == 0
    said = capsys.readouterr().out
    assert "Stack any: 7 services, 85 % configured (6 configured, 1 optional)" in said
    assert "Communication 100 %" in said
    assert "Payments 0 %" in said
    assert "STRIPE_SECRET_KEY" in said


def test_the_summary_names_keys_that_are_due_and_those_without_a_day(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "rotated.yaml"
    days = {"OPENAI_API_KEY": "2024-01-01", "DATABASE_PASSWORD": datetime.now(UTC).date()}
    lines = [f"  {key}: {day}\n" for key, day in days.items()]
    file.write_text("".join(["n8n-platform/sophia-ai-staging:\n", *lines]))
    monkeypatch.setattr("esc.rotated.record.FILE", str(file))
    for chosen in ("minimal", "none"):
        stack = settings.parse({**ESC, "integrations": {"set": chosen}})
        monkeypatch.setattr(command, "load_file", lambda _, stack=stack: stack)
        assert command.main(["--stack", "any"]) == 0
    minimal, none = capsys.readouterr().out.split("Stack any uses no outside service")
    assert "1 of 6 keys are due to be replaced" in minimal
    assert "OPENAI_API_KEY (since 2024-03-31)" in minimal
    assert "4 of 6 keys have no day" in minimal
    assert "due to be replaced" not in none
    for said in (minimal, none):
        assert "REDIS_PASSWORD" in said
        assert "DATABASE_PASSWORD" not in said


def test_a_stack_that_does_not_exist_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "stagin"]) == 1
    assert "there is no Pulumi.stagin.yaml; there are the stacks" in capsys.readouterr().out


def platform(values: Mapping[str, Any]) -> Recorded:
    """The secrets, the credentials and the tiers of n8n."""
    stack = settings.parse(values)

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        environment = Environment(
            settings=stack,
            database=external_database(
                stack.database, secrets.database_password, secrets.database_authority
            ),
            redis=RedisCluster("redis", settings=stack, secrets=secrets).connection,
            secrets=secrets,
            credentials=Credentials("credentials", settings=stack),
        )
        for tier in (Main, Webhook, Worker):
            tier(tier.tier, settings=stack, environment=environment)

    return record(program)


def external_secret(recorded: Recorded, name: str) -> Mapping[str, Any]:
    (found,) = [
        each.inputs["spec"]
        for each in recorded.of("ExternalSecret")
        if each.inputs["spec"]["target"]["name"] == name
    ]
    return found


def n8n_container(recorded: Recorded, tier: str) -> Mapping[str, Any]:
    deployment = recorded.one("Deployment", f"n8n-{tier}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container


PRODUCTION = {
    **ESC,
    "esc": {**ESC["esc"], "environment": "sophia-ai-production"},
    "database": {"mode": "external", "host": "db.example.com"},
}
SLACK: dict[str, Any] = {**PRODUCTION, "integrations": {"add": ["slack", "replicate"]}}


def test_n8n_is_given_the_keys_of_the_chosen_services_as_one_file() -> None:
    spec = external_secret(platform(SLACK), "n8n-credentials")
    copied = {each["secretKey"]: each["remoteRef"]["key"] for each in spec["data"]}
    assert copied == {
        "SLACK_BOT_TOKEN": "SLACK_BOT_TOKEN",
        "REPLICATE_API_TOKEN": "REPLICATE_API_TOKEN",
    }
    template = spec["target"]["template"]
    assert template["engineVersion"] == "v2"
    assert '"accessToken": {{ .SLACK_BOT_TOKEN | toJson }}' in template["data"]["overwrites.json"]


def test_a_file_without_keys_is_made_all_the_same() -> None:
    """With the gateway's address alone in it; the operator makes no Secret of no key."""
    spec = external_secret(
        platform(
            {
                **PRODUCTION,
                "integrations": {"add": ["openai", "anthropic"]},
                "ai": {"gateway": "sidecar", "routerImage": "registry.example/ai-router:1.0.0"},
            }
        ),
        "n8n-credentials",
    )
    assert spec["data"]
    assert json.loads(spec["target"]["template"]["data"]["overwrites.json"]) == {
        "openAiApi": {
            "apiKey": "ai-gateway",
            "url": "http://127.0.0.2:8787/v1",
            "allowedHttpRequestDomains": "none",
        }
    }


def test_services_that_n8n_has_no_credential_for_need_no_file() -> None:
    stack = settings.parse({**PRODUCTION, "integrations": {"add": ["yardi"]}})
    assert not fills_credentials(stack)
    recorded = record(lambda: PlatformSecrets("secrets", settings=stack))
    made = [each.inputs["spec"]["target"]["name"] for each in recorded.of("ExternalSecret")]
    assert "n8n-credentials" not in made


@pytest.mark.parametrize(("tier", "given"), [("main", True), ("worker", True), ("webhook", False)])
def test_only_tiers_that_use_credentials_are_given_them(tier: str, given: bool) -> None:
    recorded = platform(SLACK)
    container = n8n_container(recorded, tier)
    variables = {each["name"]: each.get("value") for each in container["env"]}
    file = variables.get("CREDENTIALS_OVERWRITE_DATA_FILE", "")
    mounted = [str(each["mountPath"]) for each in container["volumeMounts"]]
    assert any(file.startswith(f"{path}/") for path in mounted) is given
    assert (variables.get("N8N_CUSTOM_EXTENSIONS") in mounted) is given
    reload = recorded.one("Deployment", f"n8n-{tier}")["metadata"]["annotations"].get(
        "secret.reloader.stakater.com/reload", ""
    )
    assert ("n8n-credentials" in reload.split(",")) is given


def test_a_service_without_its_key_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    recorded = platform({**ESC, "integrations": {"set": "standard", "add": ["stripe"]}})
    spec = external_secret(recorded, "n8n-credentials")
    assert "STRIPE_SECRET_KEY" not in [each["secretKey"] for each in spec["data"]]
    assert [each for each in said if "Stripe" in each and "STRIPE_SECRET_KEY" in each]


def test_the_gateway_is_given_the_keys_of_its_providers_alone() -> None:
    recorded = platform(
        {
            **PRODUCTION,
            "integrations": {"set": "full"},
            "ai": {"gateway": "sidecar", "routerImage": "registry.example/ai-router:1.0.0"},
        }
    )
    spec = external_secret(recorded, "ai-gateway-keys")
    assert sorted(each["secretKey"] for each in spec["data"]) == [
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
    ]
