"""`pulumi` and `kubectl`, run so that no value can be seen."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esc.definition import ENCRYPTION_KEY
from esc.rotation.errors import RotationError


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    secret: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    Args:
        command: program and arguments.
        environment: its environment variables.
        secret: what it reads from its standard input.

    Raises:
        RotationError: it is not there, or failed; with what it said, less the secret.
    """
    try:
        result = subprocess.run(
            command,
            env=dict(environment),
            input=secret or "",
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise RotationError(
            f"{command[0]} is not on PATH: install it, or take this checkout's with "
            '`PATH="$PWD/.local/bin:$PATH"`.'
        ) from None
    if result.returncode:
        said = _without(result.stderr.strip(), secret)
        raise RotationError(f"`{' '.join(command)}` failed: {said}")
    return result


def _without(text: str, secret: str | None) -> str:
    """A program's words without the value that it was given, as it is or quoted."""
    for form in (secret, json.dumps(secret)[1:-1]) if secret else ():
        text = text.replace(form, "[secret]")
    return text


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """The cluster's namespace of a stack.

    Attributes:
        context: of the kubeconfig; empty for its current one.
        namespace: of the platform.
        environment: variables for the program.
    """

    context: str
    namespace: str
    environment: Mapping[str, str]

    def __call__(self, *arguments: str) -> str:
        """What a call prints."""
        return run(
            (
                "kubectl",
                *(("--context", self.context) if self.context else ()),
                *("--namespace", self.namespace),
                *arguments,
            ),
            environment=self.environment,
        ).stdout

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that `kubectl get` finds with these arguments."""
        return json.loads(self("get", *arguments, "--output", "json"))["items"]

    def object(self, *arguments: str) -> dict[str, Any]:
        """The one object that a call prints."""
        return json.loads(self(*arguments, "--output", "json"))


@dataclass(frozen=True, kw_only=True)
class PulumiEsc:
    """The ESC environment of a stack.

    Attributes:
        name: `organization/project/environment`.
        environment: variables for the program.
    """

    name: str
    environment: Mapping[str, str]

    def check(self) -> None:
        """See that the environment is there and may be looked at; nobody's values are read.

        Raises:
            RotationError: it is not.
        """
        self._run("env", "version", f"{self.name}@latest")

    def write(self, key: str, value: str) -> None:
        """Set a key to a secret value.

        Raises:
            RotationError: it was not set; or perhaps not, as the program had something to say.
        """
        if key == ENCRYPTION_KEY:
            raise RotationError(f"{ENCRYPTION_KEY} is never replaced.")
        # `--string`: otherwise a value is read as YAML, and one that looks like a number crashes
        # the CLI (pulumi 3.259.0, pkg/cmd/esc/cli/env_set.go).
        arguments = ("env", "set", self.name, key, "--secret", "--string", "--file", "-")
        said = self._run(*arguments, secret=value).stderr.strip()
        # It ends with 0, too, if ESC refuses the new definition and says why.
        if said:
            raise RotationError(
                f"Pulumi ESC may not have taken {key}: {_without(said, value)}\nIs there a new "
                f"revision? `pulumi env version history {self.name}`"
            )

    def read(self, key: str) -> str:
        """A key's value; for writing it under another key.

        Raises:
            RotationError: it cannot be read, or is empty.
        """
        opened = self._run("env", "open", self.name, key, "--format", "string")
        value = opened.stdout.strip()
        if not value:
            raise RotationError(
                f"{key} cannot be read from {self.name}, or is empty there. {opened.stderr.strip()}"
            )
        return value

    def _run(self, *arguments: str, secret: str | None = None) -> subprocess.CompletedProcess[str]:
        return run(
            ("pulumi", *arguments, "--non-interactive", "--color", "never"),
            environment={**self.environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            secret=secret,
        )
