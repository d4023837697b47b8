"""What reaches the platform from outside, judged as the Gateway API says a route matches."""

from collections.abc import Mapping
from typing import Any

import pytest

import settings
from components.connections import SecretKey, external_database
from components.n8n.environment import Environment
from components.n8n.main import Main
from components.n8n.webhook import Webhook
from components.redis import RedisCluster
from components.routing import Routing
from components.secrets import PlatformSecrets
from tests.unit.mocks import Recorded, record

EDITOR, HOOKS = "n8n.example", "hooks.n8n.example"


def routing(scheme: str = "https") -> Recorded:
    stack = settings.parse(
        {"n8n": {"editorUrl": f"{scheme}://{EDITOR}/", "webhookUrl": f"{scheme}://{HOOKS}/"}}
    )

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        reference = SecretKey(name="database", key="password")
        environment = Environment(
            settings=stack,
            database=external_database(stack.database, reference, reference),
            redis=RedisCluster("redis", settings=stack, secrets=secrets).connection,
            secrets=secrets,
        )
        main = Main("main", settings=stack, environment=environment)
        webhook = Webhook("webhook", settings=stack, environment=environment)
        Routing("routing", settings=stack, main=main, webhook=webhook)

    return record(program)


def backend(recorded: Recorded, host: str, path: str) -> str | None:
    """The Service that answers a request; None where the Gateway itself does.

    Of the rules of a host the one with the longest matching prefix wins, and a prefix matches
    whole path elements only (Gateway API, HTTPPathMatch).
    """
    rules = [
        (match["path"]["value"], rule)
        for route in recorded.of("HTTPRoute")
        if route.inputs["spec"].get("hostnames") == [host]
        for rule in route.inputs["spec"]["rules"]
        for match in rule["matches"]
        if f"{path}/".startswith(f"{match['path']['value'].rstrip('/')}/")
    ]
    if not rules:
        return None
    _, chosen = max(rules, key=lambda each: len(each[0]))
    return next((each["name"] for each in chosen.get("backendRefs", [])), None)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return routing()


@pytest.mark.parametrize("path", ["/webhook/a", "/webhook-waiting/1", "/form/x", "/mcp/tool"])
def test_public_paths_reach_webhook_pods(recorded: Recorded, path: str) -> None:
    assert backend(recorded, HOOKS, path) == "n8n-webhook"


@pytest.mark.parametrize(
    "path",
    ["/", "/rest/login", "/metrics", "/webhook-test/a", "/form-test/a", "/mcp-test/a", "/healthz"],
)
def test_nothing_else_reaches_a_pod_through_the_public_host(recorded: Recorded, path: str) -> None:
    assert backend(recorded, HOOKS, path) is None


@pytest.mark.parametrize("path", ["/", "/rest/login", "/webhook-test/a", "/home/workflows"])
def test_the_editor_s_host_reaches_main(recorded: Recorded, path: str) -> None:
    assert backend(recorded, EDITOR, path) == "n8n-main"


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
def test_metrics_are_on_no_host(recorded: Recorded, path: str) -> None:
    assert backend(recorded, EDITOR, path) is None


def listeners(recorded: Recorded) -> dict[str, Mapping[str, Any]]:
    return {each["name"]: each for each in recorded.one("Gateway")["spec"]["listeners"]}


def test_with_https_both_hosts_end_tls_and_plain_http_is_led_there(recorded: Recorded) -> None:
    found = listeners(recorded)
    for name in ("webhooks", "editor"):
        assert found[name]["protocol"] == "HTTPS"
        assert found[name]["tls"]["certificateRefs"]
    (redirect,) = [
        route.inputs["spec"]
        for route in recorded.of("HTTPRoute")
        if route.inputs["spec"]["parentRefs"][0]["sectionName"] == "redirect"
    ]
    assert redirect["rules"][0]["filters"][0]["requestRedirect"]["scheme"] == "https"
    assert found["redirect"]["protocol"] == "HTTP"


def test_every_route_belongs_to_a_listener_of_the_gateway() -> None:
    for scheme in ("http", "https"):
        recorded = routing(scheme)
        names = set(listeners(recorded))
        for route in recorded.of("HTTPRoute"):
            assert route.inputs["spec"]["parentRefs"][0]["sectionName"] in names
