"""The gateway's objects fit together, the images that exist and the platform's own settings.

That they work, a real cluster shows (tests/e2e).
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from local.addons import gateway
from local.environment import REPOSITORY
from local.nodes import Manifest
from settings.platform import RoutingSettings
from tests.unit import pod_security

IMAGES = {"envoy-gateway": "local/envoy-gateway:1", "envoy": "local/envoy:1"}


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    return gateway.manifests(IMAGES)


def one(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = (manifest for manifest in manifests if manifest["kind"] == kind)
    return found


def values(node: object, key: str) -> Iterator[Any]:
    """Every value that stands under a key, however deep, in YAML inside of text too."""
    if isinstance(node, str) and "\n" in node:
        node = yaml.safe_load(node)
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(node, list):
        for each in node:
            yield from values(each, key)


def test_no_container_runs_an_image_that_was_not_given(manifests: list[Manifest]) -> None:
    assert set(values(manifests, "image")) == set(IMAGES.values())
    # Envoy Gateway has a default of its own for each of these, which would be pulled.
    config = one(manifests, "ConfigMap")["data"]["envoy-gateway.yaml"]
    assert list(values(config, "shutdownManager")) == [{"image": IMAGES["envoy-gateway"]}]
    assert list(values(one(manifests, "EnvoyProxy"), "image")) == [IMAGES["envoy"]]


def test_its_own_pods_are_let_in_to_their_restricted_namespace(manifests: list[Manifest]) -> None:
    pods = [one(manifests, kind)["spec"]["template"]["spec"] for kind in ("Deployment", "Job")]

    assert [pod_security.violations(pod) for pod in pods] == [[], []]


def test_the_platforms_gateway_finds_its_class_and_lets_its_envoys_in(
    manifests: list[Manifest],
) -> None:
    routing = RoutingSettings()

    assert one(manifests, "GatewayClass")["metadata"]["name"] == routing.gateway_class
    assert one(manifests, "Namespace")["metadata"]["name"] == routing.gateway_namespace
    assert set(values(manifests, "namespace")) == {routing.gateway_namespace}


@pytest.mark.parametrize("url", ["webhookUrl", "editorUrl"])
def test_the_port_of_every_public_address_leads_to_the_node_port(
    manifests: list[Manifest], url: str
) -> None:
    stack = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())
    port = urlsplit(stack["config"]["n8n-platform:n8n"][url]).port

    (ports,) = values(one(manifests, "EnvoyProxy"), "ports")
    assert {"port": port, "nodePort": gateway.NODE_PORT} in ports


def test_every_reference_between_its_objects_is_kept(manifests: list[Manifest]) -> None:
    existing = {(each["kind"], each["metadata"]["name"]) for each in manifests}
    references = {
        (each["kind"], each["name"])
        for key in ("roleRef", "parametersRef")
        for each in values(manifests, key)
    }
    references |= {("ServiceAccount", name) for name in values(manifests, "serviceAccountName")}
    references |= {("ConfigMap", volume["name"]) for volume in values(manifests, "configMap")}

    assert references <= existing
