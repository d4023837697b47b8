"""The Pulumi stack of an embedded environment: its settings, its lock, and the CLI calls on it."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import yaml

from local import commands, processes
from local.environment import Environment
from local.errors import LocalError
from local.progress import Steps

NAME = "local"
"""The stack of the embedded environment; every other stack is deployed to a cluster of its own."""

POLICY_PACKS = ("--policy-pack", "policies/soc2", "--policy-pack", "policies/gdpr")
"""Arguments of the CLI with which a change that breaks a control is refused, in the program."""

_SALT = "encryptionsalt"


class Stack:
    """The stack `local` of the program in the folder `program`, in an environment's backend."""

    def __init__(self, environment: Environment, program: Path, steps: Steps) -> None:
        self._environment = environment
        self._program = program
        self._steps = steps
        self._committed = program / f"Pulumi.{NAME}.yaml"
        self._settings = environment.stack_settings

    def up(self, *arguments: str) -> int:
        """Deploy without questions, with more arguments for the CLI; its exit code."""
        self._prepare()
        interrupted = self._has_pending_creations()
        if interrupted:
            self._steps.say(
                "An earlier run was interrupted while it created objects: this one takes over "
                "those that exist."
            )
        code = self._run("up", "--yes", *POLICY_PACKS, *arguments, force=interrupted)
        if code == 0 and interrupted:
            # Only now: if this run is interrupted too, the next one has to know.
            code = self._run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        return code

    def preview(self, *arguments: str) -> int:
        """Show what `up` would change; the CLI's exit code."""
        self._prepare()
        return self._run("preview", "--diff", *POLICY_PACKS, *arguments)

    def ready(self) -> dict[str, str]:
        """Have the stack in the backend; the environment in which the CLI works on it."""
        self._prepare()
        return self._environment.pulumi_environment() | self.environment_variables()

    def environment_variables(self) -> dict[str, str]:
        """Variables with which a plain `pulumi` works on this stack."""
        return self._environment.variables() | {
            "PULUMI_STACK": NAME,
            # The CLI takes every flag as a variable, too. It writes the salt of the stack's secrets
            # into this file, and would otherwise write it into the committed one.
            "PULUMI_OPTION_CONFIG_FILE": str(self._settings),
        }

    @property
    def _pulumi(self) -> Path:
        return self._environment.bin / "pulumi"

    @cached_property
    def _project(self) -> str:
        return yaml.safe_load((self._program / "Pulumi.yaml").read_text())["name"]

    @property
    def _state(self) -> Path:
        return self._environment.state / ".pulumi" / "stacks" / self._project / f"{NAME}.json"

    def _run(self, *arguments: str, force: bool = False) -> int:
        environment = self._environment.pulumi_environment() | self.environment_variables()
        if force:
            environment["PULUMI_K8S_ENABLE_PATCH_FORCE"] = "true"
        return run(self._pulumi, *arguments, program=self._program, environment=environment)

    def _prepare(self) -> None:
        """Have the stack in the backend, its settings, and no lock that nobody holds."""
        with self._environment.locked():
            self._have_stack()
        locks = self._environment.state / ".pulumi" / "locks" / "organization"
        for remark in release_stale_locks(locks / self._project / NAME):
            self._steps.say(remark)

    def _have_stack(self) -> None:
        if not self._state.is_file():
            with self._steps.step("Pulumi stack") as step:
                self._call("stack", "init", NAME, "--no-select")
                self._write_settings(self._salt_of_state())
                step.done("created")
        elif not self._settings.is_file():
            self._write_settings(self._salt_of_state())
        else:
            self._write_settings(yaml.safe_load(self._settings.read_text())[_SALT])

    def _has_pending_creations(self) -> bool:
        latest = json.loads(self._state.read_text())["checkpoint"].get("latest") or {}
        pending = latest.get("pending_operations") or []
        return any(operation["type"] == "creating" for operation in pending)

    def _salt_of_state(self) -> str:
        exported = json.loads(self._call("stack", "export", "--stack", NAME))
        return exported["deployment"]["secrets_providers"]["state"]["salt"]

    def _call(self, *arguments: str) -> str:
        """Run the CLI in an empty project of the same name, so that it can write no settings."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "Pulumi.yaml").write_text(
                yaml.safe_dump({"name": self._project, "runtime": "python"})
            )
            return commands.output(
                (self._pulumi, *arguments, "--non-interactive"),
                environment=self._environment.pulumi_environment(),
                folder=Path(folder),
            )

    def _write_settings(self, salt: str) -> None:
        committed = yaml.safe_load(self._committed.read_text()) if self._committed.is_file() else {}
        settings = {
            **self._environment.nodes.stack_settings(),
            "governance": {"change": revision(self._program)},
        }
        replaced = {f"{self._project}:{key}": area for key, area in settings.items()}
        partial = self._settings.with_suffix(".partial")
        partial.write_text(
            f"# Made from {self._committed.name} at every run: change that file instead.\n"
            + yaml.safe_dump(merged_settings(committed or {}, salt, replaced), sort_keys=False)
        )
        partial.rename(self._settings)


def revision(program: Path) -> str:
    """The commit that a program is at, with a mark where it was changed since."""
    try:
        return commands.output(("git", "describe", "--always", "--dirty"), folder=program).strip()
    except (LocalError, FileNotFoundError):
        return "not under version control"


def merged_settings(
    committed: Mapping[str, Any], salt: str, replaced: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The committed settings of a stack with what is otherwise in this environment.

    Args:
        committed: content of the stack's file.
        salt: that the stack's secrets are encrypted with here.
        replaced: settings that take the place of committed ones, by configuration key.
    """
    config = dict(committed.get("config") or {})
    for key, settings in replaced.items():
        config[key] = {**(config.get(key) or {}), **settings}
    return {**committed, _SALT: salt, "config": config}


def release_stale_locks(folder: Path) -> list[str]:
    """Delete the stack's locks whose holder on this machine is gone, and say so.

    The lock of a running process, or of another machine, stays: the CLI then says who holds it.
    """
    remarks = []
    for lock in sorted(folder.glob("*.json")):
        try:
            holder = json.loads(lock.read_text())
        except (OSError, ValueError):
            continue  # being written, or just released
        if holder["hostname"] == socket.gethostname() and not processes.is_running(holder["pid"]):
            lock.unlink(missing_ok=True)
            lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
            remarks.append(
                f"Released the stack's lock of {holder['timestamp']}: process {holder['pid']}, "
                "which held it, is gone."
            )
    return remarks


def run(
    pulumi: Path,
    *arguments: str,
    program: Path,
    environment: Mapping[str, str],
    output: IO[str] | None = None,
    errors: IO[str] | None = None,
) -> int:
    """Run the CLI and wait for its end, also after Ctrl-C; its exit code.

    It prints on this terminal, or into the files `output` and `errors`.
    """
    with subprocess.Popen(
        (pulumi, *arguments), cwd=program, env=environment, stdout=output, stderr=errors
    ) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The terminal interrupts the CLI as well: it finishes what it began and ends.
                continue
