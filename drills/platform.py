"""The platform on a control plane of the drill's own, as large as production's smallest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.redis import topology
from drills.cluster import Cluster, whole
from drills.nodes import StartingNodes
from local import stack
from local.environment import REPOSITORY, Environment
from local.errors import LocalError
from local.nodes import ZONES
from local.progress import Steps
from settings.sizing import REDIS_NODES

NAMESPACE = "n8n"
PODS: Mapping[str, int] = {"main": 1, "webhook": 3, "worker": 6, "redis": REDIS_NODES}
"""The pods of each tier: production's, before its autoscalers add any."""

SHARDS = topology.shards(topology.zones(ZONES))
"""The shards of Redis, and which pods hold them."""

_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "webhook": {"minReplicas": PODS["webhook"]},
    "worker": {"minReplicas": PODS["worker"]},
    # As in production, where RDS is in two zones. The local one is a single pod whose volume stays
    # in its zone: it would be lost with it.
    "database": {"mode": "external", "host": "database.drill.example", "maxConnections": 400},
}
_KEPT = ("platform", "governance", "n8n", "secrets")
"""Settings of the local stack that the drill takes over; all others are the defaults."""

_NOT_PROGRAM = (".git", ".local", "tests")
_DIAGNOSTICS = "\nDiagnostics:\n"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The platform, deployed.

    Attributes:
        cluster: where it is.
        steps: how to say what happens.
    """

    cluster: Cluster
    steps: Steps

    def zone_of_main(self) -> str:
        """The zone that main is in."""
        (main,) = self.cluster.sample(since=0).serving(NAMESPACE, "main")
        return self.cluster.zone_of[main.node]


@contextmanager
def deployed(steps: Steps) -> Iterator[Deployed]:
    """The platform in an environment that is removed at the end.

    Raises:
        LocalError: it cannot be deployed, with what Pulumi says went wrong.
    """
    with tempfile.TemporaryDirectory(prefix="drill-") as temporary:
        folder = Path(temporary)
        environment = Environment(folder / "environment", nodes=StartingNodes(), steps=steps)
        try:
            environment.start()
            _up(environment, _program(folder / "program"), steps)
            cluster = Cluster(environment)
            cluster.wait(lambda now: whole(now, NAMESPACE, PODS), "every tier is whole")
            yield Deployed(cluster=cluster, steps=steps)
        finally:
            environment.stop()


def _wrong(said: str) -> str:
    """What Pulumi says at its end of everything that went wrong; all of it, if it says nothing."""
    return said.rpartition(_DIAGNOSTICS)[2].strip()


def _program(folder: Path) -> Path:
    """The platform's program in a folder of its own, with the drill's settings."""
    folder.mkdir()
    for entry in REPOSITORY.iterdir():
        stack_file = entry.name.startswith("Pulumi.") and entry.name != "Pulumi.yaml"
        if entry.name not in _NOT_PROGRAM and not stack_file:
            (folder / entry.name).symlink_to(entry)
    committed = yaml.safe_load((REPOSITORY / f"Pulumi.{stack.NAME}.yaml").read_text())["config"]
    project = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["name"]
    kept = {key: committed[f"{project}:{key}"] for key in _KEPT}
    settings = {f"{project}:{key}": area for key, area in {**kept, **_SETTINGS}.items()}
    (folder / f"Pulumi.{stack.NAME}.yaml").write_text(yaml.safe_dump({"config": settings}))
    return folder


def _up(environment: Environment, program: Path, steps: Steps) -> None:
    variables = stack.Stack(environment, program, steps).ready()
    log = program.parent / "pulumi.log"
    with steps.step("Platform") as step, log.open("w") as output:
        step.detail("pulumi up")
        code = stack.run(
            environment.bin / "pulumi",
            *("up", "--yes", "--skip-preview", "--color", "never", "--non-interactive"),
            program=program,
            environment=variables,
            output=output,
            errors=output,
        )
        if code:
            raise LocalError(f"`pulumi up` failed:\n{_wrong(log.read_text())}")
        step.done(", ".join(f"{pods} {tier}" for tier, pods in PODS.items()))
