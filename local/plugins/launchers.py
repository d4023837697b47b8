"""The executables through which the Pulumi CLI starts the stand-in plugins.

The CLI looks for plugins by name on PATH before it downloads them. Each launcher replaces itself
with Python running one module of this package.
"""

import os
import shlex
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

_MODULES: Mapping[str, str] = {
    "pulumi-language-python": "local.plugins.language_python",
    "pulumi-resource-kubernetes": "local.plugins.kubernetes",
    "pulumi-resource-random": "local.plugins.random_provider",
    "pulumi-resource-tls": "local.plugins.tls_provider",
}
PLUGINS: Collection[str] = frozenset(_MODULES)
"""The stand-ins that do what the official plugin does, by their executables' names."""


def write(
    bin_dir: Path,
    *,
    python: Path,
    repository: Path,
    plugins: Collection[str] = PLUGINS,
    preview_only: Mapping[str, str],
) -> list[Path]:
    """Write launchers into `bin_dir`, which is to be on the CLI's PATH, and return their paths.

    `python` is the interpreter of an environment with the requirements installed, `repository` this
    checkout, `plugins` some of `PLUGINS`, and `preview_only` the packages that get a plugin which
    only previews, with the version that each is to report. A launcher is replaced in one step, so
    that a CLI that is just starting never reads half of one.
    """
    commands = {name: [_MODULES[name]] for name in plugins}
    for package, version in preview_only.items():
        arguments = ["--package", package, "--version", version]
        commands[f"pulumi-resource-{package}"] = ["local.plugins.preview_only", *arguments]
    bin_dir.mkdir(parents=True, exist_ok=True)
    return [
        _replace(bin_dir / name, _script([str(python), *_START, str(repository), *command]))
        for name, command in sorted(commands.items())
    ]


# -P keeps the directory in which the CLI starts a plugin, the user's program, off the import path.
# The repository gets there in Python and not through PYTHONPATH, which the language host would hand
# down to the program.
_START = (
    "-P",
    "-c",
    "import runpy, sys; _, root, module, *sys.argv[1:] = sys.argv; sys.path.insert(0, root); "
    "runpy.run_module(module, run_name='__main__', alter_sys=True)",
)


def _script(command: list[str]) -> str:
    return f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'


def _replace(path: Path, content: str) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o755)
    return Path(temporary).replace(path)
