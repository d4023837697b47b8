"""The namespace, the secrets and PostgreSQL: what everything else stands on."""

from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

import settings
from components.namespace import IsolatedNamespace
from components.postgres import Postgres
from components.postgres_configuration import configuration_file
from components.redis import RedisCluster
from components.secrets import PlatformSecrets
from settings.sizing import default_quota
from tests.unit.mocks import Recorded, record
from tests.unit.pod_security import violations

GENERATED: dict[str, Any] = {"secrets": {"source": "generated"}}


def namespace(values: dict[str, Any] | None = None) -> Recorded:
    stack = settings.parse(values or {})
    return record(
        lambda: IsolatedNamespace(
            "namespace",
            namespace="n8n",
            quota=stack.platform.quota or default_quota(stack),
            settings=stack,
        )
    )


def stores(values: dict[str, Any]) -> Recorded:
    stack = settings.parse(values)

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        Postgres("postgres", settings=stack, secrets=secrets)
        RedisCluster("redis", settings=stack, secrets=secrets)

    return record(program)


def test_a_pod_that_nobody_thought_of_may_talk_to_nobody() -> None:
    policy = namespace().one("NetworkPolicy", "deny-all")["spec"]
    assert policy["podSelector"] == {}
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert not policy.get("ingress")
    assert not policy.get("egress")


def test_every_pod_may_ask_dns_and_only_the_cluster_s() -> None:
    policy = namespace().one("NetworkPolicy", "allow-dns")["spec"]
    (rule,) = policy["egress"]
    (peer,) = rule["to"]
    assert peer["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
    assert peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] == "kube-system"
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {
        ("UDP", 53),
        ("TCP", 53),
    }


def test_pods_that_are_not_restricted_are_refused() -> None:
    labels = namespace().one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] != "latest"


def test_the_quota_follows_the_size_of_the_tiers() -> None:
    def memory(workers: int) -> float:
        values = {"worker": {"maxReplicas": workers}, "database": {"maxConnections": 2000}}
        quota = namespace(values).one("ResourceQuota")["spec"]["hard"]
        return float(parse_quantity(quota["limits.memory"]))

    # Twice each worker: during a rollout the old ones may still be finishing their executions.
    assert memory(21) - memory(20) == 2 * parse_quantity("2560Mi")


def test_existing_secrets_are_left_to_whoever_makes_them() -> None:
    recorded = stores({})
    assert recorded.of("Secret") == []
    assert recorded.of("RandomPassword") == []


def test_every_key_that_a_pod_asks_for_is_generated() -> None:
    recorded = stores(GENERATED)
    made = {
        (each.inputs["metadata"]["name"], key)
        for each in recorded.of("Secret")
        for key in each.inputs["data"]
    }
    asked: set[tuple[str, str]] = set()
    for workload in [*recorded.of("StatefulSet"), *recorded.of("Job")]:
        pod = workload.inputs["spec"]["template"]["spec"]
        for volume in pod["volumes"]:
            for item in volume.get("secret", {}).get("items", []):
                asked.add((volume["secret"]["secretName"], item["key"]))
            for source in volume.get("projected", {}).get("sources", []):
                # Passwords that Redis accepts beside the one that clients have may be missing.
                projected = source["secret"]
                if not projected.get("optional"):
                    asked |= {(projected["name"], item["key"]) for item in projected["items"]}
        for container in pod["containers"]:
            for variable in container["env"]:
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference:
                    asked.add((reference["name"], reference["key"]))
    assert len(asked) >= 8
    assert asked <= made


def test_the_certificates_name_every_host_that_clients_connect_to() -> None:
    stack = settings.parse(GENERATED)
    connected: dict[str, list[str]] = {}

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        redis = RedisCluster("redis", settings=stack, secrets=secrets).connection
        postgres = Postgres("postgres", settings=stack, secrets=secrets).connection
        connected["redis"] = [node.rpartition(":")[0] for node in redis.nodes]
        connected["postgres"] = [str(postgres.host)]

    requests = {each.name: each.inputs["dnsNames"] for each in record(program).of("CertRequest")}
    for server, hosts in connected.items():
        for host in hosts:
            wildcard = f"*.{host.partition('.')[2]}"
            assert {host, wildcard} & set(requests[server])


def test_postgres_lets_in_n8n_alone_and_only_with_tls() -> None:
    rules = [
        line.split()
        for line in stores(GENERATED)
        .one("ConfigMap", "postgres")["data"]["pg_hba.conf"]
        .splitlines()
        if line and not line.startswith("#")
    ]
    remote = [rule for rule in rules if rule[0] != "local"]
    assert [(rule[0], rule[1], rule[2]) for rule in remote] == [("hostssl", "n8n", "n8n")]
    assert all(rule[-1] == "scram-sha-256" for rule in rules)


def test_postgres_runs_restricted_and_restarts_when_its_configuration_changes() -> None:
    def template(connections: int) -> Any:
        recorded = stores({**GENERATED, "database": {"maxConnections": connections}})
        return recorded.one("StatefulSet", "postgres")["spec"]["template"]

    assert violations(template(400)["spec"]) == []
    assert template(400)["metadata"]["annotations"] != template(401)["metadata"]["annotations"]


def test_postgres_keeps_its_volume_whatever_happens_to_the_stateful_set() -> None:
    policy = stores(GENERATED).one("StatefulSet", "postgres")["spec"][
        "persistentVolumeClaimRetentionPolicy"
    ]
    assert policy == {"whenDeleted": "Retain", "whenScaled": "Retain"}


@pytest.mark.parametrize(("memory", "buffers"), [("1Gi", "256MB"), ("8Gi", "2048MB")])
def test_postgres_s_buffers_are_a_quarter_of_its_memory(memory: str, buffers: str) -> None:
    resources = {
        "cpuRequest": "1",
        "memoryRequest": memory,
        "cpuLimit": "2",
        "memoryLimit": memory,
    }
    database = settings.parse({"database": {"resources": resources}}).database
    assert f"shared_buffers = {buffers}" in configuration_file(database)
