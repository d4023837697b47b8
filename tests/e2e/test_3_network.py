"""Who may connect to whom: every tier against every target, from the pods' own networks.

A path counts as denied only if its target answers the same connection from a place that no policy
concerns: the target's own node or pod.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.e2e import outside, sockets
from tests.e2e.platform import Platform, Pod, name, node
from tests.e2e.results import Results
from tests.e2e.sockets import OPEN, Place, Target

_N8N = {"main", "webhook", "worker"}
_TIERS = ("main", "webhook", "worker", "redis", "postgres")
_GATEWAY = "gateway"
_STRANGER = "other namespace"
_SOURCES = (*_TIERS, _GATEWAY, _STRANGER)

_ALLOWED: dict[str, set[str]] = {
    "DNS": {*_TIERS, _GATEWAY, _STRANGER},
    "main 5678": {_GATEWAY},
    "webhook 5678": {_GATEWAY},
    "worker 5678": set(),
    "runner broker 5679": set(),
    "Redis 6379": {*_N8N, "redis"},
    "Redis bus 16379": {"redis"},
    "PostgreSQL 5432": _N8N,
    "other namespace 9153": {_GATEWAY, _STRANGER},
    "API server": {_GATEWAY, _STRANGER},
    "metadata 80": {_GATEWAY, _STRANGER},
    "internet 80": {_GATEWAY, _STRANGER},
    "internet 443": {*_N8N, _GATEWAY, _STRANGER},
}
"""Who is let through to what. The last two sources are outside the platform's namespace, where its
policies rule who comes in, but not who goes where."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A target, and a place from which it answers whatever the policies say.

    Attributes:
        address: IP address and port.
        control: that place.
        pod: name of the pod that it is, if it is one.
    """

    address: Target
    control: Place
    pod: str | None = None


@pytest.fixture(scope="module")
def networks(platform: Platform) -> dict[str, Place]:
    """The network of each node."""
    folder = platform.environment.directory / "nodes"
    return {name(each): sockets.of_node(folder / name(each)) for each in platform.objects("nodes")}


@pytest.fixture(scope="module")
def sources(platform: Platform) -> dict[str, Pod]:
    """A pod of each tier and two from other namespaces."""
    found = {tier: platform.ready(tier)[-1] for tier in _TIERS}
    found[_GATEWAY] = _elsewhere(platform, "envoy-gateway-system", "app.kubernetes.io/name=envoy")
    found[_STRANGER] = _elsewhere(platform, "kube-system", "k8s-app=kube-dns")
    return found


@pytest.fixture(scope="module")
def aims(platform: Platform, networks: dict[str, Place]) -> Iterator[dict[str, Aim]]:
    """Every target by its name."""
    # The first pod of each tier; sources are the last ones.
    pods = {tier: platform.ready(tier)[0] for tier in _TIERS}
    dns = _elsewhere(platform, "kube-system", "k8s-app=kube-dns")
    some_node = networks[node(dns)]

    def aim(pod: Pod, port: int) -> Aim:
        return Aim(address=(_ip(pod), port), control=networks[node(pod)], pod=name(pod))

    broker = Aim(
        address=("127.0.0.1", 5679),
        control=sockets.of_pod(pods["worker"]["metadata"]["uid"]),
        pod=name(pods["worker"]),
    )
    with ExitStack() as stack:
        stack.enter_context(outside.outside(networks))
        yield {
            "DNS": Aim(
                address=(_service(platform, "kube-system", "kube-dns"), 53), control=some_node
            ),
            "main 5678": aim(pods["main"], 5678),
            "webhook 5678": aim(pods["webhook"], 5678),
            "worker 5678": aim(pods["worker"], 5678),
            "runner broker 5679": broker,
            "Redis 6379": aim(pods["redis"], 6379),
            "Redis bus 16379": aim(pods["redis"], 16379),
            "PostgreSQL 5432": aim(pods["postgres"], 5432),
            "other namespace 9153": aim(dns, 9153),
            "API server": Aim(
                address=(_service(platform, "default", "kubernetes"), 443), control=some_node
            ),
            "metadata 80": Aim(address=(outside.METADATA, 80), control=some_node),
            "internet 80": Aim(address=(outside.INTERNET, 80), control=some_node),
            "internet 443": Aim(address=(outside.INTERNET, 443), control=some_node),
        }


def test_every_target_answers_where_no_policy_applies(aims: dict[str, Aim]) -> None:
    found = {what: aim.control.reach([aim.address])[0] for what, aim in aims.items()}
    assert found == dict.fromkeys(aims, OPEN)


@pytest.mark.parametrize("source", _SOURCES)
def test_only_allowed_connections_are_made_from(
    source: str, sources: dict[str, Pod], aims: dict[str, Aim], results: Results
) -> None:
    pod = sources[source]
    place = sockets.of_pod(pod["metadata"]["uid"])
    # What a pod says to itself passes no policy.
    others = {what: aim for what, aim in aims.items() if aim.pod != name(pod)}
    targets = [_seen_from_outside(what, aim, aims) for what, aim in others.items()]

    found = dict(zip(others, place.reach(targets), strict=True))

    passed = {what for what, outcome in found.items() if outcome == OPEN}
    assert passed == {what for what in others if source in _ALLOWED[what]}, json.dumps(found)
    denied = sorted(set(found.values()) - {OPEN})
    results.add(
        f"network: from {source}",
        f"allowed to {', '.join(sorted(passed))}; {len(found) - len(passed)} others denied "
        f"({', '.join(denied) or 'none'})",
    )


def _seen_from_outside(what: str, aim: Aim, aims: dict[str, Aim]) -> Target:
    """The broker listens on its pod's loopback; others would look for it at the pod's address."""
    if what == "runner broker 5679":
        return (aims["worker 5678"].address[0], aim.address[1])
    return aim.address


def _elsewhere(platform: Platform, namespace: str, selector: str) -> Pod:
    """The first running pod of another namespace."""
    return platform.objects(
        "pods",
        *("--namespace", namespace, "--selector", selector),
        *("--field-selector", "status.phase=Running"),
    )[0]


def _service(platform: Platform, namespace: str, service: str) -> str:
    found = platform.kubectl("get", "service", service, "--namespace", namespace, "-o", "json")
    return json.loads(found)["spec"]["clusterIP"]


def _ip(pod: Pod) -> str:
    return pod["status"]["podIP"]
