"""What asks from outside: what it asks, whom it may reach, and who may have it ask."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from kubernetes.utils.quantity import parse_quantity

import settings
from components.monitoring import access
from components.monitoring.platform import PlatformMonitoring, expected
from components.redis import RedisCluster
from components.secrets import PlatformSecrets
from policies.resources.workloads import SINGLE_REPLICA
from settings import sizing
from tests.policies.platform import of_stack
from tests.unit.mocks import Recorded, record
from tests.unit.pod_security import violations

_HTTP = {"webhookUrl": "http://hooks.n8n.example/", "editorUrl": "http://n8n.example/"}
_LOCAL = {"webhookUrl": "https://hooks.n8n.localhost/", "editorUrl": "https://127.0.0.1/"}
_NO_TLS = {"redis": {"tls": False}}
_PROMETHEUS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
    "podSelector": {"matchLabels": dict(access.PROMETHEUS)},
}
_ASKING = {"podSelector": {"matchLabels": dict(access.PROBES)}}


def _settings(**areas: Mapping[str, Any]) -> settings.Settings:
    return settings.parse({"monitoring": {"stack": "installed"}, **areas})


def _recorded(**areas: Any) -> Recorded:
    return record(lambda: PlatformMonitoring("monitoring", settings=_settings(**areas)))


def _redis_policy(**areas: Any) -> Mapping[str, Any]:
    stack = settings.parse(areas)

    def cluster() -> RedisCluster:
        secrets = PlatformSecrets("secrets", settings=stack)
        return RedisCluster("redis", settings=stack, secrets=secrets)

    return record(cluster).one("NetworkPolicy")["spec"]


def _pod(resources: Recorded) -> Mapping[str, Any]:
    return resources.one("Deployment", "blackbox-exporter")["spec"]["template"]


def _targets(resources: Recorded) -> dict[str, list[str]]:
    """What is asked, by the name of the exporter's module."""
    specs = [each.inputs["spec"] for each in resources.of("Probe")]
    return {each["module"]: each["targets"]["staticConfig"]["static"] for each in specs}


def _ports(rule: Mapping[str, Any]) -> list[int]:
    return [port["port"] for port in rule["ports"]]


def test_each_node_of_redis_and_both_public_addresses_are_asked() -> None:
    assert _targets(_recorded()) == {
        "redis": [
            f"redis-{zone}-{number}.redis.n8n.svc.cluster.local:6379"
            for zone in "abc"
            for number in (0, 1)
        ],
        "webhooks": ["https://hooks.n8n.example/webhook/n8n-platform-probe"],
        "editor": ["https://n8n.example/healthz/readiness"],
    }


@pytest.mark.parametrize("addresses", [_HTTP, _LOCAL], ids=["http", "this machine"])
def test_an_address_without_a_certificate_or_of_the_machine_itself_is_not_asked(
    addresses: Mapping[str, str],
) -> None:
    resources = _recorded(n8n=addresses)
    assert set(_targets(resources)) == {"redis"}
    # And so nothing lets the exporter out of the cluster.
    (only,) = resources.one("NetworkPolicy")["spec"]["egress"]
    assert _ports(only) == [6379]


def test_while_the_platform_waits_its_public_addresses_are_not_its_own() -> None:
    objects = [each.read() for each in of_stack("production-standby")]
    probes = [each for each in objects if each.get("kind") == "Probe"]
    assert [each["spec"]["module"] for each in probes] == ["redis"]


def test_without_tls_redis_is_not_asked_and_lets_nobody_in_for_it() -> None:
    assert set(_targets(_recorded(**_NO_TLS))) == {"webhooks", "editor"}
    for areas in (_NO_TLS | {"monitoring": {"stack": "installed"}}, {}):
        assert _ASKING not in [
            peer for rule in _redis_policy(**areas)["ingress"] for peer in rule["from"]
        ]


def test_where_there_is_nothing_to_ask_nobody_asks() -> None:
    resources = _recorded(n8n=_HTTP, **_NO_TLS)
    assert resources.of("Probe") == []
    assert resources.of("Deployment") == []


def test_redis_lets_the_exporter_in_to_its_port_alone() -> None:
    rules = _redis_policy(monitoring={"stack": "installed"})["ingress"]
    opened = [_ports(rule) for rule in rules if _ASKING in rule["from"]]
    assert opened == [[6379]]


def test_the_exporter_knows_the_authority_and_no_key_or_password() -> None:
    template = _pod(_recorded())
    pod = template["spec"]
    assert violations(pod) == []
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "env" not in container
    secrets = [each["secret"] for each in pod["volumes"] if "secret" in each]
    assert [(each["secretName"], each["items"]) for each in secrets] == [
        ("redis-tls", [{"key": "ca.crt", "path": "ca.crt"}])
    ]
    # It follows another authority by itself, so that a rotation need not restart it.
    assert template["metadata"]["annotations"] == {"n8n-platform/rereads-secrets": "redis-tls"}


