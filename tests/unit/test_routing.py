"""What reaches the platform from outside, judged as the Gateway API says a route matches."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

import settings
from alerts.objectives import WEBHOOKS_AT_GATEWAY
from components.connections import SecretKey, external_database
from components.n8n.environment import Environment
from components.n8n.main import Main
from components.n8n.webhook import Webhook
from components.redis import RedisCluster
from components.routing import Routing
from components.secrets import PlatformSecrets
from tests.unit.mocks import Recorded, record

EDITOR, HOOKS = "n8n.example", "hooks.n8n.example"


def routing(scheme: str = "https", *, envoy_gateway: bool = True) -> Recorded:
    stack = settings.parse(
        {
            "n8n": {"editorUrl": f"{scheme}://{EDITOR}/", "webhookUrl": f"{scheme}://{HOOKS}/"},
            "routing": {"envoyGateway": envoy_gateway},
        }
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


def backend(recorded: Recorded, host: str, path: str, method: str = "GET") -> str | None:
    """The Service that answers a request; None where the Gateway itself does.

    Of the rules of a host a matching regular expression wins, then the longest matching prefix,
    which matches whole path elements only (Gateway API, HTTPPathMatch; Envoy Gateway's order).
    """
    rules = [
        (rank, rule)
        for route in recorded.of("HTTPRoute")
        if route.inputs["spec"].get("hostnames") == [host]
        for rule in route.inputs["spec"]["rules"]
        for match in rule["matches"]
        if match.get("method", method) == method
        and (rank := matched(match["path"], path)) is not None
    ]
    if not rules:
        return None
    _, chosen = max(rules, key=lambda each: each[0])
    return next((each["name"] for each in chosen.get("backendRefs", [])), None)


def matched(match: Mapping[str, str], path: str) -> tuple[bool, int] | None:
    """How well a match fits a path; None if it does not."""
    value = match["value"]
    if match["type"] == "RegularExpression":
        return (True, len(value)) if re.fullmatch(value, path) else None
    return (False, len(value)) if f"{path}/".startswith(f"{value.rstrip('/')}/") else None


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


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_a_webhook_can_be_called_with_each_method_that_n8n_knows(
    recorded: Recorded, method: str
) -> None:
    assert backend(recorded, HOOKS, "/webhook/a", method) == "n8n-webhook"


@pytest.mark.parametrize("method", ["PROPFIND", "TRACE", "FOO"])
def test_a_method_that_n8n_would_fail_at_reaches_no_pod(recorded: Recorded, method: str) -> None:
    assert backend(recorded, HOOKS, "/webhook/a", method) is None


def test_gateways_count_webhooks_under_the_name_that_rules_ask_for(recorded: Recorded) -> None:
    labels = WEBHOOKS_AT_GATEWAY.replace("$namespace", "n8n")
    [(route, number)] = re.findall(r'"httproute/n8n/([^/]+)/rule/(\d+)"', labels)
    spec = recorded.one("HTTPRoute", route)["spec"]
    (leading,) = [str(index) for index, rule in enumerate(spec["rules"]) if rule.get("backendRefs")]
    assert spec["hostnames"] == [HOOKS]
    assert leading == number


def test_a_route_has_no_more_matches_than_the_gateway_api_takes(recorded: Recorded) -> None:
    # HTTPRouteRule.matches and HTTPRouteSpec of the Gateway API's definition.
    for route in recorded.of("HTTPRoute"):
        counts = [len(rule.get("matches", ())) for rule in route.inputs["spec"]["rules"]]
        assert max(counts) <= 64
        assert sum(counts) <= 128


@pytest.mark.parametrize("path", ["/", "/rest/login", "/webhook-test/a", "/home/workflows"])
def test_the_editor_s_host_reaches_main(recorded: Recorded, path: str) -> None:
    assert backend(recorded, EDITOR, path) == "n8n-main"


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/METRICS", "/Metrics/x"])
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


def test_no_request_is_cut_off_while_its_workflow_runs(recorded: Recorded) -> None:
    for route in recorded.of("HTTPRoute"):
        for rule in route.inputs["spec"]["rules"]:
            if "backendRefs" in rule:
                assert rule["timeouts"]["request"] == "0s"


def test_only_requests_that_no_pod_has_received_are_repeated(recorded: Recorded) -> None:
    policy = recorded.one("BackendTrafficPolicy")["spec"]

    assert set(policy["retry"]["retryOn"]["triggers"]) == {
        "connect-failure",
        "reset-before-request",
    }


def test_another_implementation_of_the_gateway_api_gets_none_of_envoy_gateway_s_objects() -> None:
    assert not routing(envoy_gateway=False).of("BackendTrafficPolicy")
