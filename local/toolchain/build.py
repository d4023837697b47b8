"""Programs and files out of Go modules, for machines that reach only package registries.

`<tool>/go.mod` and `go.sum` beside this file say what is compiled; Go checks every module against
go.sum. Go's own build cache makes an interrupted build go on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from local.errors import LocalError
from local.toolchain.pins import Tool

MODULES = Path(__file__).parent
"""The folder of the Go modules."""

_GIGABYTE = 1 << 30
SPACE_PER_TOOL = 3 * _GIGABYTE // 2
"""Bytes of disk that one tool's modules and build need at most."""


def key(tool: Tool) -> str:
    """A short hash of everything that a build of `tool` depends on."""
    digest = hashlib.sha256()
    for file in sorted((MODULES / tool.module).iterdir()):
        digest.update(file.read_bytes())
    # Not Go's own version: go.mod names the least one, and a newer one builds the same program.
    inputs = [tool.packages, linker_flags(tool), *tool.tags]
    digest.update(json.dumps(inputs).encode())
    return digest.hexdigest()[:16]


def linker_flags(tool: Tool) -> str:
    """What the linker is told: no debug symbols, and the version that a release carries."""
    return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in tool.stamp.items())])


def build(tool: Tool, folder: Path, report: Callable[[str], None]) -> None:
    """Compile the programs of `tool` into `folder`.

    Raises:
        LocalError: Go failed; with its last words.
    """
    module = MODULES / tool.module
    for program, package in tool.packages.items():
        report(f"{program}: modules")
        listed = 0
        tags = ("-tags", ",".join(tool.tags))
        for number, line in enumerate(_lines("list", *tags, "-deps", package, cwd=module), 1):
            if line.startswith("go: downloading"):
                report(f"{program}: module {line.split()[2]}")
            listed = number
        arguments = ("build", *tags, "-v", "-trimpath", "-ldflags", linker_flags(tool))
        output = ("-o", str(folder / program), package)
        for number, line in enumerate(_lines(*arguments, *output, cwd=module), 1):
            report(f"{program}: compiled {number} of at most {listed} packages, {line}")


def module_folder(module: str, name: str) -> Path:
    """The unpacked Go module `name` in the version that `<module>/go.mod` pins.

    Raises:
        LocalError: it cannot be had, or is not what go.sum says.
    """
    folder = MODULES / module
    version = next(
        entry["Version"]
        for entry in json.loads(run_go("mod", "edit", "-json", cwd=folder))["Require"]
        if entry["Path"] == name
    )
    # Outside of any module: inside, Go would first load the whole graph of requirements.
    found = json.loads(run_go("mod", "download", "-json", f"{name}@{version}", cwd=Path("/")))
    if f"{name} {version} {found['Sum']}" not in (folder / "go.sum").read_text().splitlines():
        raise LocalError(
            f"{name} {version} has the checksum {found['Sum']}, which {module}/go.sum does not "
            "have: the module or go.sum was changed."
        )
    return Path(found["Dir"])


def require_go() -> None:
    """Raise LocalError unless a Go that can build the modules is installed."""
    if shutil.which("go") is None:
        raise LocalError(
            f"Go is not installed: install Go {_newest_module()[1]} or newer with `go` on PATH; "
            "programs of the toolchain and the custom resource definitions come from Go modules."
        )
    folder, wanted = _newest_module()
    try:
        # In the module's folder, where Go refuses to be older than go.mod says (or fetches itself).
        run_go("env", "GOVERSION", cwd=folder)
    except LocalError as error:
        raise LocalError(f"Go {wanted} or newer is needed: {error}") from error


def require_space(tools: int, folder: Path) -> None:
    """Raise LocalError unless there is room to build this many tools."""
    need = tools * SPACE_PER_TOOL
    for purpose, place in (
        ("Go's module cache", Path(run_go("env", "GOMODCACHE"))),
        ("Go's build cache", Path(run_go("env", "GOCACHE"))),
        ("the toolchain", folder),
    ):
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < need:
            raise LocalError(
                f"Building the toolchain needs {need / _GIGABYTE:.0f} GB of disk for {purpose} and "
                f"{place} has {free / _GIGABYTE:.1f} GB free: free some, or set GOMODCACHE, "
                "GOCACHE and XDG_CACHE_HOME to a larger disk."
            )


def run_go(*arguments: str, cwd: Path = MODULES) -> str:
    """What `go` with these arguments prints."""
    result = subprocess.run(
        ("go", *arguments), cwd=cwd, env=_environment(), capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise LocalError(
            f"`go {' '.join(arguments)}` failed: {(result.stderr or result.stdout).strip()}"
        )
    return result.stdout.strip()


def _lines(*arguments: str, cwd: Path) -> Iterator[str]:
    """The lines that `go` prints, as it prints them."""
    last: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        ("go", *arguments),
        cwd=cwd,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            last.append(line)
            yield line.strip()
    if process.returncode:
        raise LocalError(
            f"`go {' '.join(arguments)}` failed in {cwd}; run the same command again to go on "
            f"where it stopped. It said:\n{''.join(last)}"
        )


def _environment() -> dict[str, str]:
    # No cgo: the programs then run on any C library, and no C compiler is needed.
    return os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}


def _newest_module() -> tuple[Path, str]:
    """The module that asks for the newest Go, and that version."""
    asked = {
        match[1]: file.parent
        for file in MODULES.glob("*/go.mod")
        if (match := re.search(r"^go (\S+)$", file.read_text(), re.MULTILINE))
    }
    newest = max(asked, key=lambda version: [int(part) for part in version.split(".")])
    return asked[newest], newest
