"""The layers of the AI gateway's two containers: Portkey's gateway, and our router.

Portkey's packages are `files/ai-gateway/package.json` and its lock file, installed with npm. The
router's are `ai_gateway/image/requirements.txt`, each with its hashes, installed with pip.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from local.images import npm
from local.images.layers import Layer, Tree, layer
from local.images.running import run

_PORTKEY = "@portkey-ai/gateway"
_PORTKEY_FILES = Path(__file__).with_name("files") / "ai-gateway"

_PACKAGE = Path(__file__).parents[2] / "ai_gateway"
_REQUIREMENTS = _PACKAGE / "image" / "requirements.txt"
_ROUTER_MODULES = ("__init__", "cost", "document")
"""What the router needs beside its own package; the rest of `ai_gateway` is the program's."""

FOLDER = "/app"
"""Where both images, published or not, have their program."""

PORTKEY_VERSION: str = json.loads((_PORTKEY_FILES / "package.json").read_text())["dependencies"][
    _PORTKEY
]
"""Version of Portkey's gateway."""


def portkey(report: Callable[[str], None]) -> Layer:
    """Node.js, and Portkey's gateway as its image has it.

    Raises:
        LocalError: npm failed.
    """

    def fill(tree: Tree, folder: Path) -> dict[str, str]:
        npm.install(_PORTKEY_FILES, folder, report)
        tree.copy("/usr/local/bin/node", npm.NODE)
        own = f"node_modules/{_PORTKEY}/"
        for file in npm.wanted(folder):
            # The gateway is what the image is of, and not one of its packages.
            tree.copy(f"{FOLDER}/{file.removeprefix(own)}", folder / file)
        return {_PORTKEY: PORTKEY_VERSION}

    return layer("ai-gateway", [*npm.inputs(_PORTKEY_FILES), Path(__file__).read_text()], fill)


def router_packages(python: str, report: Callable[[str], None]) -> Layer:
    """The Python packages that the router imports.

    Args:
        python: version of the Python that runs them, such as `3.11`.
        report: told how far it is.

    Raises:
        LocalError: pip failed.
    """

    def fill(tree: Tree, folder: Path) -> dict[str, str]:
        installed = folder / "installed"
        run(
            (
                *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check"),
                *("--target", installed, "--no-compile", "--no-deps", "--require-hashes"),
                # For the image's Python, whichever runs this.
                *("--only-binary", ":all:", "--python-version", python),
                *("--requirement", _REQUIREMENTS),
            ),
            cwd=folder,
            say=lambda _: "pip: the AI gateway's router",
            report=report,
        )
        for file in sorted(installed.rglob("*")):
            if not file.is_dir():
                name = file.relative_to(installed)
                tree.copy(f"/usr/local/lib/python{python}/dist-packages/{name}", file)
        return {}

    inputs = [_REQUIREMENTS.read_text(), python, Path(__file__).read_text()]
    return layer("ai-router-packages", inputs, fill)


def router_program() -> Layer:
    """The router itself, of this checkout."""
    files = {
        f"{FOLDER}/{file.relative_to(_PACKAGE.parent)}": file
        for file in (
            *(_PACKAGE / f"{name}.py" for name in _ROUTER_MODULES),
            *sorted((_PACKAGE / "router").glob("*.py")),
        )
    }

    def fill(tree: Tree, _: Path) -> dict[str, str]:
        for path, file in files.items():
            tree.copy(path, file)
        return {}

    return layer("ai-router", {path: file.read_text() for path, file in files.items()}, fill)
