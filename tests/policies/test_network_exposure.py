"""Nobody outside reaches a data store, and no pod the cloud's metadata service."""

from typing import Any

import pytest

from policies.conditions import network_exposure
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated


def policy(**spec: Any) -> Resource:
    return resource(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        {"spec": {"podSelector": {"matchLabels": {"app": "store"}}, **spec}},
    )


def block(cidr: Any, *excepted: Any) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, "except": list(excepted)}}


def service(type_: Any, *ports: Any) -> Resource:
    spec = {"type": type_, "selector": {"app": "store"}, "ports": list(ports)}
    return resource("kubernetes:core/v1:Service", {"spec": spec})


def store(port: Any) -> Resource:
    """Pods with a port called `data`."""
    ports = [{"name": "http", "containerPort": 80}, {"name": "data", "containerPort": port}]
    container = {"name": "store", "ports": ports}
    return resource(
        "kubernetes:apps/v1:StatefulSet",
        {
            "spec": {
                "template": {
                    "metadata": {"labels": {"app": "store"}},
                    "spec": {"containers": [container]},
                }
            }
        },
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"to": [{"podSelector": {}}, {"namespaceSelector": {}}]},
        {"to": [block("10.0.0.0/8")]},
        {"to": [block("0.0.0.0/0", "10.0.0.0/8", "169.254.0.0/16")]},
        {"to": [block("::/0", "fd00::/8")]},
        {"to": [block("not-an-address")]},
        # A resolver of names under that address gives no credentials.
        {"ports": [{"port": 53, "protocol": "UDP"}]},
    ],
)
def test_the_metadata_service_is_out_of_reach(rule: dict[str, Any]) -> None:
    assert said(network_exposure.no_egress_to_metadata_service, policy(egress=[rule])) == []


IP_BLOCK = "spec.egress[0].to[0].ipBlock"


@pytest.mark.parametrize(
    ("rule", "found", "address", "fix"),
    [
        (
            {"to": [block("0.0.0.0/0", "10.0.0.0/8")], "ports": [{"port": 443}]},
            f"{IP_BLOCK} with 169.254.169.254 in it",
            "169.254.169.254",
            f"{IP_BLOCK}.except",
        ),
        (
            {"to": [block("::/0")]},
            f"{IP_BLOCK} with fd00:ec2::254 in it",
            "fd00:ec2::254",
            f"{IP_BLOCK}.except",
        ),
        (
            {"ports": [{"port": 443}]},
            "spec.egress[0].to not set, which is every address",
            "169.254.169.254",
            "spec.egress[0].to",
        ),
        (
            {"ports": [{"port": 53}, {"port": 80}]},
            "spec.egress[0].to not set, which is every address",
            "169.254.169.254",
            "spec.egress[0].to",
        ),
        (
            {"ports": [{"port": 53, "endPort": 80}]},
            "spec.egress[0].to not set, which is every address",
            "169.254.169.254",
            "spec.egress[0].to",
        ),
    ],
)
def test_a_rule_that_reaches_the_metadata_service_is_found(
    rule: dict[str, Any], found: str, address: str, fix: str
) -> None:
    condition = network_exposure.no_egress_to_metadata_service
    judged = policy(egress=[rule])

    assert said(condition, judged) == [
        violated(condition, judged, found=found, requires=f"no way to {address}", fix=fix)
    ]


@pytest.mark.parametrize(
    "rule",
    [{"to": [block("0.0.0.0/0", UNKNOWN)]}, {"to": [block("169.254.0.0/16", UNKNOWN)]}],
)
def test_unknown_exceptions_leave_the_metadata_service_undecided(rule: dict[str, Any]) -> None:
    condition = network_exposure.no_egress_to_metadata_service
    judged = policy(egress=[rule])

    assert said(condition, judged) == [
        pending(
            condition, judged, unknown=f"{IP_BLOCK}.except", requires="no way to 169.254.169.254"
        )
    ]


