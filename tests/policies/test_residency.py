"""Data stays in the allowed regions, as far as manifests of Kubernetes name any."""

from dataclasses import replace
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import residency
from policies.resources.resource import Resource
from tests.policies.judging import DEFAULTS, UNKNOWN, judgement, resource, said
from tests.policies.n8n_pods import ENV, env, n8n

REGION, ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
POD = "spec.template.spec"


def pod(**spec: Any) -> Resource:
    return resource("kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": spec}}})


def on_nodes(key: str, *values: Any, operator: str = "In") -> dict[str, Any]:
    expression = {"key": key, "operator": operator, "values": list(values)}
    return {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}


def bound(key: str, *values: Any, operator: str = "In") -> Resource:
    required = on_nodes(key, *values, operator=operator)
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": required}
    return pod(affinity={"nodeAffinity": affinity})


def finding(
    condition: Condition,
    place: str,
    requires: str = "an allowed region",
    *,
    control: str = "GDPR 44-49",
    kind: str = "apps/v1:Deployment",
    state: str = "set otherwise",
) -> str:
    return (
        f"[{control}] kubernetes:{kind} 'example': found {place} {state}; requires {requires}. "
        f"Fix: {place}. Exception: policies/exceptions.yaml, condition {condition.id}, "
        "with owner and expiry."
    )


def undecided(place: str, requires: str = "an allowed region", control: str = "GDPR 44-49") -> str:
    return (
        f"[{control}] kubernetes:apps/v1:Deployment 'example': undecided until up, as {place} is "
        f"not known at preview; will require {requires}."
    )


AFFINITY = (
    f"{POD}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
    ".nodeSelectorTerms[0].matchExpressions[0].values"
)


@pytest.mark.parametrize(
    "judged",
    [
        pod(nodeSelector={REGION: "eu-central-1"}),
        bound(ZONE, "eu-central-1a", "eu-central-1b"),
        # Whose zones are called like this, only the provider knows.
        bound(ZONE, "zone-a", "rack-a1-b"),
    ],
)
def test_pods_may_be_bound_to_allowed_regions(judged: Resource) -> None:
    assert said(residency.pods_and_volumes_stay_in_allowed_regions, judged) == []


@pytest.mark.parametrize(
    ("judged", "place", "kind"),
    [
        (
            pod(nodeSelector={REGION: "us-east-1"}),
            f"{POD}.nodeSelector.{REGION}",
            "apps/v1:Deployment",
        ),
        (bound(REGION, "eu-west-1", "us-east-1"), f"{AFFINITY}[1]", "apps/v1:Deployment"),
        (bound(ZONE, "us-east-1a"), f"{AFFINITY}[0]", "apps/v1:Deployment"),
        (bound(ZONE, "europe-west4-a"), f"{AFFINITY}[0]", "apps/v1:Deployment"),
        (
            resource(
                "kubernetes:core/v1:PersistentVolume",
                {"spec": {"nodeAffinity": {"required": on_nodes(ZONE, "us-east-1a")}}},
            ),
            "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]",
            "core/v1:PersistentVolume",
        ),
        (
            resource(
                "kubernetes:storage.k8s.io/v1:StorageClass",
                {
                    "allowedTopologies": [
                        {"matchLabelExpressions": [{"key": ZONE, "values": ["us-east-1a"]}]}
                    ]
                },
            ),
            "allowedTopologies[0].matchLabelExpressions[0].values[0]",
            "storage.k8s.io/v1:StorageClass",
        ),
    ],
)
def test_pods_and_volumes_are_bound_to_no_other_region(
    judged: Resource, place: str, kind: str
) -> None:
    condition = residency.pods_and_volumes_stay_in_allowed_regions

    assert said(condition, judged) == [finding(condition, place, kind=kind)]


def test_a_region_that_is_not_known_is_undecided() -> None:
    condition = residency.pods_and_volumes_stay_in_allowed_regions

    assert said(condition, bound(REGION, UNKNOWN)) == [undecided(f"{AFFINITY}[0]")]
    assert judgement(condition, pod()) is None
    assert judgement(condition, bound(REGION, "us-east-1", operator="NotIn")) is None


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("external-secrets.io/v1:ClusterSecretStore", "spec.provider.aws.region"),
        ("velero.io/v1:BackupStorageLocation", "spec.config.region"),
    ],
)
def test_stores_outside_of_the_cluster_are_in_allowed_regions(kind: str, path: str) -> None:
    condition = residency.outside_stores_are_in_allowed_regions

    def store(region: Any) -> Resource:
        properties = region
        for key in reversed(path.split(".")):
            properties = {key: properties}
        return resource(f"kubernetes:{kind}", properties)

    assert said(condition, store("eu-west-1")) == []
    assert said(condition, store("us-east-1")) == [finding(condition, path, kind=kind)]
    assert said(condition, store(UNKNOWN)) == [
        f"[GDPR 44-49] kubernetes:{kind} 'example': undecided until up, as {path} is not known at "
        "preview; will require an allowed region."
    ]


def test_programs_are_told_an_allowed_region() -> None:
    condition = residency.programs_use_allowed_regions
    place = f"{ENV}[AWS_REGION].value"
    elsewhere = {"name": "AWS_REGION", "valueFrom": {"configMapKeyRef": {"key": "region"}}}

    assert said(condition, n8n(*env(AWS_REGION="eu-west-1"))) == []
    assert said(condition, n8n(elsewhere)) == []
    assert said(condition, n8n(*env(AWS_REGION="us-east-1"))) == [finding(condition, place)]
    assert said(condition, n8n(*env(AWS_REGION=UNKNOWN))) == [undecided(place)]


@pytest.mark.parametrize(
    "address",
    [
        "https://eu.api.openai.com/v1",
        "https://bedrock-runtime.eu-central-1.amazonaws.com",
        "https://registered.openai.azure.com/",
        "https://hooks.n8n.example/",
        "http://models.n8n.svc.cluster.local:8000",
    ],
)
def test_prompts_may_go_to_allowed_regions_and_registered_processors(address: str) -> None:
    condition = residency.language_models_are_in_allowed_regions
    registered = replace(DEFAULTS, processors=("registered.openai.azure.com",))

    assert said(condition, n8n(*env(OPENAI_URL=address)), parameters=registered) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com/v1",
        "https://us.api.openai.com/v1",
        "https://api.portkey.ai/v1",
        "https://api.mistral.ai/v1",
        "API.OpenAI.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "https://us-central1-aiplatform.googleapis.com",
        "https://ours.openai.azure.com",
    ],
)
def test_prompts_go_nowhere_else(address: str) -> None:
    condition = residency.language_models_are_in_allowed_regions
    place = f"{ENV}[MODEL_BASE_URL].value"

    assert said(condition, n8n(*env(MODEL_BASE_URL=address))) == [
        finding(
            condition,
            place,
            "a language model in an allowed region or of a registered processor",
            control="SOC2 CC9.2",
            state="with a language model elsewhere",
        )
    ]


def test_an_address_that_is_not_known_is_undecided_and_other_values_are_let_be() -> None:
    condition = residency.language_models_are_in_allowed_regions

    assert said(condition, n8n(*env(MODEL_BASE_URL=UNKNOWN, PASSWORD=UNKNOWN))) == [
        undecided(
            f"{ENV}[MODEL_BASE_URL].value",
            "a language model in an allowed region or of a registered processor",
            "SOC2 CC9.2",
        )
    ]
