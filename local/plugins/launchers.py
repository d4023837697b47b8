"""The executables through which the Pulumi CLI starts the stand-in plugins.

The CLI looks for plugins by name on PATH before it downloads them. Each launcher replaces itself
with Python running one module of this package.
"""

import os
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

MODULES: Mapping[str, str] = {
    "pulumi-language-python": "local.plugins.language_python",
    "pulumi-resource-aws": "local.plugins.preview_only",
    "pulumi-resource-kubernetes": "local.plugins.kubernetes",
    "pulumi-resource-random": "local.plugins.random_provider",
    "pulumi-resource-tls": "local.plugins.tls_provider",
}
"""Every stand-in: the executable's name, and the module that it runs."""


def write(
    bin_dir: Path, *, python: Path, repository: Path, plugins: Iterable[str] = tuple(MODULES)
) -> list[Path]:
    """Write launchers into `bin_dir`, which is to be on the CLI's PATH, and return their paths.

    `python` is the interpreter of an environment with the requirements installed, `repository` this
    checkout, `plugins` names from `MODULES`. A launcher is replaced in one step, so that a CLI
    that is just starting never reads half of one.
    """
    bin_dir.mkdir(parents=True, exist_ok=True)
    return [
        _replace(bin_dir / name, _script(python=python, repository=repository, name=name))
        for name in plugins
    ]


def _script(*, python: Path, repository: Path, name: str) -> str:
    # -P keeps the program's directory, in which the CLI starts a plugin, off the import path, where
    # its modules would shadow installed ones. The repository is added by `runpy`'s caller and not by
    # PYTHONPATH, which the language host would hand down to the user's program.
    code = (
        "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
        "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
    )
    arguments = ["-P", "-c", code, str(repository), MODULES[name]]
    return f'#!/bin/sh\nexec {shlex.join([str(python), *arguments])} "$@"\n'


def _replace(path: Path, content: str) -> Path:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o755)
    return Path(temporary).replace(path)
