"""How many pods of n8n there are: while scaling, during a rollout, during a node's drain."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from components.base import labels
from local.toolchain import crds
from tests.unit.conftest import SCALED_TIERS, TIERS, record_tiers
from tests.unit.mocks import Recorded

QUEUE = {"worker": {"autoscaling": "queue"}}


def share(amount: float | str, of: int, *, up: bool) -> int:
    """A number of pods that is given as such or in percent, as Kubernetes rounds it."""
    if isinstance(amount, str):
        pods = int(amount.removesuffix("%")) * of / 100
        return math.ceil(pods) if up else math.floor(pods)
    return int(amount)


def selected(selector: Mapping[str, str], pod_labels: Mapping[str, str]) -> bool:
    return selector.items() <= pod_labels.items()


def pods_of_the_namespace(resources: Recorded) -> dict[str, Mapping[str, str]]:
    """The labels of every kind of pod beside each other."""
    return {
        **{
            each.inputs["metadata"]["name"]: each.inputs["spec"]["template"]["metadata"]["labels"]
            for each in resources.of("Deployment")
        },
        "redis": labels("node", instance="redis"),
        "postgres": labels("database", instance="postgres"),
    }


def autoscalers(resources: Recorded) -> list[tuple[str, str]]:
    """Kind and target of each."""
    return [
        *(
            ("HorizontalPodAutoscaler", each.inputs["spec"]["scaleTargetRef"]["name"])
            for each in resources.of("HorizontalPodAutoscaler")
        ),
        *(
            ("ScaledObject", each.inputs["spec"]["scaleTargetRef"]["name"])
            for each in resources.of("ScaledObject")
        ),
    ]


@pytest.mark.parametrize(
    ("values", "of_worker"),
    [({}, "HorizontalPodAutoscaler"), (QUEUE, "ScaledObject")],
    ids=["memory", "queue"],
)
def test_each_scaled_tier_has_exactly_one_autoscaler(
    values: dict[str, Any], of_worker: str
) -> None:
    assert sorted(autoscalers(record_tiers(values))) == sorted(
        [("HorizontalPodAutoscaler", "n8n-webhook"), (of_worker, "n8n-worker")]
    )


def test_keda_can_take_over_from_the_autoscaler_that_pulumi_deletes_after_it(n8n: Recorded) -> None:
    # KEDA's admission refuses a target of another autoscaler, unless that one says so.
    autoscaler = n8n.one("HorizontalPodAutoscaler", "n8n-worker")
    assert autoscaler["metadata"]["annotations"]["validations.keda.sh/hpa-ownership"] == "false"


@pytest.mark.parametrize("values", [{}, QUEUE], ids=["memory", "queue"])
@pytest.mark.parametrize("tier", SCALED_TIERS)
def test_an_update_never_resets_what_the_autoscaler_chose(
    values: dict[str, Any], tier: str
) -> None:
    assert "replicas" not in record_tiers(values).one("Deployment", f"n8n-{tier}")["spec"]


@pytest.mark.parametrize("tier", SCALED_TIERS)
def test_the_autoscaler_measures_a_container_that_says_what_it_needs(
    n8n: Recorded, tier: str
) -> None:
    (metric,) = n8n.one("HorizontalPodAutoscaler", f"n8n-{tier}")["spec"]["metrics"]
    measured = metric["containerResource"]
    containers = n8n.one("Deployment", f"n8n-{tier}")["spec"]["template"]["spec"]["containers"]
    (container,) = (each for each in containers if each["name"] == measured["container"])
    assert measured["name"] in container["resources"]["requests"]


def test_webhooks_scale_on_cpu_and_workers_on_memory_within_their_settings() -> None:
    resources = record_tiers(
        {
            "webhook": {"minReplicas": 3, "maxReplicas": 7, "targetCpuPercent": 55},
            "worker": {"minReplicas": 4, "maxReplicas": 9, "targetMemoryPercent": 65},
        }
    )
    for tier, expected in {"webhook": (3, 7, "cpu", 55), "worker": (4, 9, "memory", 65)}.items():
        spec = resources.one("HorizontalPodAutoscaler", f"n8n-{tier}")["spec"]
        measured = spec["metrics"][0]["containerResource"]
        assert expected == (
            spec["minReplicas"],
            spec["maxReplicas"],
            measured["name"],
            measured["target"]["averageUtilization"],
        )


def test_the_queue_is_measured_by_its_waiting_and_its_running_jobs_together() -> None:
    spec = record_tiers(QUEUE).one("ScaledObject")["spec"]
    lists = {each["name"]: each["metadata"]["listName"] for each in spec["triggers"]}
    assert lists == {"waiting": "{bull}:jobs:wait", "running": "{bull}:jobs:active"}
    modifiers = spec["advanced"]["scalingModifiers"]
    assert modifiers["formula"] == " + ".join(lists)
    assert modifiers["target"] == "20"


def test_keda_logs_in_to_redis_as_n8n_does_and_checks_its_certificate() -> None:
    resources = record_tiers(QUEUE)
    authentication = resources.one("TriggerAuthentication")
    secrets = {
        each["parameter"]: (each["name"], each["key"])
        for each in authentication["spec"]["secretTargetRef"]
    }
    assert secrets == {
        "password": ("redis-auth", "password"),
        "ca": ("redis-tls", "authority.pem"),
    }
    for trigger in resources.one("ScaledObject")["spec"]["triggers"]:
        assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
        assert trigger["metadata"]["enableTLS"] == "true"
        assert trigger["metadata"].get("unsafeSsl", "false") == "false"


@pytest.mark.parametrize("redis_tls", [True, False])
@pytest.mark.parametrize("kind", ["ScaledObject", "TriggerAuthentication"])
def test_keda_accepts_its_resources(kind: str, redis_tls: bool) -> None:
    resource = record_tiers(QUEUE, redis_tls=redis_tls).one(kind)
    assert list(mismatches(resource["spec"], keda_schema(kind), "spec")) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"maxReplicaCont": 3}, "spec.maxReplicaCont is unknown"),
        ({"triggers": []}, "spec.triggers has fewer than 1 items"),
        ({"pollingInterval": "15"}, "spec.pollingInterval is no integer"),
        ({"scaleTargetRef": {}}, "spec.scaleTargetRef.name is missing"),
    ],
)
def test_the_check_of_kedas_resources_finds_a_mistake(change: dict[str, Any], problem: str) -> None:
    spec = {**record_tiers(QUEUE).one("ScaledObject")["spec"], **change}
    assert list(mismatches(spec, keda_schema("ScaledObject"), "spec")) == [problem]


def keda_schema(kind: str) -> Mapping[str, Any]:
    """The OpenAPI schema of a resource's `spec`, from KEDA's own definitions."""
    folder = crds.fetch(lambda _: None)
    definition = yaml.safe_load((folder / f"keda.sh_{kind.lower()}s.yaml").read_text())
    (version,) = definition["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": (int, float),  # Pulumi knows only floats.
}


def mismatches(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Where a value does not follow a structural schema, as the API server would judge it."""
    kind = schema.get("type")
    if kind and not isinstance(value, _TYPES[kind]):
        yield f"{path} is no {kind}"
    elif value not in schema.get("enum", [value]):
        yield f"{path} is none of {schema['enum']}"
    elif kind == "integer" and value < schema.get("minimum", value):
        yield f"{path} is less than {schema['minimum']}"
    elif kind == "array":
        if len(value) < schema.get("minItems", 0):
            yield f"{path} has fewer than {schema['minItems']} items"
        for index, item in enumerate(value):
            yield from mismatches(item, schema["items"], f"{path}[{index}]")
    elif kind == "object":
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, item in value.items():
            inner = known.get(name, schema.get("additionalProperties"))
            if inner is None:
                yield f"{path}.{name} is unknown"
            else:
                yield from mismatches(item, inner, f"{path}.{name}")


