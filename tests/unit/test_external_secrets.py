"""Secrets copied from Pulumi ESC: what is asked of External Secrets, and what consumers notice."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import settings
from components.n8n.environment import Environment
from components.n8n.main import Main
from components.n8n.webhook import Webhook
from components.n8n.worker import Worker
from components.postgres import Postgres
from components.redis import RedisCluster
from components.secrets import PlatformSecrets, operator
from tests.unit.mocks import Recorded, record

ESC: dict[str, Any] = {
    "secrets": {"source": "esc"},
    "esc": {"organization": "acme", "project": "n8n-platform", "environment": "sophia-ai-staging"},
}
EMAIL = {
    "to": "team@example.com",
    "sender": "alerts@example.com",
    "user": "alerts",
    "smarthost": "smtp.example.com:587",
}
GENERATED: dict[str, Any] = {"secrets": {"source": "generated"}}


def platform(values: Mapping[str, Any]) -> Recorded:
    """The secrets, the stores and the tiers of n8n."""
    stack = settings.parse(values)

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        environment = Environment(
            settings=stack,
            database=Postgres("postgres", settings=stack, secrets=secrets).connection,
            redis=RedisCluster("redis", settings=stack, secrets=secrets).connection,
            secrets=secrets,
        )
        for tier in (Main, Webhook, Worker):
            tier(tier.tier, settings=stack, environment=environment)

    return record(program)


def record_secrets(values: Mapping[str, Any]) -> Recorded:
    stack = settings.parse(values)
    return record(lambda: PlatformSecrets("secrets", settings=stack))


def external(recorded: Recorded) -> dict[str, Mapping[str, Any]]:
    """The specification of each ExternalSecret, by the name of the Secret that it makes."""
    return {
        each.inputs["spec"]["target"]["name"]: each.inputs["spec"]
        for each in recorded.of("ExternalSecret")
    }


def asked(value: Any) -> Iterator[tuple[str, str]]:
    """The keys of Secrets that a specification refers to, wherever in it."""
    if isinstance(value, list):
        for each in value:
            yield from asked(each)
    elif isinstance(value, Mapping):
        if "secretKeyRef" in value:
            yield value["secretKeyRef"]["name"], value["secretKeyRef"]["key"]
        if "sources" in value:
            for source in value["sources"]:
                for item in source["secret"]["items"]:
                    yield source["secret"]["name"], item["key"]
        if "secretName" in value:
            for item in value["items"]:
                yield value["secretName"], item["key"]
        for each in value.values():
            yield from asked(each)


def workloads(recorded: Recorded) -> dict[str, Any]:
    kinds = ("Deployment", "StatefulSet", "Job")
    return {each.name: each.inputs for kind in kinds for each in recorded.of(kind)}


def test_every_key_that_a_pod_asks_for_is_copied() -> None:
    recorded = platform(ESC)
    copied = {
        (name, each["secretKey"])
        for name, spec in external(recorded).items()
        for each in spec["data"]
    }
    wanted = set(asked(list(workloads(recorded).values())))
    assert len(wanted) >= 8
    assert wanted <= copied


def test_no_secret_value_is_in_the_program_at_all() -> None:
    recorded = platform(ESC)
    for kind in ("Secret", "RandomPassword", "PrivateKey"):
        assert recorded.of(kind) == []


def test_moving_a_stack_from_generated_secrets_to_esc_changes_no_workload() -> None:
    assert workloads(platform(ESC)) == workloads(platform(GENERATED))


def test_the_store_is_opened_by_a_service_account_of_the_cluster() -> None:
    recorded = platform(ESC)
    store = recorded.one("SecretStore")
    assert store["metadata"]["namespace"] == "n8n"
    pulumi = store["spec"]["provider"]["pulumi"]
    assert pulumi["auth"]["oidcConfig"]["serviceAccountRef"] == {"name": "pulumi-esc"}
    assert "accessToken" not in pulumi
    account = recorded.one("ServiceAccount", "pulumi-esc")
    assert account["automountServiceAccountToken"] is False


def test_the_operator_acts_as_the_stores_service_account_and_as_no_other() -> None:
    recorded = platform(ESC)
    assert operator.values("n8n")["rbac"]["serviceAccountTokenCreate"] is False
    [rule] = recorded.one("Role", "pulumi-esc")["rules"]
    assert (rule["resources"], rule["resourceNames"]) == (
        ["serviceaccounts/token"],
        ["pulumi-esc"],
    )
    bound = recorded.one("RoleBinding", "pulumi-esc")
    assert bound["metadata"]["namespace"] == "n8n"
    assert bound["subjects"] == [
        {"kind": "ServiceAccount", "name": "external-secrets", "namespace": "external-secrets"}
    ]


def test_an_operator_of_the_clusters_own_is_given_no_rights() -> None:
    recorded = record_secrets({**ESC, "esc": {**ESC["esc"], "operator": "installed"}})
    assert recorded.of("Role") == recorded.of("RoleBinding") == []


def test_a_long_lived_token_is_named_and_no_service_account_made() -> None:
    recorded = platform({**ESC, "esc": {**ESC["esc"], "authentication": "token"}})
    pulumi = recorded.one("SecretStore")["spec"]["provider"]["pulumi"]
    assert pulumi["accessToken"]["secretRef"] == {"name": "pulumi-access-token", "key": "token"}
    assert "auth" not in pulumi
    assert "pulumi-esc" not in [each.name for each in recorded.of("ServiceAccount")]


def test_the_encryption_key_is_copied_once_and_everything_else_again_and_again() -> None:
    specs = external(platform({**ESC, "esc": {**ESC["esc"], "refreshSeconds": 3600}}))
    key = specs.pop("n8n-encryption-key")
    # With another key, n8n can read none of the credentials that it has stored.
    assert key["refreshPolicy"] == "CreatedOnce"
    assert "refreshInterval" not in key
    for spec in specs.values():
        assert (spec["refreshPolicy"], spec["refreshInterval"]) == ("Periodic", "3600s")


def test_secrets_stay_when_esc_cannot_be_reached() -> None:
    for spec in external(platform(ESC)).values():
        assert spec["target"]["deletionPolicy"] == "Retain"


def test_whom_alerts_reach_is_copied_for_those_alone_who_are_told() -> None:
    monitoring = {"stack": "installed", "slack": {"channel": "#alerts"}, "heartbeat": {}}
    with_them, without = (
        external(record_secrets({**ESC, **areas})) for areas in ({"monitoring": monitoring}, {})
    )
    added = {
        name: {each["secretKey"]: each["remoteRef"]["key"] for each in spec["data"]}
        for name, spec in with_them.items()
        if name not in without
    }
    assert added == {
        "alertmanager-slack": {"url": "ALERTMANAGER_SLACK_URL"},
        "alertmanager-heartbeat": {"url": "ALERTMANAGER_HEARTBEAT_URL"},
    }


def test_a_receiver_of_a_stack_that_is_not_watched_needs_no_key() -> None:
    assert external(record_secrets({**ESC, "monitoring": {"pagerDuty": {}}})) == external(
        record_secrets(ESC)
    )


@pytest.mark.parametrize(
    ("monitoring", "key"),
    [
        ({"stack": "installed", "pagerDuty": {}}, "ALERTMANAGER_PAGERDUTY_ROUTING_KEY"),
        ({"stack": "installed", "email": EMAIL}, "ALERTMANAGER_EMAIL_PASSWORD"),
    ],
)
def test_a_key_of_a_receiver_that_is_not_defined_is_refused(
    monitoring: Mapping[str, Any], key: str
) -> None:
    with pytest.raises(settings.SettingsError, match=f"one that defines {key}"):
        settings.parse({**ESC, "monitoring": monitoring})


def test_of_a_managed_database_only_the_authority_is_copied() -> None:
    database = {"mode": "external", "host": "db.example.com"}
    stack = settings.parse({**ESC, "database": database})
    recorded = record(lambda: PlatformSecrets("secrets", settings=stack))
    spec = external(recorded)["database-tls"]
    assert [each["secretKey"] for each in spec["data"]] == ["ca.crt"]
    assert spec["target"]["template"]["type"] == "Opaque"


@pytest.mark.parametrize("key", ["organization", "project", "environment"])
def test_an_environment_that_is_not_named_is_refused(key: str) -> None:
    with pytest.raises(settings.SettingsError, match=f"esc.{key} is empty; allowed: the {key}"):
        settings.parse({**ESC, "esc": {**ESC["esc"], key: ""}})


@pytest.mark.parametrize(("scheme", "wanted"), [("https", True), ("http", False)])
def test_the_public_certificate_is_copied_where_callers_come_with_tls(
    scheme: str, wanted: bool
) -> None:
    hosts = {
        "editorUrl": f"{scheme}://n8n.example/",
        "webhookUrl": f"{scheme}://hooks.n8n.example/",
    }
    found = external(record_secrets({**ESC, "n8n": hosts})).get("n8n-gateway-tls")
    assert (found is not None) is wanted
    if found:
        # The Gateway takes no other kind of Secret.
        assert found["target"]["template"]["type"] == "kubernetes.io/tls"
        assert {each["secretKey"] for each in found["data"]} == {"tls.crt", "tls.key"}
