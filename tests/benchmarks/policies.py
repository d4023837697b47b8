"""What the policy packs add to a preview: part of `make bench`.

Previews the local stack with and without both packs, in turns, and then stacks of more and more
resources. Compare ratios, not seconds: those are this machine's, at this moment.
"""

import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from local.environment import REPOSITORY, Environment
from local.stack import POLICY_PACKS
from tests.engine.policy_programs.kubernetes import KUBERNETES
from tests.engine.policy_programs.running import PACKS, PolicedStack, Program
from tests.engine.stacks import Stack, link_program

_ROUNDS = 5
_GROWING_ROUNDS = 3
_SIZES = (100, 300, 1000)
_MOST = 0.5
"""What the packs should add at most to the preview of the local stack, as a part of its time."""

_ONE_APP = ("app", "app-account", "app-budget", "app-policy", "app-scaler", "settings")
_ALL_APPS = ("alerts", "receivers")

Seconds = Mapping[bool, Sequence[float]]
"""How long each preview took, with packs and without."""


def main() -> int:
    """Run the benchmark; the exit code."""
    # Ended from outside, it still stops the control plane.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = Environment(folder / "environment")
        try:
            environment.start()
            console.print("Previewing the local stack …")
            local = _in_turns(_local_stack(environment, folder), _ROUNDS)
            growing: dict[int, Seconds] = {}
            for size in _SIZES:
                program = _program(size)
                console.print(f"Previewing a stack of {len(program)} resources …")
                stack = PolicedStack(environment, folder / f"stack{size}")
                stack.declare(program)
                growing[len(program)] = _in_turns(_generated(stack), _GROWING_ROUNDS)
        finally:
            environment.stop()
    console.print(_table(local, growing))
    added = _ratio(local) - 1
    console.print(
        f"Both packs add {added:.0%} to the preview of the local stack; at most {_MOST:.0%}."
    )
    return 0


def _in_turns(preview: Callable[[bool], object], rounds: int) -> Seconds:
    taken: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for with_packs, seconds in taken.items():
            began = time.monotonic()
            preview(with_packs)
            seconds.append(time.monotonic() - began)
    return taken


def _local_stack(environment: Environment, folder: Path) -> Callable[[bool], object]:
    # Exceptions hold for stacks of this name.
    stack = Stack(environment, link_program(folder / "platform"), "local")
    committed = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]
    settings = {key.removeprefix("n8n-platform:"): value for key, value in committed.items()}
    # As `make preview` does, say which change it is.
    settings["governance"] = {**settings.get("governance", {}), "change": "benchmark"}
    stack.configure(settings)
    packs = [str(REPOSITORY / pack) for pack in POLICY_PACKS if pack != "--policy-pack"]
    return lambda with_packs: stack.preview(policy_packs=packs if with_packs else None)


def _generated(stack: PolicedStack) -> Callable[[bool], object]:
    def preview(with_packs: bool) -> None:
        outcome = stack.run("preview", frameworks=PACKS if with_packs else ())
        if outcome.code:
            sys.exit(outcome.text)

    return preview


def _program(size: int) -> Program:
    """About as many resources as that: one application after the other, with all it has to have."""
    template = json.dumps({name: KUBERNETES[name] for name in _ONE_APP})
    program: dict[str, Any] = {name: KUBERNETES[name] for name in _ALL_APPS}
    for number in range(round((size - len(program)) / len(_ONE_APP))):
        renamed = template.replace('"app"', f'"app{number}"')
        renamed = renamed.replace('"settings"', f'"settings{number}"')
        for name, resource in json.loads(renamed).items():
            program[name if name.endswith(str(number)) else f"{name}-{number}"] = resource
    return program


def _table(local: Seconds, growing: Mapping[int, Seconds]) -> Table:
    title = f"Preview: median of {_ROUNDS} (local) or {_GROWING_ROUNDS} rounds, in this run"
    table = Table(title=title)
    for heading in ("stack", "seconds without", "with packs", "ratio", "added ms per resource"):
        table.add_column(heading, justify="left" if heading == "stack" else "right")
    for name, size, seconds in (
        ("local", None, local),
        *((f"{size} resources", size, seconds) for size, seconds in growing.items()),
    ):
        without, added = _median(seconds, False), _median(seconds, True) - _median(seconds, False)
        table.add_row(
            name,
            f"{without:.1f}",
            f"{without + added:.1f}",
            f"{_ratio(seconds):.2f}",
            f"{added / size * 1000:.1f}" if size else "",
        )
    return table


def _median(seconds: Seconds, with_packs: bool) -> float:
    return statistics.median(seconds[with_packs])


def _ratio(seconds: Seconds) -> float:
    return _median(seconds, True) / _median(seconds, False)


if __name__ == "__main__":
    sys.exit(main())