@pytest.mark.parametrize("tier", TIERS)
def test_a_budget_and_a_service_choose_the_pods_of_their_tier_alone(
    n8n: Recorded, tier: str
) -> None:
    name = f"n8n-{tier}"
    selectors = [
        n8n.one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"],
        n8n.one("Deployment", name)["spec"]["selector"]["matchLabels"],
        *(
            each.inputs["spec"]["selector"]
            for each in n8n.of("Service")
            if each.inputs["metadata"]["name"] == name
        ),
    ]
    for selector in selectors:
        chosen = [
            pod for pod, found in pods_of_the_namespace(n8n).items() if selected(selector, found)
        ]
        assert chosen == [name]


@pytest.mark.parametrize(
    ("tier", "pods"),
    [("main", 1), ("webhook", 2), ("webhook", 10), ("worker", 3), ("worker", 20)],
)
def test_a_drain_always_gets_on_and_takes_one_pod_at_a_time(
    n8n: Recorded, tier: str, pods: int
) -> None:
    budget = n8n.one("PodDisruptionBudget", f"n8n-{tier}")["spec"]
    if "maxUnavailable" in budget:
        evictions = share(budget["maxUnavailable"], pods, up=True)
    else:
        evictions = pods - share(budget["minAvailable"], pods, up=True)
    assert evictions == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@pytest.mark.parametrize("pods", [2, 3, 20])
@pytest.mark.parametrize("tier", SCALED_TIERS)
def test_a_rollout_never_takes_capacity_away(n8n: Recorded, tier: str, pods: int) -> None:
    strategy = n8n.one("Deployment", f"n8n-{tier}")["spec"]["strategy"]
    assert strategy["type"] == "RollingUpdate"
    assert share(strategy["rollingUpdate"]["maxUnavailable"], pods, up=False) == 0
    assert 1 <= share(strategy["rollingUpdate"]["maxSurge"], pods, up=True) <= math.ceil(pods / 4)


def test_there_are_never_two_mains_that_both_start_schedules(n8n: Recorded) -> None:
    spec = n8n.one("Deployment", "n8n-main")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("tier", ["main", "webhook"])
def test_a_service_leads_to_the_port_that_its_pods_listen_on(n8n: Recorded, tier: str) -> None:
    (port,) = n8n.one("Service", f"n8n-{tier}")["spec"]["ports"]
    pod = n8n.one("Deployment", f"n8n-{tier}")["spec"]["template"]["spec"]
    (listening,) = pod["containers"][0]["ports"]
    assert port["targetPort"] == listening["name"]


def test_everything_has_a_fixed_name_in_the_namespace_of_the_settings() -> None:
    resources = record_tiers({"platform": {"namespace": "automation"}, **QUEUE})
    objects = [each for each in resources if each.type.startswith("kubernetes:")]
    for each in objects:
        assert each.inputs["metadata"]["namespace"] == "automation", each
        assert each.inputs["metadata"]["name"].startswith("n8n-"), each
