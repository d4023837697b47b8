"""The commands of the embedded environment: `python -m local COMMAND`; see the Makefile."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console

from local import commands, evidence, stack
from local.addons import monitoring
from local.elsewhere import Elsewhere
from local.environment import REPOSITORY, Environment
from local.errors import LocalError
from local.n8n import first_use, logs
from local.n8n.logs import NAMESPACE
from local.nodes import choose
from local.nodes.real import RealNodes
from local.nodes.simulated import SimulatedNodes
from local.progress import Steps

_FOLDER = REPOSITORY / ".local"


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--stack", default=stack.NAME, help="the stack (default: %(default)s)")
    parser.add_argument("--nodes", default="", help="real or simulated (default: what there is)")
    parser.add_argument("--tier", default="worker", help="whose logs (default: %(default)s)")
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("more", nargs="*", help="after `--`: more arguments for `pulumi`")
    given = parser.parse_args(arguments)
    steps = Steps()
    try:
        return _COMMANDS[given.command](Commands(given, steps))
    except LocalError as error:
        steps.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        steps.say("\nInterrupted. The same command goes on from here.")
        return 130


class Commands:
    """What each command does."""

    def __init__(self, given: argparse.Namespace, steps: Steps) -> None:
        self._stack_name: str = given.stack
        self._more: Sequence[str] = given.more
        self._tier: str = given.tier
        self._steps = steps
        self._environment = Environment(
            _FOLDER, nodes=choose.nodes(_FOLDER, self._kind(given.nodes)), steps=steps
        )

    def up(self) -> int:
        """Deploy the stack; `local` to the embedded control plane, which is started first."""
        if self._stack_name != stack.NAME:
            return self._elsewhere().up(*self._more)
        self._environment.start()
        code = self._stack().up(*self._more)
        if code == 0 and self._environment.nodes.kind == RealNodes.kind:
            self._provide_receiver()
            self._steps.say(first_use.prepare(self._environment, self._steps))
        elif code == 0:
            self._steps.say(_UP.format(nodes=self._environment.nodes.description))
        return code

    def preview(self) -> int:
        """Show what `up` would change."""
        if self._stack_name != stack.NAME:
            return self._elsewhere().preview(*self._more)
        self._environment.start()
        return self._stack().preview(*self._more)

    def evidence(self) -> int:
        """Preview with both policy packs, and report what they decided."""
        if self._stack_name == stack.NAME:
            self._environment.start()
            return self._report(self._stack().ready(), state=True)
        with self._elsewhere().ready() as (environment, state):
            return self._report(environment, state=state)

    def status(self) -> int:
        """Say what runs; 0 if the control plane does, as a whole."""
        control_plane = self._environment.control_plane
        if not control_plane.exists():
            self._steps.say("There is no control plane. `make up` starts one.")
            return 1
        missing = control_plane.missing_servers() + self._environment.nodes.missing()
        if missing:
            self._steps.say(
                f"The cluster is not whole: {', '.join(missing)} ended. `make up` restarts it with "
                "its data."
            )
            return 1
        self._steps.say(
            f"The control plane runs, with {self._environment.nodes.description}. Who did what on "
            f"it: {control_plane.audit_log}"
        )
        return subprocess.run(
            (self._environment.bin / "kubectl", "get", "nodes,pods", "--all-namespaces"),
            env=self._environment.pulumi_environment(),
            check=False,
        ).returncode

    def logs(self) -> int:
        """Follow what the pods of a tier say."""
        return stack.run(
            self._environment.bin / "kubectl",
            *logs.arguments(self._tier),
            program=REPOSITORY,
            environment=self._environment.pulumi_environment(),
        )

    def down(self) -> int:
        """Remove the control plane, everything that was deployed to it, and the stack's state."""
        self._environment.stop()
        self._steps.say("Nothing of this checkout runs any more. `make up` starts afresh.")
        return 0

    def tools(self) -> int:
        """Have the toolchain and the plugins, without a control plane."""
        self._environment.prepare()
        return 0

    def env(self) -> int:
        """Print what makes plain `pulumi` and `kubectl` work on this environment, for a shell."""
        for name, value in self._stack().environment_variables().items():
            Console(highlight=False, soft_wrap=True).print(
                f"export {name}={shlex.quote(value)}", markup=False
            )
        return 0

    def _kind(self, asked: str) -> str:
        """The kind of nodes that was asked for, else what there is, else the best possible."""
        if asked not in ("", *choose.KINDS):
            raise LocalError(f"NODES={asked}: write NODES={' or NODES='.join(choose.KINDS)}.")
        if self._stack_name != stack.NAME:
            return SimulatedNodes.kind  # another cluster's nodes are not ours to make
        known = asked or Environment(_FOLDER).started_with()
        obstacle = choose.obstacle()
        if obstacle and known == RealNodes.kind:
            raise LocalError(f"Real nodes cannot be had here, as {obstacle}.")
        if known:
            return known
        if obstacle:
            self._steps.say(f"Nodes are simulated, as {obstacle}: pods do not run programs.")
        return SimulatedNodes.kind if obstacle else RealNodes.kind

    def _provide_receiver(self) -> None:
        """The Secret that says where alerts go, which the stack refers to: here to a program."""
        with self._steps.step("Receiver of alerts") as step:
            commands.output(
                (self._environment.bin / "kubectl", "apply", "--filename=-"),
                environment=self._environment.pulumi_environment(),
                given=json.dumps(monitoring.receiver_secret(NAMESPACE)),
            )
            step.done("prints them: make logs TIER=alerts")

    def _report(self, environment: Mapping[str, str], *, state: bool) -> int:
        return evidence.report(
            self._stack_name,
            *self._more,
            pulumi=self._environment.bin / "pulumi",
            environment=environment,
            state=state,
            steps=self._steps,
        )

    def _stack(self) -> stack.Stack:
        return stack.Stack(self._environment, REPOSITORY, self._steps)

    def _elsewhere(self) -> Elsewhere:
        return Elsewhere(self._environment, REPOSITORY, self._stack_name, self._steps)


_COMMANDS = {
    "up": Commands.up,
    "preview": Commands.preview,
    "evidence": Commands.evidence,
    "status": Commands.status,
    "logs": Commands.logs,
    "down": Commands.down,
    "tools": Commands.tools,
    "env": Commands.env,
}

_UP = """
The platform is deployed on a control plane on this machine, with {nodes}.
  make status            what runs
  eval "$(make env)"     then plain `kubectl get pods -A` and `pulumi stack` work in this shell
  make preview           what a change would do
  make down              remove all of it"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
