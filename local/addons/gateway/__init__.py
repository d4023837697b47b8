"""Envoy Gateway: makes the platform's Gateway and HTTPRoutes real on the embedded cluster.

An Envoy on every node serves the Gateway's port, and is reached at `NODE_PORT` of its node.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

import yaml

from local.nodes import Manifest

LISTENER_PORT = 8080
"""The port on which the platform's Gateway listens: that of the addresses in Pulumi.local.yaml."""

NODE_PORT = 30080
"""The port of each node that leads to `LISTENER_PORT` of its Envoy."""

_OBJECTS = Path(__file__).with_name("objects.yaml")


def manifests(images: Mapping[str, str]) -> list[Manifest]:
    """The controller, its GatewayClass and what its Envoys are like, in the order to apply them.

    Args:
        images: references, with a tag, of the images `envoy-gateway` and `envoy`.
    """
    text = Template(_OBJECTS.read_text()).substitute(
        controller=images["envoy-gateway"],
        proxy=images["envoy"],
        listener_port=LISTENER_PORT,
        node_port=NODE_PORT,
    )
    return list(yaml.safe_load_all(text))
