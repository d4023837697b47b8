"""Whether the pods that are to be scraped are there, and how many the rules are told to expect."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import settings
from components.monitoring import access, monitors
from tests.policies.platform import of_stack
from tests.unit.pod_security import containers_of

Objects = Sequence[Mapping[str, Any]]

ROUTER = {"gateway": "sidecar", "routerImage": "ghcr.io/example/ai-router:1.0.0"}


def expected(**areas: Mapping[str, Any]) -> dict[str, int | None]:
    return {each.job: each.at_least for each in monitors.scrapes(settings.parse(areas))}


def test_the_smallest_number_of_pods_that_the_settings_allow_is_expected() -> None:
    found = expected(
        webhook={"minReplicas": 4},
        worker={"minReplicas": 5},
        ai=ROUTER,
        integrations={"add": ["anthropic", "openai"]},
    )
    assert found == {
        "n8n-main": 1,
        "n8n-webhook": 4,
        "n8n-worker": 5,
        # One beside each worker.
        "ai-router": 5,
        # Two in each of three zones.
        "redis": 6,
        "postgres": 1,
        "gateway": 1,
    }


def test_of_a_program_that_is_not_the_platforms_none_is_expected() -> None:
    esc = {
        "organization": "scoobyjava-org",
        "project": "n8n-platform",
        "environment": "sophia-ai-staging",
    }
    found = expected(secrets={"source": "esc"}, esc=esc)
    assert found["external-secrets"] is None


def test_prometheus_reaches_the_pods_of_each_job_at_the_port_that_is_scraped() -> None:
    objects = [each.read() for each in of_stack("local", monitoring={"stack": "install"})]
    scraped = [each for each in objects if each.get("kind") == "PodMonitor"]
    assert scraped
    for monitor in scraped:
        job, spec = monitor["metadata"]["name"], monitor["spec"]
        if "namespaceSelector" in spec:
            # Pods that the platform does not make.
            continue
        labels = spec["selector"]["matchLabels"]
        [endpoint] = spec["podMetricsEndpoints"]
        ports = {*ports_of(objects, labels, endpoint["port"])}
        assert len(ports) == 1, f"{job}: no pod has the port, or not all the same"
        assert ports <= {*opened(objects, labels, "ingress", "from")}, job
        assert ports <= {*opened(objects, access.PROMETHEUS, "egress", "to")}, job


def test_prometheus_is_let_out_to_the_envoys_where_envoy_gateway_has_them_and_only_there() -> None:
    for routing, namespaces in (
        ({"gatewayNamespace": "edge"}, ["edge"]),
        ({"envoyGateway": False}, []),
        ({"enabled": False}, []),
    ):
        stack = of_stack("local", monitoring={"stack": "install"}, routing=routing)
        found = [
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            for each in stack
            if each.type.endswith(":NetworkPolicy")
            for rule in each.read()["spec"].get("egress", ())
            if access.GATEWAY_PORT in [port["port"] for port in rule.get("ports", ())]
            for peer in rule["to"]
        ]
        assert found == namespaces


def ports_of(objects: Objects, labels: Mapping[str, str], name: str) -> Iterator[float]:
    """The numbers of a port, by its name, of all pods with these labels."""
    for each in objects:
        template = each.get("spec", {}).get("template", {})
        if labels.items() <= template.get("metadata", {}).get("labels", {}).items():
            for container in containers_of(template["spec"]):
                for port in container.get("ports", ()):
                    if port["name"] == name:
                        yield port["containerPort"]


def opened(objects: Objects, labels: Mapping[str, str], way: str, whom: str) -> Iterator[float]:
    """Ports that policies for pods with these labels open between namespaces."""
    for each in objects:
        spec = each.get("spec", {})
        chosen = spec.get("podSelector", {}).get("matchLabels", {})
        if each.get("kind") == "NetworkPolicy" and chosen.items() <= labels.items():
            for rule in spec.get(way, ()):
                if any("namespaceSelector" in peer for peer in rule.get(whom, ())):
                    yield from (port["port"] for port in rule.get("ports", ()))