@pytest.mark.parametrize("egress", [UNKNOWN, [{"to": UNKNOWN}], [{"ports": [{"port": UNKNOWN}]}]])
def test_unknown_rules_are_no_findings(egress: Any) -> None:
    messages = said(network_exposure.no_egress_to_metadata_service, policy(egress=egress))

    assert messages
    assert all("undecided until up" in message for message in messages)


@pytest.mark.parametrize(
    "rule",
    [
        {"from": [{"podSelector": {}}], "ports": [{"port": 5432}]},
        {"from": [block("10.0.0.0/8")], "ports": [{"port": 5432}]},
        {"from": [block("0.0.0.0/0")], "ports": [{"port": 443}]},
        {"ports": [{"port": 8000, "endPort": 8999}]},
        {"ports": [{"port": "http"}]},
    ],
)
def test_data_ports_are_for_named_peers(rule: dict[str, Any]) -> None:
    condition = network_exposure.no_data_port_open_to_all

    assert said(condition, policy(ingress=[rule]), store(6379)) == []


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        ({"from": [block("0.0.0.0/0")], "ports": [{"port": 5432}]}, "[0].from[0].ipBlock.cidr"),
        ({"from": [block("::/0")], "ports": [{"port": 6379}]}, "[0].from[0].ipBlock.cidr"),
        ({"from": [block("0.0.0.0/1")]}, "[0].from[0].ipBlock.cidr"),
        ({"ports": [{"port": 27017}]}, "[0].from"),
        ({"ports": [{"port": 443}, {"port": 27017}]}, "[0].from"),
        ({"ports": [{"port": 6000, "endPort": 7000}]}, "[0].from"),
        ({"ports": [{"port": "data"}]}, "[0].from"),
        ({"ports": [{"protocol": "TCP"}]}, "[0].from"),
        ({}, "[0].from"),
    ],
)
def test_a_data_port_that_is_open_to_all_is_found(rule: dict[str, Any], fix: str) -> None:
    condition = network_exposure.no_data_port_open_to_all
    judged = policy(ingress=[rule])

    assert said(condition, judged, store(6379)) == [
        violated(
            condition,
            judged,
            found="spec.ingress[0], which opens a data store's port to every address",
            requires="peers that are named in its `from`",
            fix=f"spec.ingress{fix}",
        )
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {"ports": [{"port": UNKNOWN}]},
        {"from": [block(UNKNOWN)], "ports": [{"port": 5432}]},
        {"ports": [{"port": "data"}]},
    ],
)
def test_an_unknown_port_or_address_leaves_it_undecided(rule: dict[str, Any]) -> None:
    condition = network_exposure.no_data_port_open_to_all

    (message,) = said(condition, policy(ingress=[rule]), store(UNKNOWN))
    assert "undecided until up" in message


def test_a_data_service_stays_in_the_cluster() -> None:
    condition = network_exposure.no_data_service_outside_the_cluster
    named, numbered = {"port": 443, "targetPort": "data"}, {"port": 5432}

    for passing in (
        service("ClusterIP", numbered),
        service(None, numbered),
        service("LoadBalancer", {"port": 443, "targetPort": 8080}),
        service("LoadBalancer", {"port": 443}),
    ):
        assert said(condition, passing, store(6379)) == []
    for type_, port in (("LoadBalancer", numbered), ("NodePort", named)):
        failing = service(type_, {"port": 80}, port)
        assert said(condition, failing, store(6379)) == [
            violated(
                condition,
                failing,
                found="spec.type of a Service on a data store's port open to outside the cluster",
                requires="ClusterIP",
                fix="spec.type",
            )
        ]
    # A Service for other pods, or for none, says nothing about the name of a port in these.
    for selector in ({"app": "web"}, {}, None):
        other = resource(
            "kubernetes:core/v1:Service",
            {"spec": {"type": "NodePort", "selector": selector, "ports": [named]}},
        )
        assert said(condition, other, store(6379)) == []
    unclear = service(UNKNOWN, numbered)
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown="spec.type", requires="ClusterIP")
    ]