def test_that_there_is_one_exporter_is_said_with_its_reason() -> None:
    deployment = _recorded().one("Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["metadata"]["annotations"][SINGLE_REPLICA]


def test_only_prometheus_has_it_ask_and_it_reaches_only_what_it_asks() -> None:
    policy = _recorded().one("NetworkPolicy", "blackbox-exporter")["spec"]
    assert (
        policy["podSelector"]["matchLabels"].items()
        <= _pod(_recorded())["metadata"]["labels"].items()
    )
    (let_in,) = policy["ingress"]
    assert (let_in["from"], _ports(let_in)) == ([_PROMETHEUS], [9115])

    redis, public, gateway = policy["egress"]
    assert (_ports(redis), _ports(public), _ports(gateway)) == ([6379], [443], [443, 10443])
    (block,) = [peer["ipBlock"] for peer in public["to"]]
    assert {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(block["except"])
    (namespace,) = [peer["namespaceSelector"]["matchLabels"] for peer in gateway["to"]]
    assert namespace == {"kubernetes.io/metadata.name": "envoy-gateway-system"}


def test_a_way_in_with_a_private_address_is_reached_once_that_is_named() -> None:
    destinations = [
        {"cidr": "10.20.0.0/16", "port": 443},
        {"cidr": "10.30.0.0/16", "port": 5432},
    ]
    resources = _recorded(platform={"privateDestinations": destinations})
    *_, private = resources.one("NetworkPolicy")["spec"]["egress"]
    assert [peer["ipBlock"]["cidr"] for peer in private["to"]] == ["10.20.0.0/16"]
    assert _ports(private) == [443]


def test_each_probe_names_a_module_that_the_exporter_is_given() -> None:
    resources = _recorded()
    (volume,) = [each for each in _pod(resources)["spec"]["volumes"] if "configMap" in each]
    (text,) = resources.one("ConfigMap", volume["configMap"]["name"])["data"].values()
    assert set(yaml.safe_load(text)["modules"]) == set(_targets(resources))


def test_prometheus_finds_the_exporter_where_the_probes_say() -> None:
    objects = [each.read() for each in of_stack("staging", monitoring={"stack": "install"})]
    urls = {each["spec"]["prober"]["url"] for each in objects if each.get("kind") == "Probe"}
    (url,) = urls
    name, namespace = url.partition(":")[0].split(".")[:2]
    (service,) = [
        each["spec"]
        for each in objects
        if each.get("kind") == "Service"
        and (each["metadata"]["name"], each["metadata"]["namespace"]) == (name, namespace)
    ]
    (template,) = [
        each["spec"]["template"]
        for each in objects
        if service["selector"].items()
        <= each.get("spec", {}).get("template", {}).get("metadata", {}).get("labels", {}).items()
    ]
    (port,) = template["spec"]["containers"][0]["ports"]
    assert url.endswith(f":{service['ports'][0]['port']:.0f}")
    assert service["ports"][0]["targetPort"] == port["name"]
    let_out = [
        rule
        for each in objects
        if each.get("kind") == "NetworkPolicy"
        and each["spec"]["podSelector"].get("matchLabels") == dict(access.PROMETHEUS)
        for rule in each["spec"]["egress"]
        if port["containerPort"] in _ports(rule)
    ]
    assert let_out


def test_the_rules_expect_every_target() -> None:
    found = expected(_settings())
    assert {job: number for job, number in found.items() if job.startswith("probe-")} == {
        "probe-redis": 6,
        "probe-webhooks": 1,
        "probe-editor": 1,
    }


def test_dashboards_show_only_what_is_asked() -> None:
    def shown(**areas: Any) -> str:
        return str([each.inputs["data"] for each in _recorded(**areas).of("ConfigMap")])

    assert "probe_duration_seconds" in shown()
    assert "probe_duration_seconds" not in shown(n8n=_HTTP)
    assert "probe_ssl_earliest_cert_expiry" in shown(n8n=_HTTP)
    nothing = _recorded(n8n=_HTTP, **_NO_TLS).of("ConfigMap")
    dashboards = [each for each in nothing if "dashboard" in each.inputs["metadata"]["name"]]
    assert "probe_" not in str([each.inputs["data"] for each in dashboards])


def test_the_exporter_is_in_the_quota() -> None:
    def need(**areas: Any) -> sizing.Need:
        return sizing.peak_need(_settings(**areas))

    (container,) = _pod(_recorded())["spec"]["containers"]
    with_it, without = need(n8n=_HTTP), need(n8n=_HTTP, **_NO_TLS)
    assert with_it.pods - without.pods == 1
    limit = parse_quantity(container["resources"]["limits"]["memory"])
    assert with_it.memory_limits - without.memory_limits == limit
