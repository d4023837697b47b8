"""Which kind of nodes an environment has."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from local.nodes import Nodes
from local.nodes.real import RealNodes
from local.nodes.simulated import SimulatedNodes

KINDS = (RealNodes.kind, SimulatedNodes.kind)
"""What can be asked for."""


def nodes(directory: Path, kind: str) -> Nodes:
    """Nodes of a kind for the environment in `directory`."""
    return RealNodes(directory) if kind == RealNodes.kind else SimulatedNodes()


def obstacle() -> str | None:
    """Why this machine cannot have real nodes; None if it can, as far as is seen from outside."""
    if platform.system() != "Linux":
        return f"this is {platform.system()} and not Linux"
    if os.geteuid() != 0:
        return "this is not root"
    return None
