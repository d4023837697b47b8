"""A stack of another cluster: in the user's own backend, or, with nobody logged in, without one.

Without a login to Pulumi there is no state to compare with, and no ESC environment to open. What a
stack declares can be shown and judged all the same: as all of it would be made from nothing.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from local import commands, stack
from local.environment import Environment
from local.errors import LocalError
from local.progress import Steps

_NEEDS_LOGIN = "PULUMI_ACCESS_TOKEN must be set for login"
"""What the CLI says where it would ask for a login, if it may not ask."""

_NOBODY = """\
Nobody is logged in to Pulumi. Shown is all that stack {name} would make from nothing{without}.
After `pulumi login` it is compared with what there is."""


class Elsewhere:
    """The stack `name` of the program in the folder `program`, not of the embedded environment."""

    def __init__(self, environment: Environment, program: Path, name: str, steps: Steps) -> None:
        self._environment = environment
        self._program = program
        self._name = name
        self._steps = steps

    def up(self, *arguments: str) -> int:
        """Deploy with both policy packs, in the user's own backend; the CLI's exit code.

        Raises:
            LocalError: nobody is logged in, or the stack has no file, or one that cannot be read.
        """
        self._settings()
        own = self._prepare()
        if not self._logged_in(own):
            raise LocalError(
                f"Nobody is logged in to Pulumi: `pulumi login` first, then `make up "
                f"STACK={self._name}`. `make preview STACK={self._name}` works without."
            )
        return self._run("up", *arguments, variables=own)

    def preview(self, *arguments: str) -> int:
        """Show what `up` would change, or with nobody logged in all that it would make; the CLI's
        exit code.

        Raises:
            LocalError: the stack has no file, or one that cannot be read.
        """
        with self.ready() as (variables, state):
            # Of what is new, a difference is everything: thousands of lines.
            difference = ("--diff",) if state else ()
            return self._run("preview", *difference, *arguments, variables=variables)

    @contextmanager
    def ready(self) -> Iterator[tuple[dict[str, str], bool]]:
        """The environment in which the CLI previews the stack, and whether it has a state there.

        Raises:
            LocalError: the stack has no file, or one that cannot be read.
        """
        settings = self._settings()
        own = self._prepare()
        if self._logged_in(own):
            yield own, True
            return
        imports = settings.pop("environment", [])
        without = f", without ESC's {', '.join(map(str, imports))}" if imports else ""
        self._steps.say(_NOBODY.format(name=self._name, without=without))
        with tempfile.TemporaryDirectory(prefix="preview-") as folder:
            yield own | self._empty_backend(Path(folder), settings), False

    def _settings(self) -> dict[str, Any]:
        """What the stack's file says, read before anything is made or asked."""
        file = self._program / f"Pulumi.{self._name}.yaml"
        if not file.is_file():
            known = sorted(each.name.split(".")[1] for each in self._program.glob("Pulumi.*.yaml"))
            raise LocalError(f"There is no {file.name}; there are the stacks {', '.join(known)}.")
        try:
            return yaml.safe_load(file.read_text()) or {}
        except yaml.YAMLError as error:
            raise LocalError(f"{file.name} is no YAML: {error}") from None

    def _prepare(self) -> dict[str, str]:
        """Have the tools; the user's own environment, with them on its path."""
        self._environment.prepare()
        path = os.pathsep.join([str(self._environment.bin), os.environ.get("PATH", os.defpath)])
        return os.environ | {"PATH": path, "N8N_PLATFORM_CHANGE": stack.revision(self._program)}

    def _logged_in(self, variables: Mapping[str, str]) -> bool:
        """Whether the CLI has a backend. It is asked itself: it looks in half a dozen places."""
        asked = subprocess.run(
            (self._environment.bin / "pulumi", "whoami", "--non-interactive"),
            cwd=self._program,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return _NEEDS_LOGIN not in asked.stderr

    def _empty_backend(self, folder: Path, settings: Mapping[str, Any]) -> dict[str, str]:
        """A backend in a folder, with the stack in it; the variables that make the CLI use it."""
        project = yaml.safe_load((self._program / "Pulumi.yaml").read_text())["name"]
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": project, "runtime": "python"}))
        variables = self._environment.variables() | {"PULUMI_BACKEND_URL": folder.as_uri()}
        del variables["KUBECONFIG"]  # the stack's cluster is not the embedded one
        commands.output(
            (self._environment.bin / "pulumi", "stack", "init", self._name, "--non-interactive"),
            environment=os.environ | variables,
            folder=folder,
        )
        # Beside the project that it was called in the CLI has written the salt of its secrets.
        file = folder / f"Pulumi.{self._name}.yaml"
        file.write_text(yaml.safe_dump({**settings, **yaml.safe_load(file.read_text())}))
        return variables | {"PULUMI_OPTION_CONFIG_FILE": str(file)}

    def _run(self, *arguments: str, variables: Mapping[str, str]) -> int:
        return stack.run(
            self._environment.bin / "pulumi",
            *arguments,
            *("--stack", self._name, *stack.POLICY_PACKS),
            program=self._program,
            environment=variables,
        )
