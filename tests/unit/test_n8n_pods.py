"""The pods of n8n: what they may do, how they start and how they end."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.conftest import SCALED_TIERS, TIERS, record_tiers
from tests.unit.mocks import Recorded
from tests.unit.pod_security import containers_of, violations


def pod(resources: Recorded, tier: str) -> Mapping[str, Any]:
    return resources.one("Deployment", f"n8n-{tier}")["spec"]["template"]["spec"]


def container(specification: Mapping[str, Any], name: str = "n8n") -> Mapping[str, Any]:
    (found,) = (each for each in containers_of(specification) if each["name"] == name)
    return found


def variables(each: Mapping[str, Any]) -> dict[str, str | None]:
    return {variable["name"]: variable.get("value") for variable in each["env"]}


def secrets_in(each: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Variables that come from a Secret: its name and key."""
    references = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]
        for variable in each["env"]
        if "valueFrom" in variable
    }
    return {name: (found["name"], found["key"]) for name, found in references.items()}


@pytest.mark.parametrize("tier", TIERS)
def test_pod_security_restricted_admits_every_pod(n8n: Recorded, tier: str) -> None:
    assert violations(pod(n8n, tier)) == []


def _privileged(specification: dict[str, Any]) -> None:
    specification["containers"][0]["securityContext"]["privileged"] = True


def _root(specification: dict[str, Any]) -> None:
    del specification["containers"][0]["securityContext"]["runAsNonRoot"]
    del specification["securityContext"]["runAsNonRoot"]


def _capable_sidecar(specification: dict[str, Any]) -> None:
    specification["initContainers"][0]["securityContext"]["capabilities"]["drop"] = ["CHOWN"]


def _host_path(specification: dict[str, Any]) -> None:
    specification["volumes"].append({"name": "node", "hostPath": {"path": "/"}})


@pytest.mark.parametrize("weaken", [_privileged, _root, _capable_sidecar, _host_path])
def test_the_check_of_pod_security_finds_a_weakened_pod(
    n8n: Recorded, weaken: Callable[[dict[str, Any]], None]
) -> None:
    weakened = copy.deepcopy(dict(pod(n8n, "worker")))
    weaken(weakened)
    assert len(violations(weakened)) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_no_container_writes_outside_its_own_temporary_volumes(n8n: Recorded, tier: str) -> None:
    specification = pod(n8n, tier)
    temporary = {each["name"] for each in specification["volumes"] if "emptyDir" in each}
    for each in containers_of(specification):
        assert each["securityContext"]["readOnlyRootFilesystem"] is True
        writable = {mount["name"] for mount in each["volumeMounts"] if not mount.get("readOnly")}
        assert writable <= temporary


@pytest.mark.parametrize("tier", TIERS)
def test_n8n_can_write_where_it_must(n8n: Recorded, tier: str) -> None:
    mounts = container(pod(n8n, tier))["volumeMounts"]
    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
    assert writable == {"/home/node/.n8n", "/home/node/.cache", "/tmp"}


@pytest.mark.parametrize("tier", TIERS)
def test_the_copy_of_the_encryption_key_never_reaches_a_disk(n8n: Recorded, tier: str) -> None:
    specification = pod(n8n, tier)
    (mount,) = (
        each
        for each in container(specification)["volumeMounts"]
        if each["mountPath"] == "/home/node/.n8n"
    )
    (volume,) = (each for each in specification["volumes"] if each["name"] == mount["name"])
    assert volume["emptyDir"]["medium"] == "Memory"


def test_webhook_pods_find_the_hook_that_n8n_is_told_to_load(n8n: Recorded) -> None:
    specification = pod(n8n, "webhook")
    hook = variables(container(specification))["EXTERNAL_HOOK_FILES"]
    assert hook is not None
    folder, _, file = hook.rpartition("/")
    (mount,) = (
        each for each in container(specification)["volumeMounts"] if each["mountPath"] == folder
    )
    (volume,) = (each for each in specification["volumes"] if each["name"] == mount["name"])
    assert "n8n_webhook_request" in n8n.one("ConfigMap", volume["configMap"]["name"])["data"][file]


@pytest.mark.parametrize("tier", TIERS)
def test_pods_have_no_way_to_the_kubernetes_api(n8n: Recorded, tier: str) -> None:
    specification = pod(n8n, tier)
    assert specification["automountServiceAccountToken"] is False
    account = n8n.one("ServiceAccount", specification["serviceAccountName"])
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("tier", TIERS)
def test_services_do_not_put_variables_among_the_settings_of_n8n(n8n: Recorded, tier: str) -> None:
    assert pod(n8n, tier)["enableServiceLinks"] is False


@pytest.mark.parametrize("tier", TIERS)
def test_every_container_fits_a_quota_of_requests_and_limits(n8n: Recorded, tier: str) -> None:
    for each in containers_of(pod(n8n, tier)):
        for kind in ("requests", "limits"):
            assert each["resources"][kind].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("tier", TIERS)
def test_n8n_gets_by_reference_the_secrets_that_it_needs_and_no_others(
    n8n: Recorded, tier: str
) -> None:
    needed = {
        "N8N_ENCRYPTION_KEY": ("n8n-encryption-key", "encryption-key"),
        "QUEUE_BULL_REDIS_PASSWORD": ("redis-auth", "password"),
        "DB_POSTGRESDB_PASSWORD": ("database-auth", "password"),
    }
    if tier == "worker":
        needed["N8N_RUNNERS_AUTH_TOKEN"] = ("n8n-runners", "auth-token")
    assert secrets_in(container(pod(n8n, tier))) == needed


