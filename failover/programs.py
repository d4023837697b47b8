"""`aws` and `pulumi`, and a request to the platform."""

import json
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from failover.errors import FailoverError
from local import stack as pulumi_stack

_ANSWER_SECONDS = 5

_REFUSED = b'"message":"The requested webhook '
"""What n8n says of a webhook that nobody has; the whole of it is probed for in
components/monitoring/blackbox.py."""


class AwsCli(Protocol):
    """The AWS CLI."""

    def __call__(self, region: str, service: str, operation: str, *arguments: str) -> Any:
        """What a call answers.

        Raises:
            FailoverError: it failed.
        """
        ...

    def invoke(self, region: str, function: str) -> Any:
        """What a function of Lambda answers.

        Raises:
            FailoverError: it could not be called, or failed.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Aws:
    """The AWS CLI on PATH, with the caller's credentials.

    Attributes:
        environment: variables for the program.
    """

    environment: Mapping[str, str]

    def __call__(self, region: str, service: str, operation: str, *arguments: str) -> Any:
        """As `AwsCli`."""
        said = _run(
            (
                *("aws", service, operation, *arguments),
                *("--region", region, "--output", "json"),
                # A lost region does not refuse, it is silent.
                *("--cli-connect-timeout", "5", "--cli-read-timeout", "20"),
            ),
            environment={
                **self.environment,
                "AWS_PAGER": "",
                "AWS_MAX_ATTEMPTS": "2",
                # Older ones ask in us-east-1.
                "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            },
        )
        return json.loads(said) if said.strip() else {}

    def invoke(self, region: str, function: str) -> Any:
        """As `AwsCli`."""
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder) / "answer"
            call = self(region, "lambda", "invoke", "--function-name", function, str(answer))
            payload = json.loads(answer.read_text() or "null")
        if call.get("FunctionError"):
            said = payload.get("errorType") if isinstance(payload, dict) else None
            raise FailoverError(
                f"{function} in {region} failed: {said or call['FunctionError']}. Its log: "
                f"`aws logs tail /aws/lambda/{function} --region {region}`"
            )
        return payload


class PulumiCli(Protocol):
    """The Pulumi CLI, for one stack."""

    def configure(self, settings: Mapping[str, str | None]) -> None:
        """Write settings into the stack's file, or take those that are None out; all or nothing."""
        ...

    def up(self) -> None:
        """Deploy, without questions."""
        ...

    def refresh(self, urns: Sequence[str]) -> None:
        """Bring these resources of the state up to what there is."""
        ...

    def state(self) -> dict[str, Any]:
        """The stack's state; secrets in it stay encrypted."""
        ...

    def replace_state(self, state: Mapping[str, Any]) -> None:
        """Put another state in its place."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pulumi:
    """The Pulumi CLI on PATH, with the caller's backend.

    Attributes:
        stack: the stack.
        folder: the program's.
        environment: variables for the program.
    """

    stack: str
    folder: Path
    environment: Mapping[str, str]

    def configure(self, settings: Mapping[str, str | None]) -> None:
        """As `PulumiCli`.

        The CLI changes a copy, and keeps comments and order. In the file itself one change without
        the next would be settings that cannot be loaded.
        """
        file = self.folder / f"Pulumi.{self.stack}.yaml"
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            copy = Path(folder) / file.name
            copy.write_bytes(file.read_bytes())
            for path, value in settings.items():
                change = ("rm", path) if value is None else ("set", path, value)
                self._call("config", *change, "--path", "--config-file", str(copy))
            copy.replace(file)

    def up(self) -> None:
        """As `PulumiCli`.

        Without the policy packs: an exception that has run out must not keep a region down. The
        next `make up` has them.

        Raises:
            FailoverError: it failed.
        """
        code = pulumi_stack.run(
            Path("pulumi"),
            *("up", "--yes", "--skip-preview", "--stack", self.stack),
            program=self.folder,
            environment={
                **self._variables(),
                "N8N_PLATFORM_CHANGE": pulumi_stack.revision(self.folder),
            },
        )
        if code:
            raise FailoverError(
                f"`pulumi up` of {self.stack} ended with {code}; it says why above. Does it say "
                f"that the stack is locked by a run that is gone: `pulumi cancel {self.stack}`"
            )

    def refresh(self, urns: Sequence[str]) -> None:
        """As `PulumiCli`."""
        targets = [each for urn in urns for each in ("--target", urn)]
        self._call("refresh", "--yes", "--skip-preview", *targets)

    def state(self) -> dict[str, Any]:
        """As `PulumiCli`."""
        return json.loads(self._call("stack", "export"))

    def replace_state(self, state: Mapping[str, Any]) -> None:
        """As `PulumiCli`."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state.json"
            file.write_text(json.dumps(state))
            self._call("stack", "import", "--file", str(file))

    def _call(self, *arguments: str) -> str:
        return _run(
            ("pulumi", *arguments, "--stack", self.stack, "--non-interactive", "--color", "never"),
            environment=self._variables(),
            folder=self.folder,
        )

    def _variables(self) -> dict[str, str]:
        return {**self.environment, "PULUMI_SKIP_UPDATE_CHECK": "true"}


def answers(url: str) -> bool:
    """Whether a webhook pod answers: with 200, or by refusing a webhook that nobody has.

    A gateway's own 404, of a path that leads nowhere, has no such words.
    """
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as response:  # noqa: S310 -- https
            return response.status == 200
    except urllib.error.HTTPError as error:
        return error.code == 404 and _REFUSED in error.read()
    except (urllib.error.URLError, OSError):
        return False


def _run(
    command: tuple[str, ...], *, environment: Mapping[str, str], folder: Path | None = None
) -> str:
    try:
        result = subprocess.run(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise FailoverError(f"{command[0]} is not on PATH.") from None
    if result.returncode:
        raise FailoverError(f"`{' '.join(command[:3])}` failed: {result.stderr.strip()}")
    return result.stdout
