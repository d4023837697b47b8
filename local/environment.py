"""One embedded environment: toolchain, control plane and plugins, with every file in one folder.

`make up` uses `.local` of the checkout; a test makes one of its own in any other folder:

    environment = Environment(tmp_path)
    environment.start()
    subprocess.run(["pulumi", …], env=environment.pulumi_environment())
    environment.stop()
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from local.control_plane.cluster import ControlPlane
from local.errors import LocalError
from local.lock import exclusive
from local.nodes import Nodes
from local.nodes.simulated import SimulatedNodes
from local.progress import Steps
from local.toolchain import plugins
from local.toolchain.pins import TOOLS
from local.toolchain.resolve import LANGUAGE_HOST, Toolchain, resolve

REPOSITORY = Path(__file__).parents[1]
"""This checkout."""

# A user's own settings that would make the CLI do something else than an environment says.
_NOT_INHERITED = (
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_IGNORE_AMBIENT_PLUGINS",
    "PULUMI_STACK",
)


class Environment:
    """The embedded environment in `directory`, which is made when it is first used."""

    def __init__(
        self, directory: Path, *, nodes: Nodes | None = None, steps: Steps | None = None
    ) -> None:
        self.directory = directory.resolve()
        self.nodes = nodes or SimulatedNodes()
        self.control_plane = ControlPlane(self.directory, nodes=self.nodes)
        self._steps = steps or Steps()

    @property
    def kubeconfig(self) -> Path:
        """How to reach the control plane; exists once it was started."""
        return self.control_plane.kubeconfig

    @property
    def bin(self) -> Path:
        """Folder for PATH: the toolchain, and the stand-in plugins where they are needed."""
        return self.directory / "bin"

    @property
    def state(self) -> Path:
        """Folder of Pulumi's file backend."""
        return self.directory / "state"

    @property
    def stack_settings(self) -> Path:
        """The settings of the stack `local` as the CLI reads them, with its encryption salt."""
        return self.directory / "Pulumi.local.yaml"

    @cached_property
    def toolchain(self) -> Toolchain:
        """The tools, resolved (downloaded or built, if need be) when first asked for."""
        return resolve(self._steps, (*TOOLS, *self.nodes.tools))

    def prepare(self) -> None:
        """Have all that outlives a control plane: tools, plugins, images, the CLI's folders."""
        self.nodes.begin()
        toolchain = self.toolchain
        self.state.mkdir(parents=True, exist_ok=True)
        # The folder holds keys of the cluster and of the stack.
        self.directory.chmod(0o700)
        self._passphrase()
        toolchain.link(self.bin)
        with self._steps.step("Pulumi plugins") as step:
            plugins.provide(toolchain, self.bin, REPOSITORY, step)
        self.nodes.prepare(toolchain, self._steps)

    def start(self) -> None:
        """Prepare, and have the control plane and its nodes running."""
        self._refuse_other_nodes()
        self.prepare()
        with self.locked():
            self._kind.write_text(self.nodes.kind)
            with self._steps.step("Control plane") as step:
                access = self.control_plane.start(self.toolchain, step)
            self.nodes.start(access, self.toolchain, self._steps)
            with self._steps.step("Nodes") as step:
                self.control_plane.complete(self.toolchain, step)
                step.done(f"{self.nodes.description}, ready")

    def stop(self) -> None:
        """Stop nodes and control plane, and delete them and the state of what was deployed there.

        The toolchain and the passphrase stay.
        """
        with self.locked(), self._steps.step("Control plane and nodes") as step:
            existed = self.control_plane.exists()
            step.detail("nodes")
            self.nodes.stop()
            step.detail("control plane")
            self.control_plane.remove()
            self._kind.unlink(missing_ok=True)
            shutil.rmtree(self.state, ignore_errors=True)
            self.stack_settings.unlink(missing_ok=True)
            step.done("stopped and removed" if existed else "there was none")

    @property
    def _kind(self) -> Path:
        """Says which kind of nodes the environment was started with."""
        return self.directory / "nodes-kind"

    def started_with(self) -> str | None:
        """The kind of nodes that it was started with, if it was."""
        return self._kind.read_text() if self._kind.is_file() else None

    def _refuse_other_nodes(self) -> None:
        earlier = self.started_with()
        if earlier and earlier != self.nodes.kind:
            raise LocalError(
                f"This environment has {earlier} nodes: `make down` first, or "
                f"`make up NODES={earlier}`."
            )

    def pulumi_environment(self) -> dict[str, str]:
        """Environment variables for the Pulumi CLI and what it starts."""
        inherited = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
        return inherited | self.variables()

    def variables(self) -> dict[str, str]:
        """Those of `pulumi_environment` that are this environment's own."""
        # Stand-ins are needed where nothing can be downloaded: do not try for other packages.
        offline = (self.bin / LANGUAGE_HOST).is_file()
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": os.pathsep.join([str(self.bin), os.environ.get("PATH", os.defpath)]),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase()),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true" if offline else "false",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _passphrase(self) -> Path:
        """The file of the passphrase that encrypts the stack's secrets; generated once."""
        file = self.directory / "passphrase"
        if not file.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.touch(mode=0o600)
            partial.write_text(secrets.token_urlsafe(32))
            partial.rename(file)
        return file

    def locked(self) -> AbstractContextManager[None]:
        """Keep other commands out of this environment's files while the body runs."""
        return exclusive(
            self.directory / "lock",
            on_wait=lambda: self._steps.say("Waiting for another command that works on this."),
        )
