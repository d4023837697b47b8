"""The layer that n8n and its task runner share: Node.js, and n8n's tree of npm packages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from local.images import npm
from local.images.layers import Layer, Tree, layer
from local.images.running import reported

FILES = Path(__file__).with_name("files")
"""What goes into images as it is; and what n8n's packages are: package.json and its lock."""

MODULES = "/usr/local/lib/node_modules"
"""Where the published image has n8n as well."""

VERSION: str = json.loads((FILES / "package.json").read_text())["dependencies"]["n8n"]
"""n8n's version."""


def install(report: Callable[[str], None]) -> Layer:
    """The layer, from the cache or else installed with npm, which takes minutes.

    Can run beside other work; a second call waits for the first.

    Raises:
        LocalError: npm failed.
    """

    def fill(tree: Tree, folder: Path) -> dict[str, str]:
        npm.install(FILES, folder, report)
        with reported(lambda: "packing n8n", report):
            tree.copy("/usr/local/bin/node", npm.NODE)
            tree.link("/usr/local/bin/n8n", f"{MODULES}/n8n/bin/n8n")
            for file in npm.wanted(folder):
                tree.copy(f"/usr/local/lib/{file}", folder / file)
            # Here, where somebody is told: a quarter of a million files take a while.
            shutil.rmtree(folder / "node_modules")
        return {"n8n": VERSION}

    return layer("n8n", npm.inputs(FILES), fill)
