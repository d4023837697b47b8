"""The AI gateway beside each worker: who reaches it, what it is told, and where its keys are."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ai_gateway.document import Document
from components.governance import REREADS
from tests.unit.conftest import TIERS, record_tiers
from tests.unit.mocks import Recorded
from tests.unit.pod_security import containers_of, violations
from tests.waiting import eventually

AI = {"routerImage": "registry.example.com/ai-router:1.2.3"}
NAMES = ("ai-gateway", "ai-router")
REPOSITORY = Path(__file__).parents[2]


def record_gateway(kind: str = "sidecar", *, platform: Any = None, **ai: Any) -> Recorded:
    """The tiers of a stack with a gateway."""
    return record_tiers(
        {
            "secrets": {"source": "generated"},
            "ai": {"gateway": kind, **AI, **ai},
            "platform": platform or {},
        }
    )


def pod(resources: Recorded, tier: str = "worker") -> Mapping[str, Any]:
    return resources.one("Deployment", f"n8n-{tier}")["spec"]["template"]["spec"]


def container(resources: Recorded, name: str) -> Mapping[str, Any]:
    (found,) = (each for each in containers_of(pod(resources)) if each["name"] == name)
    return found


def variables(each: Mapping[str, Any]) -> dict[str, str | None]:
    return {variable["name"]: variable.get("value") for variable in each.get("env", [])}


def option(words: list[str], name: str) -> str:
    (found,) = (word.partition("=")[2] for word in words if word.startswith(f"--{name}="))
    return found


def configuration(resources: Recorded) -> Mapping[str, Any]:
    """The ConfigMap that the worker's pods mount."""
    (volume,) = (each for each in pod(resources)["volumes"] if each["name"] == "ai-gateway")
    return resources.one("ConfigMap", volume["configMap"]["name"])


def document(resources: Recorded) -> Document:
    return Document.from_json(configuration(resources)["data"]["routing.json"])


def test_without_a_gateway_nothing_is_there(n8n: Recorded) -> None:
    specification = pod(n8n)
    assert [each["name"] for each in containers_of(specification)] == ["task-runner", "n8n"]
    assert not [each for each in specification["volumes"] if each["name"].startswith("ai-")]
    assert "ai-gateway" not in [each.name for each in n8n.of("ConfigMap")]
    assert "N8N_SSRF_ALLOWED_IP_RANGES" not in variables(container(n8n, "n8n"))


@pytest.mark.parametrize("tier", ["main", "webhook"])
def test_only_pods_that_execute_workflows_have_one(n8n: Recorded, tier: str) -> None:
    assert pod(record_gateway(), tier) == pod(n8n, tier)


def test_it_starts_before_the_worker_and_outlives_its_drain() -> None:
    started = pod(record_gateway())["initContainers"]
    # They end in the opposite order.
    assert [each["name"] for each in started] == [*NAMES, "task-runner"]
    assert {each["restartPolicy"] for each in started} == {"Always"}
    # Each waits for the one before it to answer.
    assert all("startupProbe" in each for each in started[:2])


@pytest.mark.parametrize("kind", ["sidecar", "hosted"])
def test_pod_security_restricted_admits_the_pod(kind: str) -> None:
    assert violations(pod(record_gateway(kind))) == []


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_nowhere_but_to_its_own_temporary_folder(name: str) -> None:
    resources = record_gateway()
    each = container(resources, name)
    assert each["securityContext"]["readOnlyRootFilesystem"] is True
    temporary = {each["name"] for each in pod(resources)["volumes"] if "emptyDir" in each}
    writable = {mount["name"] for mount in each["volumeMounts"] if not mount.get("readOnly")}
    others = {
        mount["name"]
        for other in containers_of(pod(resources))
        if other["name"] != name
        for mount in other["volumeMounts"]
    }
    assert writable <= temporary - others


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_as_a_user_of_its_own_choice_and_not_as_the_images_superuser(name: str) -> None:
    assert container(record_gateway(), name)["securityContext"]["runAsUser"] in (1000, 65532)


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_a_quota_of_requests_and_limits(name: str) -> None:
    resources = container(record_gateway(), name)["resources"]
    assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize(("kind", "hosted"), [("sidecar", set()), ("hosted", {"PORTKEY_API_KEY"})])
