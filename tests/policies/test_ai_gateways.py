"""AI gateways are used from their own pod only, and send prompts to registered processors only."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ai_gateway import routing
from policies.conditions import ai_gateways, residency
from policies.resources.resource import Resource
from settings.ai import AiSettings
from tests.policies.judging import DEFAULTS, UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

REGISTER = replace(DEFAULTS, processors=("api.openai.com", "api.together.xyz", "*.example.com"))


def pods(**container: Any) -> Resource:
    """A Deployment whose pods carry a container with these properties beside their program."""
    others = [{"name": "n8n", "image": "docker.io/n8nio/n8n:2.43.3"}]
    template = {
        "metadata": {"labels": {"app": "worker"}},
        "spec": {"containers": others, "initContainers": [container]},
    }
    return resource("kubernetes:apps/v1:Deployment", {"spec": {"template": template}})


PORTKEY = pods(name="gateway", image="docker.io/portkeyai/gateway:1.15.2")
NAMED = pods(name="ai-gateway", image="stand-in.local/portkey:1")
ROUTER = pods(
    name="ai-router",
    image="registry.example.com/router:1",
    ports=[{"name": "ai-metrics", "containerPort": 9464}],
)
ELSEWHERE = pods(
    name="ai-gateway",
    image="docker.io/portkeyai/gateway:1.15.2",
    command=["node", "build/start-server.js", "--port=9000"],
    ports=[{"name": "models", "containerPort": 9001}],
)


def service(app: str = "worker", **port: Any) -> Resource:
    return resource(
        "kubernetes:core/v1:Service", {"spec": {"selector": {"app": app}, "ports": [port]}}
    )


def policy(*ports: Any, app: Any = "worker", **spec: Any) -> Resource:
    selector = {"matchLabels": {"app": app}}
    rule = {"from": [{"podSelector": {}}], **({"ports": [*ports]} if ports else {})}
    return resource(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        {"spec": {"podSelector": selector, "ingress": [rule], **spec}},
    )


TARGET, PORT, RULE = "spec.ports[0].targetPort", "spec.ports[0].port", "spec.ingress[0].ports"


class TestAiGatewaysAreNotPublished:
    condition = ai_gateways.ai_gateways_are_not_published

    @pytest.mark.parametrize(
        ("judged", "workload", "place"),
        [
            (service(port=80, targetPort=8787), PORTKEY, TARGET),
            (service(port=80, targetPort=8788), NAMED, TARGET),
            (service(port=8787), ROUTER, PORT),
            (service(port=80, targetPort=9000), ELSEWHERE, TARGET),
            (service(port=80, targetPort="models"), ELSEWHERE, TARGET),
            (policy({"port": 8787}), PORTKEY, f"{RULE}[0].port"),
            (policy({"port": 8000, "endPort": 9000}), ROUTER, f"{RULE}[0].port"),
            (policy({"protocol": "TCP"}), ROUTER, f"{RULE}[0].port"),
            (policy(), NAMED, RULE),
        ],
    )
    def test_what_leads_to_one_is_found(
        self, judged: Resource, workload: Resource, place: str
    ) -> None:
        assert said(self.condition, judged, workload) == [
            violated(
                self.condition,
                judged,
                found=f"{place} leading to an AI gateway",
                requires="ports of other programs only",
                fix=place,
            )
        ]

    @pytest.mark.parametrize(
        ("judged", "workload"),
        [
            # Where its metrics are read.
            (service(port=9464, targetPort="ai-metrics"), ROUTER),
            (policy({"port": 9464}), ROUTER),
            (service(port=80, targetPort=5678), PORTKEY),
            (service(app="main", port=80, targetPort=8787), PORTKEY),
            (policy(app="main"), PORTKEY),
            (policy(policyTypes=["Egress"]), PORTKEY),
            # Its port, of another program.
            (service(port=8787), pods(name="other", image="docker.io/library/gateway:1")),
        ],
    )
    def test_what_leads_elsewhere_is_none(self, judged: Resource, workload: Resource) -> None:
        assert said(self.condition, judged, workload) == []

    def test_a_service_of_another_namespace_selects_none(self) -> None:
        judged = resource(
            "kubernetes:core/v1:Service",
            {
                "metadata": {"namespace": "other"},
                "spec": {"selector": {"app": "worker"}, "ports": [{"port": 8787}]},
            },
        )
        assert said(self.condition, judged, PORTKEY) == []

    @pytest.mark.parametrize(
        ("judged", "workload", "place"),
        [
            (service(port=80, targetPort=UNKNOWN), PORTKEY, TARGET),
            (service(port=8787), pods(name="gateway", image=UNKNOWN), PORT),
            (policy({"port": 8787}, app=UNKNOWN), PORTKEY, f"{RULE}[0].port"),
        ],
    )
    def test_what_is_not_known_is_undecided(
        self, judged: Resource, workload: Resource, place: str
    ) -> None:
        assert said(self.condition, judged, workload) == [
            pending(self.condition, judged, unknown=place, requires="ports of other programs only")
        ]


def routed(*targets: Any, **document: Any) -> Resource:
    """A ConfigMap with a routing document that sends the premium tier to these targets."""
    nested = {"name": "cost", "strategy": {"mode": "fallback"}, "targets": [*targets]}
    tiers = {"premium": {"strategy": {"mode": "conditional"}, "targets": [nested]}}
    text = json.dumps({"tiers": tiers, **document})
    return resource("kubernetes:core/v1:ConfigMap", {"data": {"routing.json": text}})


FILE = "data.routing.json"
FIRST = f"{FILE}.tiers.premium.targets[0].targets[0]"
_REGISTERED = "a host in the cluster or in the register of processors"


class TestAiGatewaysCallRegisteredProcessors:
    condition = ai_gateways.ai_gateways_call_registered_processors

    @pytest.mark.parametrize(
        "judged",
        [
            routed({"provider": "openai"}),
            # The catalogue's `together`.
            routed({"provider": "together-ai"}),
            routed({"provider": "openai", "custom_host": "https://models.example.com/v1"}),
            routed({"provider": "openai", "custom_host": "http://models.ai.svc:8000/v1"}),
            routed({"provider": "openai", "customHost": "http://models:8000/v1"}),
            routed({"provider": "openai"}, upstream="http://127.0.0.1:8788"),
        ],
    )
    def test_registered_processors_and_the_cluster_are_right(self, judged: Resource) -> None:
        assert said(self.condition, judged, parameters=REGISTER) == []

    @pytest.mark.parametrize(
        ("judged", "place"),
        [
            (routed({"provider": "anthropic"}), f"{FIRST}.provider"),
            # Which the catalogue does not have.
            (routed({"provider": "bedrock"}), f"{FIRST}.provider"),
            (
                routed({"provider": "openai", "custom_host": "https://eu.api.openai.com/v1"}),
                f"{FIRST}.custom_host",
            ),
            (
                routed({"provider": "openai", "customHost": "https://api.example.org"}),
                f"{FIRST}.customHost",
            ),
            (
                routed({"provider": "openai", "custom_host": "https://[::1"}),
                f"{FIRST}.custom_host",
            ),
            (
                routed({"provider": "openai"}, upstream="https://api.portkey.ai"),
                f"{FILE}.upstream",
            ),
        ],
    )
    def test_everybody_else_is_found(self, judged: Resource, place: str) -> None:
        assert said(self.condition, judged, parameters=REGISTER) == [
            violated(
                self.condition,
                judged,
                found=f"{place} not in the register of processors",
                requires=_REGISTERED,
                fix=place,
            )
        ]

    def test_a_host_is_said_once_and_by_no_name_but_its_place(self) -> None:
        target = {"name": "openai/c0rrect h0rse", "custom_host": "https://c0rrect.example.org"}
        (message,) = said(self.condition, routed(target, target), parameters=REGISTER)

        assert "c0rrect" not in message

    def test_the_regional_host_alone_is_no_entry_for_a_provider_without_one(self) -> None:
        european = replace(DEFAULTS, processors=("eu.api.openai.com",))
        assert len(said(self.condition, routed({"provider": "openai"}), parameters=european)) == 1

    @pytest.mark.parametrize(
        ("data", "place"), [({"routing.json": UNKNOWN}, FILE), (UNKNOWN, "data.*")]
    )
    def test_what_is_not_known_is_undecided(self, data: Any, place: str) -> None:
        judged = resource("kubernetes:core/v1:ConfigMap", {"data": data})
        assert said(self.condition, judged, parameters=REGISTER) == [
            pending(self.condition, judged, unknown=place, requires=_REGISTERED)
        ]

    @pytest.mark.parametrize(
        "data",
        [
            {"redis.conf": UNKNOWN, "postgresql.conf": "ssl = on"},
            # As dashboards have them, and lists of what Prometheus asks.
            {"dashboard.json": json.dumps({"panels": [{"targets": [{"expr": "up"}]}]})},
            {"targets.json": json.dumps([{"targets": ["api.example.org:443"]}])},
            {"odd.json": json.dumps({"targets": "text", "upstream": 1})},
            {"odd.json": {"targets": UNKNOWN}},
        ],
    )
    def test_other_files_are_let_be(self, data: Any) -> None:
        judged = resource("kubernetes:core/v1:ConfigMap", {"data": data})
        assert judgement(self.condition, judged) is None


_ALLOWED = "a language model in an allowed region or of a registered processor"


class TestPromptsOfGatewaysStayInAllowedRegions:
    condition = residency.language_models_are_in_allowed_regions

    @pytest.mark.parametrize(
        "target",
        [
            {"provider": "openai", "custom_host": "https://eu.api.openai.com/v1"},
            {"custom_host": "https://bedrock-runtime.eu-central-1.amazonaws.com"},
            {"provider": "openai", "custom_host": "http://models.ai.svc.cluster.local"},
        ],
    )
    def test_what_is_in_an_allowed_region_needs_no_entry(self, target: Any) -> None:
        assert said(self.condition, routed(target)) == []

    @pytest.mark.parametrize(
        ("target", "key"),
        [
            ({"provider": "openai"}, "provider"),
            ({"provider": "anthropic"}, "provider"),
            ({"provider": "openai", "custom_host": "https://models.example.org"}, "custom_host"),
        ],
    )
    def test_what_is_elsewhere_is_found(self, target: Any, key: str) -> None:
        judged = routed(target)
        assert said(self.condition, judged) == [
            violated(
                self.condition,
                judged,
                found=f"{FIRST}.{key} with a language model elsewhere",
                requires=_ALLOWED,
                fix=f"{FIRST}.{key}",
            )
        ]

    def test_regions_are_those_of_the_catalogue(self) -> None:
        american = replace(DEFAULTS, regions=("us-east-1",))
        both = replace(DEFAULTS, regions=("us-east-1", "eu-central-1"))

        # Anthropic processes in the United States, OpenAI where its customer chooses.
        assert said(self.condition, routed({"provider": "anthropic"}), parameters=american) == []
        assert len(said(self.condition, routed({"provider": "openai"}), parameters=american)) == 1
        assert said(self.condition, routed({"provider": "openai"}), parameters=both) == []

    def test_what_is_not_known_is_undecided(self) -> None:
        judged = resource("kubernetes:core/v1:ConfigMap", {"data": {"routing.json": UNKNOWN}})
        assert said(self.condition, judged) == [
            pending(self.condition, judged, unknown=FILE, requires=_ALLOWED)
        ]


@pytest.mark.parametrize("gateway", ["sidecar", "hosted"])
def test_the_platforms_own_document_is_read_to_its_last_provider(gateway: str) -> None:
    settings = AiSettings.model_validate({"gateway": gateway})
    text = routing.document(settings).to_json()
    judged = resource("kubernetes:core/v1:ConfigMap", {"data": {"routing.json": text}})
    hosts = ["api.openai.com", "api.anthropic.com", *["api.portkey.ai"][: gateway == "hosted"]]

    for left_out in (None, *hosts):
        register = replace(DEFAULTS, processors=tuple(host for host in hosts if host != left_out))
        for condition in (
            ai_gateways.ai_gateways_call_registered_processors,
            residency.language_models_are_in_allowed_regions,
        ):
            assert len(said(condition, judged, parameters=register)) == (left_out is not None)
