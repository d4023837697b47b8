"""Who n8n's pods may talk to, judged as a network plugin would judge it."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from tests.unit.conftest import TIERS, record_tiers
from tests.unit.mocks import Recorded

METADATA_SERVICE = "169.254.169.254"
EXTERNAL = {"database": {"mode": "external", "host": "db.example.com"}}


def policy(resources: Recorded, tier: str) -> Mapping[str, Any]:
    return resources.one("NetworkPolicy", f"n8n-{tier}")["spec"]


def may_call(spec: Mapping[str, Any], address: str, port: int) -> bool:
    """Whether pods under this policy may open a connection to an address outside the cluster."""
    return any(
        any(each["port"] == port for each in rule["ports"])
        and any(_covers(peer.get("ipBlock"), IPv4Address(address)) for peer in rule["to"])
        for rule in spec["egress"]
    )


def _covers(block: Mapping[str, Any] | None, address: IPv4Address) -> bool:
    if block is None:
        return False
    return address in IPv4Network(block["cidr"]) and not any(
        address in IPv4Network(hole) for hole in block.get("except", [])
    )


def pods_called(spec: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Name and port of the neighbours that pods under this policy may connect to."""
    return {
        (peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"], int(port["port"]))
        for rule in spec["egress"]
        for peer in rule["to"]
        for port in rule["ports"]
        if "podSelector" in peer
    }


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("values", [{}, EXTERNAL], ids=["in-cluster", "external"])
@pytest.mark.parametrize("port", [80, 443, 5432])
def test_no_pod_reaches_the_metadata_service(values: dict[str, Any], tier: str, port: int) -> None:
    assert not may_call(policy(record_tiers(values), tier), METADATA_SERVICE, port)


@pytest.mark.parametrize("tier", TIERS)
def test_workflows_reach_the_internet_and_nothing_private(n8n: Recorded, tier: str) -> None:
    spec = policy(n8n, tier)
    assert may_call(spec, "203.0.114.7", 443)
    for private in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "100.64.3.4", "127.0.0.1"):
        assert not may_call(spec, private, 443), private


@pytest.mark.parametrize("tier", TIERS)
def test_pods_reach_redis_and_postgresql_and_no_other_neighbour(n8n: Recorded, tier: str) -> None:
    assert pods_called(policy(n8n, tier)) == {("redis", 6379), ("postgres", 5432)}


@pytest.mark.parametrize("tier", TIERS)
def test_an_external_database_is_reached_at_its_port_in_the_private_network(tier: str) -> None:
    spec = policy(record_tiers(EXTERNAL), tier)
    assert may_call(spec, "10.40.0.9", 5432)
    assert not may_call(spec, "10.40.0.9", 443)
    assert not may_call(spec, "203.0.114.7", 5432)
    assert pods_called(spec) == {("redis", 6379)}


@pytest.mark.parametrize("tier", TIERS)
def test_a_private_destination_is_open_at_its_port_alone(tier: str) -> None:
    named = {"platform": {"privateDestinations": [{"cidr": "10.20.0.0/16", "port": 1433}]}}
    spec = policy(record_tiers(named), tier)
    assert may_call(spec, "10.20.3.4", 1433)
    assert not may_call(spec, "10.20.3.4", 443)
    assert not may_call(spec, "10.21.3.4", 1433)


@pytest.mark.parametrize("tier", ["main", "webhook"])
def test_only_the_gateway_connects_to_main_and_webhook(tier: str) -> None:
    resources = record_tiers({"routing": {"gatewayNamespace": "way-in"}})
    (rule,) = policy(resources, tier)["ingress"]
    (peer,) = rule["from"]
    assert peer == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "way-in"}}}
    assert [each["port"] for each in rule["ports"]] == [5678]


def test_nobody_connects_to_a_worker(n8n: Recorded) -> None:
    spec = policy(n8n, "worker")
    assert "Ingress" in spec["policyTypes"]
    assert not spec.get("ingress")


@pytest.mark.parametrize("tier", TIERS)
def test_a_policy_covers_its_tiers_pods_in_both_directions(n8n: Recorded, tier: str) -> None:
    spec = policy(n8n, tier)
    deployment = n8n.one("Deployment", f"n8n-{tier}")["spec"]
    assert spec["podSelector"] == deployment["selector"]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}


def test_keda_reaches_redis_only_where_it_scales_by_the_queue(n8n: Recorded) -> None:
    scaled = record_tiers({"worker": {"autoscaling": "queue"}})
    spec = scaled.one("NetworkPolicy", "n8n-worker-autoscaler")["spec"]
    assert spec["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "redis"
    (rule,) = spec["ingress"]
    assert [each["port"] for each in rule["ports"]] == [6379]
    assert len(n8n.of("NetworkPolicy")) == len(TIERS)
