"""Nodes of the embedded cluster: what makes a control plane into a place where pods are placed.

Every kind of node implements `Nodes`; the control plane knows nothing else about them.
"""

from __future__ import annotations

from typing import Any, Protocol

ZONES = ("zone-a", "zone-b", "zone-c")

Manifest = dict[str, Any]
"""A Kubernetes object as the API takes it."""


class Nodes(Protocol):
    """One kind of nodes."""

    description: str
    """What a user should know about them, for the closing lines of `make up`."""

    def controller_configuration(self) -> list[Manifest]:
        """Objects that the control plane's kwok controller reads when it starts."""
        ...

    def manifests(self) -> list[Manifest]:
        """Objects to apply once the API server answers."""
        ...
