"""Nodes of the embedded cluster: what makes a control plane into a place where pods are placed.

Every kind of node implements `Nodes`; the control plane knows nothing else about them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from local.progress import Steps
    from local.toolchain.pins import Tool
    from local.toolchain.resolve import Toolchain

ZONES = ("zone-a", "zone-b", "zone-c")

Manifest = dict[str, Any]
"""A Kubernetes object as the API takes it."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How nodes join a control plane that runs.

    Attributes:
        port: of the API server, on loopback.
        authority: folder of the cluster's own certificate authority, `ca.crt` and `ca.key`.
    """

    port: int
    authority: Path


class Nodes(Protocol):
    """One kind of nodes."""

    kind: str
    """What `make up NODES=…` calls them."""
    description: str
    """What a user should know about them, for the closing lines of `make up`."""

    @property
    def tools(self) -> Sequence[Tool]:
        """The programs that they need beside the control plane's."""
        ...

    @property
    def server_address(self) -> str | None:
        """Where they reach the API server, if not on loopback."""
        ...

    def begin(self) -> None:
        """Start in the background what `prepare` needs and can be had while tools are built."""
        ...

    def prepare(self, toolchain: Toolchain, steps: Steps) -> None:
        """Have what takes long and outlives them: packages, images."""
        ...

    def stack_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """What a stack has to say otherwise to run on them, by configuration key."""
        ...

    def controller_configuration(self) -> list[Manifest]:
        """Objects that the control plane's kwok controller reads when it starts."""
        ...

    def manifests(self) -> list[Manifest]:
        """Objects to apply once the API server answers: the nodes, and what they need to join."""
        ...

    def start(self, access: Access, toolchain: Toolchain, steps: Steps) -> None:
        """Have them running; called when the API server has their objects."""
        ...

    def addons(self) -> list[Manifest]:
        """Objects to apply once all of them are ready: what runs on them beside the platform."""
        ...

    def missing(self) -> list[str]:
        """The names of what should run and does not."""
        ...

    def stop(self) -> None:
        """End them and remove what is theirs on this machine."""
        ...
