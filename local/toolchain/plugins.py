"""Pulumi's plugins: official ones where they can be had, else the stand-ins of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local.plugins import launchers
from local.progress import Step
from local.toolchain.download import DownloadFailedError, require_reachable
from local.toolchain.pins import PLUGINS
from local.toolchain.resolve import LANGUAGE_HOST, Toolchain

_DOWNLOADS = "https://get.pulumi.com"
# It is several hundred MB: the engine itself fetches it when a stack uses it.
_ON_DEMAND = "aws"


def provide(toolchain: Toolchain, bin_folder: Path, repository: Path, step: Step) -> None:
    """Make the engine find a plugin for everything that the program uses.

    Official plugins belong to an official CLI, which brings its own language host. `bin_folder` is
    on PATH, where the engine prefers a plugin: it gets launchers of the stand-ins that are needed,
    and loses those that no longer are.
    """
    missing = {
        package: version
        for package, version in PLUGINS.items()
        if toolchain.language_host is None or not _is_had(toolchain, package, version, step)
    }
    names = {_executable(package): package for package in missing}
    stand_ins = {name for name in names if name in launchers.PLUGINS}
    if toolchain.language_host is None:
        stand_ins.add(LANGUAGE_HOST)
    written = launchers.write(
        bin_folder,
        python=Path(sys.executable),
        repository=repository,
        plugins=stand_ins,
        preview_only={
            package: missing[package] for name, package in names.items() if name not in stand_ins
        },
    )
    for launcher in (bin_folder / LANGUAGE_HOST, *bin_folder.glob(_executable("*"))):
        if launcher not in written:
            launcher.unlink(missing_ok=True)
    step.done(
        f"stand-ins for {', '.join(_spoken(file) for file in written)}; the official ones cannot "
        "be had here"
        if written
        else "the official ones"
    )


def _executable(package: str) -> str:
    return f"pulumi-resource-{package}"


def _spoken(launcher: Path) -> str:
    """`random`, for people, of `pulumi-resource-random`."""
    return launcher.name.removeprefix(_executable("")).removeprefix("pulumi-language-")


def _is_had(toolchain: Toolchain, package: str, version: str, step: Step) -> bool:
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    folder = home / "plugins" / f"resource-{package}-v{version}"
    # The engine marks a download that is under way, or was interrupted, with this file.
    if folder.is_dir() and not folder.with_name(f"{folder.name}.partial").exists():
        return True
    try:
        require_reachable(_DOWNLOADS)
    except DownloadFailedError:
        return False
    if package == _ON_DEMAND:
        return True
    step.detail(f"downloading {package} {version}")
    result = subprocess.run(
        (toolchain.programs["pulumi"], "plugin", "install", "resource", package, version),
        capture_output=True,
        check=False,
    )
    return result.returncode == 0
