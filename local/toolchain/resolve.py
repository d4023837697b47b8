"""Have every tool in its pinned version: from PATH, from the cache, downloaded, or built."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.progress import Step, Steps
from local.toolchain import build, cache, crds, download
from local.toolchain.pins import TOOLS, Tool

LANGUAGE_EXEC = "pulumi-language-python-exec"
LANGUAGE_HOST = "pulumi-language-python"
_PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """Where each program is; every one runs and has its pinned version."""

    programs: dict[str, Path]
    """Program name to its file."""
    definitions: Path
    """Folder of the operators' custom resource definitions."""

    def link(self, folder: Path) -> None:
        """Make `folder` a place for PATH: a link to each program under its name."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, program in self.programs.items():
            link = folder / name
            if not link.is_symlink() or link.readlink() != program:
                link.unlink(missing_ok=True)
                link.symlink_to(program)

    @property
    def language_host(self) -> Path | None:
        """Pulumi's own host of Python programs, where the CLI came with it."""
        host = self.programs["pulumi"].resolve().with_name(LANGUAGE_HOST)
        return host if host.is_file() else None


def resolve(steps: Steps, tools: Sequence[Tool] = TOOLS) -> Toolchain:
    """These tools, after whatever has to be done for them.

    Raises:
        LocalError: a prerequisite is missing (before any work starts), or the work failed.
    """
    with steps.step("Toolchain") as step:
        # Even where every tool is here: kwok's and metrics-server's own files are Go modules'.
        build.require_go()
        found = {tool.name: locate(tool) for tool in tools}
        missing = [tool for tool in tools if found[tool.name] is None]
        step.done(f"{len(tools) - len(missing)} of {len(tools)} tools are here")
    found |= install(missing, steps)
    with steps.step("Custom resource definitions") as step:
        definitions = crds.fetch(step.detail)
        step.done(f"{len(list(definitions.iterdir()))} of five operators")
    programs = {name: file for files in found.values() if files for name, file in files.items()}
    return Toolchain(
        programs=programs | {LANGUAGE_EXEC: _language_exec(programs["pulumi"])},
        definitions=definitions,
    )


def locate(tool: Tool) -> dict[str, Path] | None:
    """Program name to file of a tool that is here: on PATH in the pinned version, or cached."""
    return _on_path(tool) or _cached(tool)


def install(tools: Iterable[Tool], steps: Steps) -> dict[str, dict[str, Path]]:
    """Download or build tools; tool name to program name to file."""
    installed: dict[str, dict[str, Path]] = {}
    to_build: list[Tool] = []
    for tool in tools:
        if not download.is_published(tool):
            to_build.append(tool)
            continue
        with steps.step(f"{tool.name} {tool.version}") as step:
            try:
                installed[tool.name] = _install(tool, _downloaded(tool), download.fetch, step)
                step.done("downloaded")
            except download.DownloadFailedError as error:
                step.done(f"will be built, as {error}")
                to_build.append(tool)
    if to_build:
        build.require_space(len(to_build), cache.root())
    for tool in to_build:
        with steps.step(f"{tool.name} {tool.version}") as step:
            installed[tool.name] = _install(tool, _built(tool), build.build, step)
            step.done("built")
    return installed


def _on_path(tool: Tool) -> dict[str, Path] | None:
    """The tool's programs on PATH, if all are there in the pinned version."""
    programs: dict[str, Path] = {}
    for name in tool.packages:
        program = shutil.which(name)
        # What an environment linked there (`make env`) is found in the cache anyway.
        if program is None or Path(program).resolve().is_relative_to(cache.root().resolve()):
            return None
        programs[name] = Path(program).resolve()
    return programs if all(has_version(file, tool) for file in programs.values()) else None


def has_version(program: Path, tool: Tool) -> bool:
    """Whether `program` says that it is the pinned version of `tool`."""
    try:
        said = subprocess.run(
            (program, *tool.ask), capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    # Some begin with their own path, which has a version in it as well.
    words = (said.stdout + said.stderr).replace(str(program), "")
    version = re.search(r"\d+\.\d+\.\d+[^\s,]*", words)
    return version is not None and version[0] == tool.version


def _cached(tool: Tool) -> dict[str, Path] | None:
    for folder in (_downloaded(tool), _built(tool)):
        if folder.is_dir():
            return _programs(tool, folder)
    return None


def _install(
    tool: Tool,
    folder: Path,
    fill: Callable[[Tool, Path, Callable[[str], None]], None],
    step: Step,
) -> dict[str, Path]:
    """Fill the cache folder, and ask its programs what they are before it counts."""
    with cache.filling(folder) as partial:
        if partial is not None:
            fill(tool, partial, step.detail)
            for program in _programs(tool, partial).values():
                if not has_version(program, tool):
                    raise LocalError(
                        f"{program.name} was had, but does not say that it is {tool.version}: "
                        f"this is a mistake in {Path(__file__).with_name('pins.py')}."
                    )
    return _programs(tool, folder)


def _programs(tool: Tool, folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in tool.packages}


def _downloaded(tool: Tool) -> Path:
    system, architecture = download.machine()
    return cache.root() / f"{tool.name.lower()}-{tool.version}-{system}-{architecture}"


def _built(tool: Tool) -> Path:
    return cache.root() / f"{tool.name.lower()}-{tool.version}-built-{build.key(tool)}"


def _language_exec(pulumi: Path) -> Path:
    """The script that runs a Python program: beside the CLI, or in Pulumi's Go module."""
    beside = pulumi.with_name(LANGUAGE_EXEC)
    if beside.is_file():
        return beside
    folder = cache.root() / f"language-{build.key(TOOLS[0])}"
    with cache.filling(folder) as partial:
        if partial is not None:
            sdk = build.module_folder("pulumi", _PULUMI_SDK)
            shutil.copyfile(sdk / "python" / "cmd" / LANGUAGE_EXEC, partial / LANGUAGE_EXEC)
            (partial / LANGUAGE_EXEC).chmod(0o755)
    return folder / LANGUAGE_EXEC