@pytest.mark.parametrize("tier", TIERS)
def test_no_secret_stands_in_a_pod_in_plain_text(n8n: Recorded, tier: str) -> None:
    for each in containers_of(pod(n8n, tier)):
        plain = {name for name, value in variables(each).items() if value is not None}
        assert not {
            name
            for name in plain
            if name.endswith(("PASSWORD", "TOKEN", "SECRET", "ENCRYPTION_KEY"))
        }


def test_code_from_users_runs_beside_the_token_of_its_broker_and_no_other_secret(
    n8n: Recorded,
) -> None:
    runner = container(pod(n8n, "worker"), "task-runner")
    assert secrets_in(runner) == {"N8N_RUNNERS_AUTH_TOKEN": ("n8n-runners", "auth-token")}
    assert runner["volumeMounts"] == [{"name": "runner-temporary", "mountPath": "/tmp"}]


def test_the_worker_and_its_task_runner_share_one_token_over_the_loopback(n8n: Recorded) -> None:
    specification = pod(n8n, "worker")
    worker, runner = container(specification), container(specification, "task-runner")
    token = "N8N_RUNNERS_AUTH_TOKEN"
    assert secrets_in(worker)[token] == secrets_in(runner)[token]
    assert variables(runner)["N8N_RUNNERS_TASK_BROKER_URI"] == "http://127.0.0.1:5679"


def test_the_task_runner_starts_before_the_worker_and_outlives_its_drain(n8n: Recorded) -> None:
    specification = pod(n8n, "worker")
    assert [each["name"] for each in specification["containers"]] == ["n8n"]
    (sidecar,) = specification["initContainers"]
    assert sidecar["restartPolicy"] == "Always"


def test_a_code_node_may_run_equally_long_for_the_worker_and_for_its_runner(n8n: Recorded) -> None:
    specification = pod(n8n, "worker")
    name = "N8N_RUNNERS_TASK_TIMEOUT"
    of_worker = variables(container(specification))[name]
    assert of_worker == variables(container(specification, "task-runner"))[name]


@pytest.mark.parametrize("concurrency", [5, 40])
def test_the_runner_has_room_for_every_execution_of_its_worker(concurrency: int) -> None:
    specification = pod(record_tiers({"worker": {"concurrency": concurrency}}), "worker")
    assert container(specification)["args"] == ["worker", f"--concurrency={concurrency}"]
    room = variables(container(specification, "task-runner"))["N8N_RUNNERS_MAX_CONCURRENCY"]
    assert room == str(concurrency)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "drain",
    [{}, {"preStopSeconds": 20, "gracefulShutdownSeconds": 100, "gracePeriodSeconds": 125}],
    ids=["default", "longer"],
)
def test_a_pod_is_killed_only_after_its_drain(tier: str, drain: dict[str, int]) -> None:
    specification = pod(record_tiers({tier: drain}), tier)
    n8n = container(specification)
    pre_stop = n8n.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    timeout = int(variables(n8n)["N8N_GRACEFUL_SHUTDOWN_TIMEOUT"] or 0)
    assert timeout > 0
    assert specification["terminationGracePeriodSeconds"] > pre_stop + timeout
    if drain:
        assert (pre_stop, timeout) == (20, 100)


@pytest.mark.parametrize("tier", TIERS)
def test_a_migration_of_ten_minutes_kills_no_pod_and_fails_no_update(
    n8n: Recorded, tier: str
) -> None:
    deployment = n8n.one("Deployment", f"n8n-{tier}")
    probe = container(deployment["spec"]["template"]["spec"])["startupProbe"]
    allowed = probe["periodSeconds"] * probe["failureThreshold"]
    assert allowed >= 600
    assert deployment["spec"]["progressDeadlineSeconds"] > allowed
    assert int(deployment["metadata"]["annotations"]["pulumi.com/timeoutSeconds"]) > allowed


@pytest.mark.parametrize("tier", TIERS)
def test_a_pod_without_its_database_gets_no_traffic_but_is_not_restarted(
    n8n: Recorded, tier: str
) -> None:
    each = container(pod(n8n, tier))
    assert each["readinessProbe"]["httpGet"]["path"] == "/healthz/readiness"
    assert each["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_workers_answer_their_probes(n8n: Recorded) -> None:
    each = container(pod(n8n, "worker"))
    (port,) = each["ports"]
    assert variables(each)["QUEUE_HEALTH_CHECK_ACTIVE"] == "true"
    assert variables(each)["QUEUE_HEALTH_CHECK_PORT"] == str(int(port["containerPort"]))
    assert each["readinessProbe"]["httpGet"]["port"] == port["name"]


@pytest.mark.parametrize("tier", TIERS)
def test_a_lost_node_is_left_after_half_a_minute(n8n: Recorded, tier: str) -> None:
    waits = {each["key"]: each["tolerationSeconds"] for each in pod(n8n, tier)["tolerations"]}
    assert waits == {
        "node.kubernetes.io/not-ready": 30,
        "node.kubernetes.io/unreachable": 30,
    }


@pytest.mark.parametrize("tier", SCALED_TIERS)
def test_pods_spread_over_zones_by_themselves_alone(n8n: Recorded, tier: str) -> None:
    deployment = n8n.one("Deployment", f"n8n-{tier}")["spec"]
    by_zone = {
        each["topologyKey"]: each
        for each in deployment["template"]["spec"]["topologySpreadConstraints"]
    }["topology.kubernetes.io/zone"]
    assert by_zone["labelSelector"] == deployment["selector"]
    # With a zone lost the rest of the pods must run in the others.
    assert by_zone["whenUnsatisfiable"] == "ScheduleAnyway"
