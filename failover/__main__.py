"""Takes a standby into work, or makes a standby of what worked before: `make failover STACK=…`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from esc.rotation.programs import PulumiEsc
from failover import pair, plan, record
from failover.checks import Checks, Finding, stopping
from failover.clock import Clock
from failover.errors import FailoverError
from failover.pair import Environment
from failover.plan import Step
from failover.programs import Aws, AwsCli, Pulumi, PulumiCli, answers
from failover.record import Record, Way
from failover.run import Runner
from local.progress import Steps
from settings import SettingsError
from settings.file import NoSuchStackError

REPOSITORY = Path(__file__).parents[1]

_AFTERWARDS: dict[Way, str] = {
    "takeover": """\
By hand, now: {commit}
  What was under way in {peer} is shown as `crashed`: docs/runbooks/region-loss.md, step 6.
  When {peer} is back, it stays shut out: docs/runbooks/fail-back.md.""",
    "back": """\
By hand, now: {commit}
  The old database stays in RDS: compare, then delete it, docs/runbooks/fail-back.md.
  Home again: `make failover STACK={stack}`, when the new one is less than 30 s behind.""",
}


@dataclass(frozen=True, kw_only=True)
class World:
    """What is outside of this process.

    Attributes:
        folder: the program's, with the stacks' files.
        aws: the AWS CLI.
        pulumi: the Pulumi CLI for a stack.
        esc: looks whether a stack's ESC environment can be had; raises RotationError.
        answers: whether a URL is answered.
        clock: the time.
    """

    folder: Path
    aws: AwsCli
    pulumi: Callable[[str], PulumiCli]
    esc: Callable[[Environment], None]
    answers: Callable[[str], bool]
    clock: Clock


def real() -> World:
    """The programs on PATH, in the caller's environment."""
    return World(
        folder=REPOSITORY,
        aws=Aws(environment=os.environ),
        pulumi=lambda stack: Pulumi(stack=stack, folder=REPOSITORY, environment=os.environ),
        esc=_look_into_esc,
        answers=answers,
        clock=Clock(),
    )


def _look_into_esc(own: Environment) -> None:
    esc = own.settings.esc
    PulumiEsc(
        name=f"{esc.organization}/{esc.project}/{esc.environment}",
        environment={**os.environ, "PULUMI_BACKEND_URL": esc.api_url.removesuffix("/api/esc")},
    ).check()


def main(arguments: Sequence[str], world: World, console: Console) -> int:
    """Check, show the plan, and with `--confirm` take its steps; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m failover", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack")
    parser.add_argument("--back", action="store_true", help="make it the standby of the other")
    parser.add_argument("--confirm", action="store_true", help="not only show the steps: take them")
    given = parser.parse_args(arguments)
    way: Way = "back" if given.back else "takeover"
    folder = world.folder / ".local" / "failover"
    try:
        own = pair.environment(given.stack, folder=world.folder)
    except (NoSuchStackError, SettingsError, FailoverError) as error:
        console.print(str(error), markup=False)
        return 1
    other = pair.partner(own, folder=world.folder)
    interrupted = record.unfinished(folder, stack=given.stack, now=world.clock.now)
    pulumi = world.pulumi(given.stack)
    checks = Checks(
        own=own,
        partner=other,
        aws=world.aws,
        pulumi=pulumi,
        esc=lambda: world.esc(own),
        clock=world.clock,
    )
    try:
        findings = (checks.back if given.back else checks.takeover)(interrupted)
    except KeyboardInterrupt:
        console.print("\nInterrupted. Nothing was changed.")
        return 130
    if stopping(findings):
        _print_findings(console, findings)
        console.print("Nothing was changed.")
        return 1
    noted = interrupted or record.new(
        folder,
        stack=given.stack,
        way=way,
        generation=own.aws.database.generation + given.back,
        now=world.clock.now,
    )
    # `back` without a partner stops above.
    steps = plan.back(own, other, noted.generation) if given.back and other else plan.takeover(own)
    _print_plan(console, steps, noted)
    _print_findings(console, findings)
    if not given.confirm:
        back = "--back " if given.back else ""
        console.print(
            "Nothing was changed. To do it: "
            f'make failover STACK={given.stack} ARGS="{back}--confirm"',
            markup=False,
        )
        return 0
    runner = Runner(
        own=own,
        aws=world.aws,
        pulumi=pulumi,
        answers=world.answers,
        record=noted,
        steps=Steps(console),
        clock=world.clock,
    )
    return _take(runner, steps, console)


def _take(runner: Runner, steps: Sequence[Step], console: Console) -> int:
    noted = runner.record
    try:
        runner.take(steps)
    except FailoverError as error:
        console.print(f"\n{error}\nThe same command goes on from there. {noted.path}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print(f"\nInterrupted. The same command goes on. {noted.path}", markup=False)
        return 130
    file = f"Pulumi.{noted.stack}.yaml"
    commit = f"`git add {file} && git commit -m 'Failover: {noted.stack}' && git push`"
    console.print(
        "\n"
        + _AFTERWARDS[noted.way].format(commit=commit, peer=runner.own.peer, stack=noted.stack)
        + f"\n  Timeline: {noted.path}",
        markup=False,
    )
    return 0


def _print_plan(console: Console, steps: Sequence[Step], noted: Record) -> None:
    console.print(f"{noted.stack}:", markup=False)
    for number, step in enumerate(steps, 1):
        done = " (done before)" if noted.did(step.key) else ""
        console.print(f"  {number}. {step.title}{done}", style="bold", markup=False)
        console.print(f"     takes    {step.takes}", markup=False)
        console.print(f"     changes  {step.changes}", markup=False)
        console.print(f"     undo     {step.undo}", markup=False)
    console.print()


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    for each in sorted(findings, key=lambda each: not each.stops):
        mark = "✗" if each.stops else "!"
        console.print(f"{mark} {each.text}", markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], real(), Console(highlight=False, soft_wrap=True)))
