"""How long the local stack takes, beside the same resources without components: `make bench`.

Starts a control plane of its own, deploys both programs to it one after the other, several times,
and prints the median of each figure and the ratio of the two. Compare ratios, not seconds: those
are this machine's, at this moment.
"""

import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from local.environment import REPOSITORY, Environment
from tests.benchmarks import flat
from tests.benchmarks.measure import Measurement, measure
from tests.engine.stacks import Stack, link_program

_ROUNDS = 3
_STEPS = ("preview", "up", "no-op up")


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
            console.print(_table(_measure_both(environment, folder, console.print)))
        finally:
            environment.stop()
    return 0


def _measure_both(
    environment: Environment, folder: Path, say: Callable[[str], object]
) -> Mapping[str, Mapping[str, list[Measurement]]]:
    stack_file = REPOSITORY / "Pulumi.local.yaml"
    configuration = yaml.safe_load(stack_file.read_text())["config"]
    platform = Stack(environment, link_program(folder / "platform"), "components")
    platform.configure(
        {key.removeprefix("n8n-platform:"): value for key, value in configuration.items()}
    )
    say("Deploying once, to learn which resources there are …")
    platform.up()
    text = flat.program(platform.resources_with_secrets(), context="n8n-platform-local")
    platform.destroy()
    flat_stack = Stack(environment, _flat_project(folder / "flat", text), "flat")
    results: dict[str, dict[str, list[Measurement]]] = {
        name: {step: [] for step in _STEPS} for name in ("components", "flat")
    }
    for number in range(_ROUNDS):
        for name, stack in (("components", platform), ("flat", flat_stack)):
            say(f"Round {number + 1} of {_ROUNDS}: {name} …")
            for step, call in zip(_STEPS, (stack.preview, stack.up, stack.up), strict=True):
                results[name][step].append(measure(call))
            stack.destroy()
    return results


def _flat_project(folder: Path, program: str) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: flat\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "__main__.py").write_text(program)
    return folder


def _table(results: Mapping[str, Mapping[str, list[Measurement]]]) -> Table:
    table = Table(title=f"Median of {_ROUNDS} rounds, in this run")
    for heading in ("step", "figure", "components", "flat", "ratio"):
        table.add_column(heading, justify="left" if heading in ("step", "figure") else "right")
    figures: dict[str, Callable[[Measurement], float]] = {
        "seconds": lambda each: each.seconds,
        "seconds to the first resource": lambda each: each.start_seconds,
        "peak memory, MiB": lambda each: each.peak_mebibytes,
        "resources": lambda each: each.resources,
    }
    for step in _STEPS:
        for name, figure in figures.items():
            ours, theirs = (
                statistics.median(figure(each) for each in results[program][step])
                for program in ("components", "flat")
            )
            ratio = f"{ours / theirs:.2f}" if theirs else "none"
            table.add_row(step, name, _number(ours), _number(theirs), ratio)
    return table


def _number(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
