"""Pulumi's CLI on the stack of the running platform, as `make up` uses it."""

import subprocess
from pathlib import Path

from local.environment import REPOSITORY, Environment
from local.progress import Steps
from local.stack import Stack


def pulumi(environment: Environment, *arguments: str, settings: Path | None = None) -> str:
    """Run the CLI; what it printed.

    Args:
        environment: of the stack.
        arguments: for the CLI.
        settings: file with the stack's settings, instead of those that `make up` wrote.
    """
    variables = Stack(environment, REPOSITORY, Steps()).environment_variables()
    if settings:
        variables["PULUMI_OPTION_CONFIG_FILE"] = str(settings)
    result = subprocess.run(
        [environment.bin / "pulumi", *arguments, "--non-interactive"],
        cwd=REPOSITORY,
        env=environment.pulumi_environment() | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout
