"""A breach of personal data is noticed, and told to those who must report it."""

import base64
from typing import Any

import pytest

from policies.conditions import breach
from policies.resources.resource import STACK, Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.n8n_pods import n8n

THE_STACK = resource(STACK)


def rules(labels: Any) -> Resource:
    rule = {"alert": "ManyFailedLogins", "labels": labels}
    return resource(
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
        {"spec": {"groups": [{"rules": [rule]}]}},
    )


def test_what_may_be_a_breach_raises_an_alert() -> None:
    condition = breach.breaches_are_noticed
    place = "spec.groups[*].rules[*].labels.gdpr"

    assert said(condition, THE_STACK) == []
    assert said(condition, THE_STACK, n8n(), rules({"gdpr": "breach"})) == []
    assert said(condition, THE_STACK, n8n(), rules({"gdpr": "no"})) == [
        f"[SOC2 P6] {STACK} 'example': found no alert with gdpr: breach; requires one in a "
        f"PrometheusRule, as personal data is stored. Fix: {place}. "
        "Exception: policies/exceptions.yaml, condition breaches-are-noticed, "
        "with owner and expiry."
    ]
    assert said(condition, THE_STACK, n8n(), rules(UNKNOWN)) == [
        f"[SOC2 P6] {STACK} 'example': undecided until up, as {place} is not known at preview; "
        "will require one in a PrometheusRule, as personal data is stored."
    ]


def operators(matcher: Any, receiver: Any = "officer") -> Resource:
    """Alertmanager's configuration as a resource of the Prometheus Operator."""
    route = {"receiver": "team", "routes": [{"matchers": [matcher], "receiver": receiver}]}
    receivers = [
        {"name": "team", "slackConfigs": [{"channel": "team"}]},
        {"name": "officer", "emailConfigs": [{"to": "officer"}]},
        {"name": "nobody"},
    ]
    return resource(
        "kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig",
        {"spec": {"route": route, "receivers": receivers}},
    )


FILE = """
route:
  receiver: team
  routes:
    - {match}
receivers:
  - name: team
    slack_configs: [{{channel: team}}]
"""


def secret(match: str, holder: str = "stringData") -> Resource:
    """Alertmanager's configuration as a file in a Secret."""
    file = FILE.format(match=match)
    content = file if holder == "stringData" else base64.b64encode(file.encode()).decode()
    return resource("kubernetes:core/v1:Secret", {holder: {"alertmanager.yaml": content}})


BREACH = {"name": "gdpr", "value": "breach", "matchType": "="}


@pytest.mark.parametrize(
    "configuration",
    [
        operators(BREACH),
        operators({"name": "gdpr", "value": "breach", "regex": True}),
        operators(BREACH, receiver=None),
        secret("{matchers: ['gdpr=\"breach\"']}"),
        secret("{matchers: [severity=critical, gdpr = breach]}", holder="data"),
        secret("{match: {gdpr: breach}}"),
        resource(
            "kubernetes:core/v1:ConfigMap",
            {
                "metadata": {"name": "alertmanager-main"},
                "data": {"main.yaml": FILE.format(match="{match: {gdpr: breach}}")},
            },
        ),
    ],
)
def test_a_route_of_its_own_tells_of_a_breach(configuration: Resource) -> None:
    assert said(breach.breaches_are_told, THE_STACK, n8n(), configuration) == []


@pytest.mark.parametrize(
    "others",
    [
        [],
        [operators({**BREACH, "value": "other"})],
        [operators({**BREACH, "matchType": "!="})],
        [operators(BREACH, receiver="nobody")],
        [operators(BREACH, receiver="missing")],
        [secret("{matchers: ['severity=\"critical\"']}")],
        [secret("&again {routes: [*again]}")],
        [secret("{unbalanced")],
    ],
)
def test_a_route_for_something_else_or_to_nobody_is_none(others: list[Resource]) -> None:
    assert said(breach.breaches_are_told, THE_STACK, n8n(), *others) == [
        f"[SOC2 P6] {STACK} 'example': found no route for gdpr: breach to a receiver; requires one "
        "in Alertmanager's configuration, as personal data is stored. "
        "Fix: spec.route.routes[*].matchers. Exception: policies/exceptions.yaml, "
        "condition breaches-are-told, with owner and expiry."
    ]


@pytest.mark.parametrize(
    "configuration",
    [
        operators(UNKNOWN),
        operators(BREACH, receiver=UNKNOWN),
        resource("kubernetes:core/v1:Secret", {"stringData": {"alertmanager.yaml": UNKNOWN}}),
    ],
)
def test_a_route_that_is_not_known_leaves_it_undecided(configuration: Resource) -> None:
    assert said(breach.breaches_are_told, THE_STACK, n8n(), configuration) == [
        f"[SOC2 P6] {STACK} 'example': undecided until up, as spec.route.routes[*].matchers is not "
        "known at preview; will require one in Alertmanager's configuration, as personal data is "
        "stored."
    ]


def test_a_stack_without_personal_data_needs_no_route() -> None:
    assert said(breach.breaches_are_told, THE_STACK, rules({})) == []
