"""The shape of the Redis Cluster: where its pods go, what protects them, what they are given."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

from components.redis import RedisCluster, configuration, topology
from components.redis.configuration import Directories
from components.secrets import PlatformSecrets
from settings.data import RedisSettings
from settings.model import Settings
from settings.sizing import REDIS_NODES, peak_need
from tests.unit.mocks import Recorded, Resource, record
from tests.unit.pod_security import violations

_ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
_EXTERNAL = {"mode": "external", "host": "db.example.com"}
_WATCHED = {"monitoring": {"stack": "installed"}}


def _recorded(**areas: Mapping[str, Any]) -> Recorded:
    settings = Settings.model_validate({"platform": {"zones": _ZONES}, **areas})
    return record(
        lambda: RedisCluster(
            "redis", settings=settings, secrets=PlatformSecrets("secrets", settings=settings)
        )
    )


def _pod_specs(recorded: Recorded) -> list[Mapping[str, Any]]:
    workloads = [*recorded.of("StatefulSet"), *recorded.of("Job")]
    return [workload.inputs["spec"]["template"]["spec"] for workload in workloads]


def test_no_zone_holds_two_masters_and_no_replica_is_beside_its_master() -> None:
    zones = topology.zones(_ZONES)
    zone_of = {pod: zone.name for zone in zones for pod in zone.pods}
    shards = topology.shards(zones)
    assert {zone_of[shard.master] for shard in shards} == set(_ZONES)
    assert {zone_of[shard.replica] for shard in shards} == set(_ZONES)
    assert all(zone_of[shard.master] != zone_of[shard.replica] for shard in shards)


def test_every_slot_is_in_exactly_one_shard() -> None:
    shards = topology.shards(topology.zones(_ZONES))
    slots = [slot for shard in shards for slot in range(shard.slots[0], shard.slots[1] + 1)]
    assert slots == list(range(16384))


def test_each_zone_has_a_set_of_two_that_cannot_leave_it() -> None:
    found = {}
    for stateful_set in _recorded().of("StatefulSet"):
        spec = stateful_set.inputs["spec"]
        [term] = spec["template"]["spec"]["affinity"]["nodeAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]["nodeSelectorTerms"]
        [rule] = term["matchExpressions"]
        assert rule["key"] == "topology.kubernetes.io/zone"
        found[stateful_set.inputs["metadata"]["name"]] = (spec["replicas"], rule["values"])
    assert found == {
        "redis-a": (2, ["eu-central-1a"]),
        "redis-b": (2, ["eu-central-1b"]),
        "redis-c": (2, ["eu-central-1c"]),
    }


def test_one_budget_lets_one_of_all_six_nodes_be_evicted() -> None:
    recorded = _recorded()
    budget = recorded.one("PodDisruptionBudget")["spec"]
    chosen = budget["selector"]["matchLabels"].items()
    templates = [each.inputs["spec"]["template"] for each in recorded.of("StatefulSet")]
    assert len(templates) == 3
    assert all(chosen <= template["metadata"]["labels"].items() for template in templates)
    job = recorded.one("Job")["spec"]["template"]["metadata"]["labels"]
    assert not chosen <= job.items(), "the bootstrap's pod must not count as a node"
    assert budget["maxUnavailable"] == 1


def test_every_address_that_n8n_gets_is_a_pod_of_the_headless_service() -> None:
    connections = []
    settings = Settings()
    recorded = record(
        lambda: connections.append(
            RedisCluster(
                "redis", settings=settings, secrets=PlatformSecrets("secrets", settings=settings)
            ).connection
        )
    )
    service = recorded.one("Service")
    pods = {
        f"{each.inputs['metadata']['name']}-{number}"
        for each in recorded.of("StatefulSet")
        for number in range(int(each.inputs["spec"]["replicas"]))
    }
    suffix = f"{service['metadata']['name']}.n8n.svc.cluster.local:6379"
    assert set(connections[0].nodes) == {f"{pod}.{suffix}" for pod in pods}
    assert service["spec"]["clusterIP"] == "None"
    # Without this a node that restarts is not found by those that it needs to become ready.
    assert service["spec"]["publishNotReadyAddresses"] is True


def test_only_n8n_and_redis_itself_get_in_and_only_redis_reaches_the_bus() -> None:
    policy = _recorded().one("NetworkPolicy")["spec"]
    let_in = {
        (rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"], port["port"])
        for rule in policy["ingress"]
        for port in rule["ports"]
    }
    assert let_in == {("n8n", 6379), ("redis", 6379), ("redis", 16379)}
    assert all("namespaceSelector" not in rule["from"][0] for rule in policy["ingress"])
    [out] = policy["egress"]
    assert out["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "redis"


def test_nothing_knows_of_an_exporter_where_nothing_is_watched() -> None:
    # The scripts too: where one changes, every node is restarted.
    known = json.dumps([each.inputs for each in _recorded()])
    assert not [word for word in ("exporter", "EXPORTER", "9121", "watched") if word in known]


def _exporters(recorded: Recorded) -> list[Mapping[str, Any]]:
    return [
        container
        for spec in _pod_specs(recorded)
        for container in spec["containers"]
        if container["name"] == "exporter"
    ]


def test_no_exporter_decides_whether_its_node_is_in_service() -> None:
    exporters = _exporters(_recorded(**_WATCHED))
    assert len(exporters) == len(_ZONES), "one in the pods of each set, none in the bootstrap's"
    for exporter in exporters:
        assert "readinessProbe" not in exporter
        assert "startupProbe" not in exporter
        # Not /metrics, which takes as long as Redis takes to answer.
        assert exporter["livenessProbe"]["httpGet"]["path"] == "/"


def test_an_exporter_sees_its_password_and_the_authority_and_nothing_else_of_its_node() -> None:
    recorded = _recorded(**_WATCHED)
    for stateful_set in recorded.of("StatefulSet"):
        spec = stateful_set.inputs["spec"]["template"]["spec"]
        assert violations(spec) == []
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        redis, keeper, exporter = (
            {mount["name"]: mount for mount in container["volumeMounts"]}
            for container in spec["containers"]
        )
        shared, authority = exporter
        assert set(exporter) & set(redis) == {shared}
        assert not set(exporter) & set(keeper)
        assert volumes[shared]["emptyDir"]["medium"] == "Memory"
        assert [item["key"] for item in volumes[authority]["secret"]["items"]] == ["ca.crt"]
        assert all(mount["readOnly"] for mount in exporter.values())


def test_the_exporters_name_their_own_node_as_its_certificate_does() -> None:
    for tls, scheme in ((True, "rediss"), (False, "redis")):
        for exporter in _exporters(_recorded(**_WATCHED, redis={"tls": tls})):
            address = f"{scheme}://$(POD_NAME).redis.n8n.svc.cluster.local:6379"
            assert f"--redis.addr={address}" in exporter["args"]
            [name] = [each for each in exporter["env"] if each["name"] == "POD_NAME"]
            assert name["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
            assert any("ca-cert" in each for each in exporter["args"]) is tls


def test_prometheus_alone_is_let_in_to_the_exporters() -> None:
    rules = _recorded(**_WATCHED).one("NetworkPolicy")["spec"]["ingress"]
    [rule] = [rule for rule in rules if {"protocol": "TCP", "port": 9121} in rule["ports"]]
    [peer] = rule["from"]
    assert peer["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus"}
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}
    assert len(rule["ports"]) == 1


def test_the_exporters_are_in_the_quota() -> None:
    without, with_them = (
        peak_need(Settings.model_validate({"database": _EXTERNAL, **areas}))
        for areas in ({}, _WATCHED)
    )
    [limits] = {
        json.dumps(each["resources"]["limits"]) for each in _exporters(_recorded(**_WATCHED))
    }
    memory = parse_quantity(json.loads(limits)["memory"])
    # And the one that asks all nodes from outside, which is as large.
    assert with_them.memory_limits - without.memory_limits == (REDIS_NODES + 1) * memory


def test_no_pod_has_a_password_in_its_environment_or_a_right_to_the_cluster() -> None:
    for spec in _pod_specs(_recorded()):
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            # A variable keeps its value until the pod ends; a password may change before.
            assert not [each for each in container["env"] if "secretKeyRef" in str(each)]
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_nodes_start_without_the_passwords_of_a_rotation_but_not_without_the_others() -> None:
    for stateful_set in _recorded().of("StatefulSet"):
        assert _passwords(stateful_set) == {
            "password": False,
            "cluster-password": False,
            "next-password": True,
            "previous-password": True,
            "next-cluster-password": True,
            "previous-cluster-password": True,
        }


def test_the_bootstrap_is_given_the_nodes_own_password_only() -> None:
    [job] = _recorded().of("Job")
    assert _passwords(job) == {"cluster-password": False}


def _passwords(workload: Resource) -> dict[str, bool]:
    """Keys of the passwords that the pods of a workload see, and whether each may be missing."""
    spec = workload.inputs["spec"]["template"]["spec"]
    [volume] = [each for each in spec["volumes"] if "projected" in each]
    for container in spec["containers"]:
        # Not a file of it: the kubelet would never renew that.
        [mount] = [each for each in container["volumeMounts"] if each["name"] == volume["name"]]
        assert "subPath" not in mount
    sources = [source["secret"] for source in volume["projected"]["sources"]]
    assert {source["name"] for source in sources} == {"redis-auth"}
    return {
        item["key"]: source.get("optional", False) for source in sources for item in source["items"]
    }


def test_a_changed_configuration_restarts_the_pods_and_runs_the_bootstrap_again() -> None:
    def mounted(recorded: Recorded) -> set[str]:
        return {
            volume["configMap"]["name"]
            for spec in _pod_specs(recorded)
            for volume in spec["volumes"]
            if "configMap" in volume
        }

    before, after = _recorded(), _recorded(redis={"nodeTimeoutMilliseconds": 6000})
    assert mounted(before) == {before.one("ConfigMap")["metadata"]["name"]}
    assert mounted(after) == {after.one("ConfigMap")["metadata"]["name"]}
    assert mounted(before) != mounted(after)


def test_without_tls_no_certificate_is_asked_for() -> None:
    for spec in _pod_specs(_recorded(redis={"tls": False})):
        assert not [volume for volume in spec["volumes"] if "secret" in volume]


@pytest.mark.parametrize("tls", [True, False])
def test_redis_listens_either_with_tls_or_without(tls: bool) -> None:
    lines = configuration.redis_conf(RedisSettings(tls=tls), Directories()).splitlines()
    assert ("tls-port 6379" in lines) is tls
    assert ("port 6379" in lines) is not tls


def test_redis_refuses_writes_below_its_memory_limit_instead_of_being_killed() -> None:
    lines = configuration.redis_conf(RedisSettings(max_memory="256Mi"), Directories()).splitlines()
    assert f"maxmemory {256 * 2**20}" in lines
    assert "maxmemory-policy noeviction" in lines
