"""Replaces a key of a stack's Pulumi ESC environment: `make rotate KEY=… STACK=…`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from getpass import getpass
from pathlib import Path

from rich.console import Console

from esc import definition
from esc.definition import FOLDER, DefinitionError
from esc.rotated import record, writing
from esc.rotated.record import RecordError
from esc.rotation import keys
from esc.rotation.errors import RotationError
from esc.rotation.keys import RUNBOOK, GeneratedKey, RedisPassword, Rotated, VendorKey
from esc.rotation.plan import Step, plan
from esc.rotation.programs import Kubectl, PulumiEsc
from esc.rotation.run import Runner
from local.progress import Steps
from settings import Settings, SettingsError
from settings.file import NoSuchStackError, load_file

_GOES_ON: Mapping[type[Rotated], str] = {
    VendorKey: "The old key is still valid: don't delete it. The same command goes on; if Pulumi "
    "ESC has the new value already, just press Enter where it is asked for.",
    GeneratedKey: "Pods that run keep what they started with. The same command begins again, with "
    "another value.",
    RedisPassword: "What is in use is still accepted. The same command goes on where this one "
    "stopped.",
}

_DONE: Mapping[type[Rotated], str] = {
    VendorKey: "Every pod that was restarted uses the new key. What is left:",
    GeneratedKey: "Everything in the cluster uses the new value.",
    RedisPassword: "Everything uses the new password, and Redis refuses the old one.",
}


def main(arguments: Sequence[str]) -> int:
    """Show the plan, and take its steps; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m esc.rotation", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack")
    parser.add_argument("--dry-run", action="store_true", help="show the steps, change nothing")
    parser.add_argument(
        "keys", nargs="+", metavar="KEY", help="name in ESC; several for the parts of one key"
    )
    given = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    try:
        settings = load_file(given.stack)
        rotated = keys.find(settings, given.keys)
    except (NoSuchStackError, SettingsError, DefinitionError, RotationError) as error:
        console.print(str(error), markup=False)
        return 1
    runner = _runner(settings, console)
    if given.dry_run:
        return show(runner, rotated, console)
    return replace(runner, rotated, console, folder=FOLDER)


def _runner(settings: Settings, console: Console) -> Runner:
    esc, platform = settings.esc, settings.platform
    return Runner(
        esc=PulumiEsc(
            name=f"{esc.organization}/{esc.project}/{esc.environment}",
            # Where the cluster reads, whatever backend the shell has chosen for stacks.
            environment={
                **os.environ,
                "PULUMI_BACKEND_URL": esc.api_url.removesuffix("/api/esc"),
            },
        ),
        kubectl=Kubectl(
            context=platform.context, namespace=platform.namespace, environment=os.environ
        ),
        ask=getpass,
        steps=Steps(console),
    )


def show(runner: Runner, rotated: Rotated, console: Console) -> int:
    """Print the plan, as far as the cluster can be asked now."""
    found = None
    try:
        found = runner.find(rotated.names)
    except RotationError as error:
        console.print(f"What reads it is not known: {error}\n", markup=False)
    _print(console, rotated, plan(rotated, environment=runner.esc.name, found=found))
    console.print("Nothing was changed.")
    return 0


def replace(runner: Runner, rotated: Rotated, console: Console, *, folder: Path) -> int:
    """Print the plan, take its steps, and write down the day; the exit code.

    Args:
        runner: what the steps are taken with.
        rotated: what is replaced.
        console: where it is said.
        folder: where definitions of environments are, and the record of their keys' age.
    """
    try:
        runner.esc.check()
        found = runner.find(rotated.names)
        word = runner.word(rotated.user) if isinstance(rotated, RedisPassword) else "settled"
    except RotationError as error:
        console.print(f"{error}\nNothing was changed.", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted. Nothing was changed.")
        return 130
    steps = plan(rotated, environment=runner.esc.name, found=found, word=word)
    _print(console, rotated, steps)
    try:
        if not isinstance(rotated, VendorKey):
            # A vendor's key is asked for before anything changes; here nothing else would be.
            console.input("Press Enter to begin, Ctrl-C to leave everything as it is. ")
        runner.take(steps)
    except RotationError as error:
        console.print(f"\n{error}\n{_GOES_ON[type(rotated)]} See {RUNBOOK}.", markup=False)
        return 1
    except (KeyboardInterrupt, EOFError):
        console.print(f"\nInterrupted. {_GOES_ON[type(rotated)]}", markup=False)
        return 130
    console.print()
    _write_down(runner.esc.name, rotated.names, folder, console)
    console.print(_DONE[type(rotated)], markup=False)
    if not steps[-1].actions:
        _print_step(console, len(steps), steps[-1])
    return 0


def _write_down(name: str, keys: Sequence[str], folder: Path, console: Console) -> None:
    """Write today's date beside the keys that are secrets; without it they are replaced all the
    same.

    Args:
        name: of the environment, as `organization/project/environment`.
        keys: that were replaced.
        folder: where definitions and the record are.
    """
    _, project, environment = name.split("/")
    secrets = definition.load(project, environment, folder=folder).secrets
    days = {key: record.today() for key in keys if key in secrets}
    if not days:
        return
    where = f"{project}/{environment}"
    try:
        writing.write(where, days, folder=folder)
    except (OSError, RecordError) as error:
        console.print(
            f"The day could not be written into {record.NAME}: {error}\nThe key is replaced all "
            f"the same. Write there, and commit:\n{writing.lines(where, days)}",
            markup=False,
        )
        return
    console.print(
        f"{record.NAME} says that {' and '.join(days)} was replaced today: commit it. With the "
        "next deployment the alert N8nKeyRotationDue knows.",
        markup=False,
    )


def _print(console: Console, rotated: Rotated, steps: Sequence[Step]) -> None:
    console.print(f"To replace {' and '.join(rotated.names)}:", markup=False)
    for number, step in enumerate(steps, 1):
        _print_step(console, number, step)
    console.print()


def _print_step(console: Console, number: int, step: Step) -> None:
    console.print(f"  {number}. {step.title}", style="bold", markup=False)
    for detail in step.details:
        console.print(f"     {detail}", markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
