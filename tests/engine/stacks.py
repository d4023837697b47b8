"""A stack as the tests use it: Pulumi's Automation API, with what it printed."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from pulumi import automation

from local.environment import REPOSITORY, Environment


class Stack:
    """A stack in a folder of its own, on a test's environment."""

    def __init__(self, environment: Environment, folder: Path, name: str) -> None:
        self._environment = environment
        self.folder = folder
        self.name = name
        self._stack = automation.create_or_select_stack(
            name,
            work_dir=str(folder),
            opts=automation.LocalWorkspaceOptions(
                env_vars=environment.pulumi_environment(),
                pulumi_command=automation.PulumiCommand(root=str(environment.bin.parent)),
            ),
        )

    def configure(self, values: Mapping[str, Any]) -> None:
        """Replace the stack's configuration; keys without their namespace."""
        file = self.folder / f"Pulumi.{self.name}.yaml"
        settings = yaml.safe_load(file.read_text()) if file.exists() else {}
        settings["config"] = {f"n8n-platform:{key}": value for key, value in values.items()}
        file.write_text(yaml.safe_dump(settings))

    def write_program(self, text: str) -> None:
        """Replace the stack's program."""
        (self.folder / "__main__.py").write_text(text)

    def up(self, **options: Any) -> automation.UpResult:
        """Deploy; raises `automation.CommandError` with everything that was printed."""
        return self._stack.up(color="never", **options)

    def preview(self, **options: Any) -> automation.PreviewResult:
        """Preview with differences; raises `automation.CommandError` likewise."""
        return self._stack.preview(color="never", diff=True, **options)

    def refresh(self) -> automation.RefreshResult:
        """Bring the state up to what the cluster holds."""
        return self._stack.refresh(color="never")

    def destroy(self) -> automation.DestroyResult:
        """Delete everything that the stack made."""
        return self._stack.destroy(color="never")

    def unprotect(self) -> None:
        """Let Pulumi delete everything that the stack made."""
        subprocess.run(
            ["pulumi", "state", "unprotect", "--all", "--yes", "--stack", self.name],
            cwd=self.folder,
            env=self._environment.pulumi_environment(),
            capture_output=True,
            check=True,
        )

    @property
    def locks(self) -> Path:
        """The folder in which the backend keeps the stack's locks."""
        project = yaml.safe_load((self.folder / "Pulumi.yaml").read_text())["name"]
        return self._environment.state / ".pulumi" / "locks" / "organization" / project / self.name

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables with which a plain CLI works on this stack."""
        return self._environment.pulumi_environment()

    def hold_lock(self) -> Path:
        """Lock the stack as another update would that runs in this process; the lock's file."""
        self.locks.mkdir(parents=True, exist_ok=True)
        lock = self.locks / f"{uuid4()}.json"
        holder = {
            "pid": os.getpid(),
            "username": "another",
            "hostname": socket.gethostname(),
            "timestamp": datetime.now(UTC).isoformat(),
        }
        lock.write_text(json.dumps(holder))
        return lock

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        return (self._stack.export_stack().deployment or {}).get("resources", [])

    def resources_with_secrets(self) -> list[dict[str, Any]]:
        """The resources in the stack's state, secrets in plain text."""
        exported = subprocess.run(
            ["pulumi", "stack", "export", "--show-secrets", "--stack", self.name],
            cwd=self.folder,
            env=self._environment.pulumi_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(exported.stdout)["deployment"]["resources"]

    def state_text(self) -> str:
        """The state as it is stored, encrypted values included."""
        file = self._environment.state / ".pulumi" / "stacks"
        return next(file.rglob(f"{self.name}.json")).read_text()


_NOT_PROGRAM = (".git", ".local", ".pytest_cache", ".ruff_cache", ".hypothesis", "tests")


def link_program(folder: Path) -> Path:
    """The platform's program in a new folder, without its stack files."""
    folder.mkdir(exist_ok=True)
    for entry in REPOSITORY.iterdir():
        stack_file = entry.name.startswith("Pulumi.") and entry.name != "Pulumi.yaml"
        if entry.name not in _NOT_PROGRAM and not stack_file:
            (folder / entry.name).symlink_to(entry)
    return folder


def failure(action: Callable[[], object]) -> str:
    """What the CLI printed when the action failed.

    Raises:
        AssertionError: if it did not fail.
    """
    try:
        action()
    except automation.CommandError as error:
        return str(error)
    raise AssertionError("it succeeded")