def test_keys_are_files_of_the_router_alone(kind: str, hosted: set[str]) -> None:
    resources = record_gateway(kind)
    (volume,) = (
        each
        for each in pod(resources)["volumes"]
        if each.get("secret", {}).get("secretName") == "ai-gateway-keys"
    )
    # The router says which key is missing: the worker runs without.
    assert volume["secret"]["optional"] is True
    mounting = [
        (each["name"], mount)
        for each in containers_of(pod(resources))
        for mount in each["volumeMounts"]
        if mount["name"] == volume["name"]
    ]
    ((name, mount),) = mounting
    assert (name, mount["readOnly"]) == ("ai-router", True)
    assert option(container(resources, name)["args"], "keys") == mount["mountPath"]
    files = {item["path"] for item in volume["secret"]["items"]}
    assert files == {each.key for each in document(resources).providers.values()} | hosted


def properties(value: Any) -> Iterator[str]:
    """The names of all properties anywhere in a JSON value."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from properties(each)
    elif isinstance(value, list):
        for each in value:
            yield from properties(each)


@pytest.mark.parametrize("kind", ["sidecar", "hosted"])
def test_no_variable_and_no_configuration_has_a_key(kind: str) -> None:
    resources = record_gateway(kind)
    for each in containers_of(pod(resources)):
        for variable in each.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef", {})
            assert reference.get("name") != "ai-gateway-keys"
    routes = json.loads(configuration(resources)["data"]["routing.json"])["tiers"]
    # What Portkey takes a key from, or a header that could be one.
    assert not {"api_key", "apiKey", "virtual_key", "headers", "aws_access_key_id"} & set(
        properties(routes)
    )


def test_no_other_pod_reaches_it() -> None:
    resources = record_gateway()
    labels = resources.one("Deployment", "n8n-worker")["spec"]["template"]["metadata"]["labels"]
    for service in resources.of("Service"):
        chosen = service.inputs["spec"]["selector"]
        assert not chosen.items() <= labels.items(), service.name
    assert not resources.one("NetworkPolicy", "n8n-worker")["spec"].get("ingress")
    router = container(resources, "ai-router")
    listens = ip_address(option(router["args"], "listen").partition(":")[0])
    assert listens.is_loopback
    assert [each["name"] for each in router["ports"]] == ["ai-metrics"]
    assert "ports" not in container(resources, "ai-gateway")


def test_workflows_reach_the_router_and_neither_portkey_nor_the_task_broker() -> None:
    resources = record_gateway(
        platform={"privateDestinations": [{"cidr": "10.20.0.0/16", "port": 1433}]}
    )
    allowed = variables(container(resources, "n8n"))["N8N_SSRF_ALLOWED_IP_RANGES"] or ""
    ranges = [ip_network(each) for each in allowed.split(",")]

    def may_call(address: str) -> bool:
        return any(ip_address(address) in each for each in ranges)

    assert may_call(option(container(resources, "ai-router")["args"], "listen").partition(":")[0])
    assert may_call("10.20.3.4")
    broker = variables(container(resources, "task-runner"))["N8N_RUNNERS_TASK_BROKER_URI"] or ""
    for address in (broker, document(resources).upstream):
        assert not may_call(urlsplit(address).hostname or "")


def test_portkey_listens_where_the_router_looks_for_it_and_on_the_loopback_alone() -> None:
    resources = record_gateway()
    gateway = container(resources, "ai-gateway")
    command = gateway["command"]
    assert int(option(command, "port")) == urlsplit(document(resources).upstream).port
    (mount,) = (each for each in gateway["volumeMounts"] if each["name"] == "ai-gateway")
    folder, _, file = command[command.index("--require") + 1].rpartition("/")
    assert folder == mount["mountPath"]
    assert file in configuration(resources)["data"]


@pytest.mark.parametrize(
    ("base_urls", "trusted"),
    [
        ([], "none.invalid"),
        ([{"provider": "openai", "url": "http://vllm.models.svc/v1"}], "vllm.models.svc"),
    ],
)
def test_portkey_trusts_the_hosts_of_settings_and_never_its_own_list(
    base_urls: list[dict[str, str]], trusted: str
) -> None:
    gateway = container(record_gateway(baseUrls=base_urls), "ai-gateway")
    assert variables(gateway) == {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": trusted}


def test_with_the_hosted_gateway_there_is_the_router_alone() -> None:
    resources = record_gateway("hosted")
    names = [each["name"] for each in pod(resources)["initContainers"]]
    assert names == ["ai-router", "task-runner"]
    assert document(resources).upstream == "https://api.portkey.ai"
    assert configuration(resources)["data"].keys() == {"routing.json"}


@pytest.mark.parametrize(("kind", "path"), [("sidecar", "/readyz"), ("hosted", "/healthz")])
def test_an_outage_of_the_hosted_gateway_stops_no_rollout(kind: str, path: str) -> None:
    probe = container(record_gateway(kind), "ai-router")["readinessProbe"]
    assert probe["httpGet"]["path"] == path


def test_other_routes_roll_the_workers_and_the_same_ones_do_not() -> None:
    first, again = record_gateway(), record_gateway(portkeyResources=_RESOURCES)
    changed = record_gateway(defaultStrategy="cost")

    def name(resources: Recorded) -> str:
        return configuration(resources)["metadata"]["name"]

    assert name(first) == name(again)
    assert name(first) != name(changed)
    assert configuration(first)["immutable"] is True


_RESOURCES = {
    "cpuRequest": "100m",
    "memoryRequest": "128Mi",
    "cpuLimit": "1",
    "memoryLimit": "512Mi",
}


def test_the_router_waits_until_the_last_model_of_a_tier_had_its_time() -> None:
    models = [
        "openai/gpt-6.1-sol",
        "anthropic/claude-opus-5-5",
        "anthropic/claude-sonnet-5-5",
    ]
    resources = record_gateway(tiers={"premium": models}, requestTimeoutSeconds=100)
    assert int(option(container(resources, "ai-router")["args"], "timeout-seconds")) > 300


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The router with the pod's arguments and files, at free ports; and where it is watched."""
    resources = record_gateway()
    for name, text in configuration(resources)["data"].items():
        (tmp_path / name).write_text(text)
    words = [
        word.replace("/etc/ai-gateway/", f"{tmp_path}/")
        for word in container(resources, "ai-router")["args"]
    ]
    watched = free_port()
    words = [
        word.replace(":8787", f":{free_port()}").replace(":9464", f":{watched}") for word in words
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "ai_gateway.router", *words],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process, watched
        finally:
            process.kill()


def test_the_router_starts_with_what_the_pod_gives_it_and_ends_when_told(
    started: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = started

    def has_answered_or_ended() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                return answer.status == 200
        except OSError:
            return process.poll() is not None

    eventually(has_answered_or_ended, "the router answers")
    assert process.poll() is None, process.communicate()[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("tier", TIERS)
def test_what_n8n_may_not_call_stays_blocked_with_a_gateway(tier: str) -> None:
    (n8n,) = (each for each in containers_of(pod(record_gateway(), tier)) if each["name"] == "n8n")
    assert "127.0.0.0/8" in (variables(n8n)["N8N_SSRF_BLOCKED_IP_RANGES"] or "").split(",")
    assert variables(n8n)["N8N_SSRF_PROTECTION_ENABLED"] == "true"


def test_a_rotated_key_restarts_no_worker() -> None:
    worker = record_gateway().one("Deployment", "n8n-worker")
    annotations = worker["spec"]["template"]["metadata"]["annotations"]
    assert annotations[REREADS] == "ai-gateway-keys"
