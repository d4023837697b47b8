"""Records which fields n8n's own types of credentials have: those that the catalogue names.

    python -m integrations.record_credentials NODE_MODULES

NODE_MODULES is the folder in which n8n is installed beside its nodes: of `npm install n8n` its
`node_modules`, of n8n's image `/usr/local/lib/node_modules`. Run it for a new version of n8n; a
test compares the catalogue with what it wrote.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integrations.catalogue import load

FILE = Path(__file__).parent / "n8n-credentials.json"
"""The version of n8n that was read, and for each type its fields."""

_PACKAGES = ("n8n-nodes-base", "@n8n/n8n-nodes-langchain")


def main(node_modules: Path) -> None:
    """Write `FILE`.

    Raises:
        KeyError: n8n has no type of a name that the catalogue gives it.
    """
    types = {each["name"]: each for name in _PACKAGES for each in _types(node_modules / name)}
    named = sorted(
        each.credential.type
        for each in load().integrations
        if each.credential and each.credential.authentication is None
    )
    version = json.loads((node_modules / "n8n/package.json").read_text())["version"]
    record = {"n8n": version, "types": {name: _fields(types, name) for name in named}}
    FILE.write_text(json.dumps(record, indent=2) + "\n")


def _types(package: Path) -> list[dict[str, Any]]:
    return json.loads((package / "dist/types/credentials.json").read_text())


def _fields(types: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    """The fields of a type, with those of the types that it extends."""
    extended = [field for each in types[name].get("extends", ()) for field in _fields(types, each)]
    own = [each["name"] for each in types[name]["properties"] if each["type"] != "notice"]
    return sorted({*extended, *own})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
