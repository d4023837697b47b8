"""What n8n's processes are told: the same thing, safely, in words that n8n still listens to."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest

from tests.unit.conftest import TIERS, record_tiers
from tests.unit.mocks import Recorded

OWN = {
    "DB_POSTGRESDB_POOL_SIZE",
    "EXTERNAL_HOOK_FILES",
    "N8N_GRACEFUL_SHUTDOWN_TIMEOUT",
    "N8N_METRICS_INCLUDE_QUEUE_METRICS",
    "N8N_METRICS_INCLUDE_WEBHOOK_METRICS",
    "N8N_RUNNERS_AUTH_TOKEN",
    "QUEUE_HEALTH_CHECK_ACTIVE",
    "QUEUE_HEALTH_CHECK_PORT",
}
"""Variables in which the tiers may differ."""

REMOVED = {
    "EXECUTIONS_DATA_PRUNE_TIMEOUT",
    "EXECUTIONS_PROCESS",
    "N8N_AVAILABLE_BINARY_DATA_MODES",
    "N8N_BINARY_DATA_STORAGE_PATH",
    "N8N_BINARY_DATA_TTL",
    "N8N_CONFIG_FILES",
    "N8N_DB_PING_TIMEOUT",
    "N8N_EXPRESSION_EVALUATOR",
    "N8N_EXPRESSION_REPORT_DIFFERENCE",
    "N8N_OUTBOUND_PROXY_MODE",
    "N8N_PERSISTED_BINARY_DATA_TTL",
    "N8N_RUNNERS_ENABLED",
    "N8N_SKIP_WEBHOOK_DEREGISTRATION_SHUTDOWN",
    "N8N_WORKFLOW_TAGS_DISABLED",
    "QUEUE_WORKER_TIMEOUT",
    "WEBHOOK_URL",
}
"""Variables about which n8n 2.40 warns when they are set (its deprecation.service)."""

DEFAULT_CHANGES = {
    "N8N_COMPRESSION_NODE_MAX_DECOMPRESSED_SIZE_BYTES",
    "N8N_COMPRESSION_NODE_MAX_ZIP_ENTRIES",
    "N8N_RUNNERS_TASK_TIMEOUT",
    "N8N_UNVERIFIED_PACKAGES_ENABLED",
}
"""Variables about which n8n 2.40 warns when they are not set."""


def container(resources: Recorded, tier: str) -> Mapping[str, Any]:
    return resources.one("Deployment", f"n8n-{tier}")["spec"]["template"]["spec"]["containers"][0]


def environment(resources: Recorded, tier: str) -> dict[str, Any]:
    """The variables of a tier; for one from a Secret, its reference."""
    env = container(resources, tier)["env"]
    names = [variable["name"] for variable in env]
    assert len(names) == len(set(names)), "server-side apply refuses a variable that is there twice"
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in env}


def deprecations(env: Mapping[str, Any]) -> Iterator[str]:
    """What n8n 2.40 would warn about at its start."""
    yield from env.keys() & REMOVED
    yield from DEFAULT_CHANGES - env.keys()
    for name, good in (
        ("OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS", "true"),
        ("N8N_RUNNERS_MODE", "external"),
    ):
        if env.get(name) != good:
            yield name
    if env.get("N8N_DEFAULT_BINARY_DATA_MODE") == "default":
        yield "N8N_DEFAULT_BINARY_DATA_MODE"
    ranges = env.get("N8N_SSRF_BLOCKED_IP_RANGES", "default").split(",")
    if env.get("N8N_SSRF_PROTECTION_ENABLED") == "true" and "default" in ranges:
        yield "N8N_SSRF_BLOCKED_IP_RANGES"


@pytest.mark.parametrize("tier", TIERS)
def test_n8n_has_nothing_to_warn_about_at_its_start(n8n: Recorded, tier: str) -> None:
    assert list(deprecations(environment(n8n, tier))) == []


def test_all_tiers_are_told_the_same(n8n: Recorded) -> None:
    shared = [
        {name: value for name, value in environment(n8n, tier).items() if name not in OWN}
        for tier in TIERS
    ]
    assert shared[0] == shared[1] == shared[2]
    assert {"N8N_ENCRYPTION_KEY", "EXECUTIONS_MODE", "N8N_WEBHOOK_URL"} <= shared[0].keys()


@pytest.mark.parametrize("tier", TIERS)
def test_n8n_runs_as_a_queue_whose_main_takes_no_production_webhook(
    n8n: Recorded, tier: str
) -> None:
    env = environment(n8n, tier)
    assert env["EXECUTIONS_MODE"] == "queue"
    assert env["N8N_DISABLE_PRODUCTION_MAIN_PROCESS"] == "true"
    # It would win over the option on the worker's command line.
    assert "N8N_CONCURRENCY_PRODUCTION_LIMIT" not in env


@pytest.mark.parametrize("tier", TIERS)
def test_every_file_that_a_variable_names_is_there(n8n: Recorded, tier: str) -> None:
    specification = n8n.one("Deployment", f"n8n-{tier}")["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in specification["volumes"]}
    present = {
        PurePosixPath(mount["mountPath"]) / item["path"]
        for mount in specification["containers"][0]["volumeMounts"]
        for item in volumes[mount["name"]].get("secret", {}).get("items", [])
    }
    named = {
        PurePosixPath(value)
        for name, value in environment(n8n, tier).items()
        if name.endswith("_FILE") or name == "NODE_EXTRA_CA_CERTS"
    }
    assert len(named) == 2
    assert named <= present


@pytest.mark.parametrize("tier", TIERS)
def test_postgresql_must_prove_who_it_is(n8n: Recorded, tier: str) -> None:
    env = environment(n8n, tier)
    assert env["DB_POSTGRESDB_SSL_ENABLED"] == "true"
    assert env["DB_POSTGRESDB_SSL_REJECT_UNAUTHORIZED"] == "true"
    assert env["DB_POSTGRESDB_SSL_CA_FILE"] == "/etc/n8n/database/ca.crt"


@pytest.mark.parametrize("tier", TIERS)
def test_redis_must_prove_who_it_is(n8n: Recorded, tier: str) -> None:
    env = environment(n8n, tier)
    assert env["QUEUE_BULL_REDIS_TLS"] == "true"
    assert env["QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE"] == "true"
    assert env["NODE_EXTRA_CA_CERTS"] == "/etc/n8n/redis/ca.crt"
    # Resolved to an address first, a node's certificate would never match.
    assert env["QUEUE_BULL_REDIS_DNS_LOOKUP_STRATEGY"] == "NONE"


def test_redis_without_tls_is_not_asked_for_a_certificate() -> None:
    resources = record_tiers(redis_tls=False)
    for tier in TIERS:
        assert not environment(resources, tier).keys() & {
            "QUEUE_BULL_REDIS_TLS",
            "NODE_EXTRA_CA_CERTS",
        }


def test_n8n_knows_every_node_of_the_cluster(n8n: Recorded) -> None:
    nodes = environment(n8n, "worker")["QUEUE_BULL_REDIS_CLUSTER_NODES"].split(",")
    assert len(nodes) == 6
    assert all(node.endswith(":6379") for node in nodes)


def test_people_can_log_in_over_plain_http_where_the_editor_has_no_certificate() -> None:
    local = {
        "n8n": {
            "webhookUrl": "http://hooks.n8n.localhost:8080/",
            "editorUrl": "http://n8n.localhost:8080/",
        }
    }
    assert environment(record_tiers(local), "main")["N8N_SECURE_COOKIE"] == "false"


def test_over_https_the_cookie_of_a_session_is_never_sent_in_the_clear(n8n: Recorded) -> None:
    assert environment(n8n, "main")["N8N_SECURE_COOKIE"] == "true"


@pytest.mark.parametrize(("kept", "saved"), [(True, "all"), (False, "none")])
def test_data_of_successful_executions_is_kept_only_on_request(kept: bool, saved: str) -> None:
    resources = record_tiers({"n8n": {"saveSuccessfulExecutions": kept}})
    assert environment(resources, "worker")["EXECUTIONS_DATA_SAVE_ON_SUCCESS"] == saved


@pytest.mark.parametrize("tier", TIERS)
def test_everything_that_is_kept_ends_some_day(n8n: Recorded, tier: str) -> None:
    env = environment(n8n, tier)
    assert env["EXECUTIONS_DATA_PRUNE"] == "true"
    for name in (
        "EXECUTIONS_DATA_MAX_AGE",
        "EXECUTIONS_DATA_PRUNE_MAX_COUNT",
        "N8N_WORKFLOW_HISTORY_PRUNE_TIME",
    ):
        assert int(env[name]) > 0, f"{name}: 0 or less means for ever"


@pytest.mark.parametrize("tier", TIERS)
def test_workflows_can_call_private_addresses_that_settings_name_and_no_others(tier: str) -> None:
    named = [{"cidr": "10.20.0.0/16", "port": 5432}]
    resources = record_tiers({"platform": {"privateDestinations": named}})
    env = environment(resources, tier)
    assert env["N8N_SSRF_ALLOWED_IP_RANGES"] == "10.20.0.0/16"
    assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(env["N8N_SSRF_BLOCKED_IP_RANGES"].split(","))
    assert "N8N_SSRF_ALLOWED_IP_RANGES" not in environment(record_tiers(), tier)


@pytest.mark.parametrize(
    ("tier", "key"), [("main", "main"), ("webhook", "webhook"), ("worker", "worker")]
)
def test_each_tier_opens_as_many_database_connections_as_it_was_given(tier: str, key: str) -> None:
    resources = record_tiers({key: {"databaseConnections": 4}})
    counts = {each: environment(resources, each)["DB_POSTGRESDB_POOL_SIZE"] for each in TIERS}
    assert counts == {each: "4" if each == tier else "6" for each in TIERS}
