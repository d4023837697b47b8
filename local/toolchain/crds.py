"""The operators' custom resource definitions, read from their own Go modules.

They are never copied into this repository: `crds/go.mod` pins each operator's version.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from local.toolchain import build, cache

_FOLDERS = {
    "github.com/envoyproxy/gateway": "charts/gateway-helm/charts/crds/crds/generated",
    "github.com/external-secrets/external-secrets": "config/crds/bases",
    "github.com/kedacore/keda/v2": "config/crd/bases",
    "github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
    "sigs.k8s.io/gateway-api": "config/crd/standard",
}
_KIND = re.compile(r"^kind: (\S+)", re.MULTILINE)


def folder() -> Path:
    """Where the definitions are kept; it exists once they were fetched."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in ("go.mod", "go.sum"):
        digest.update((build.MODULES / "crds" / name).read_bytes())
    return cache.root() / f"crds-{digest.hexdigest()[:16]}"


def fetch(report: Callable[[str], None]) -> Path:
    """The folder of the definitions, fetched if they were not yet."""
    with cache.filling(folder()) as partial:
        if partial is not None:
            for module, path in _FOLDERS.items():
                report(f"definitions of {module}")
                for file in sorted((build.module_folder("crds", module) / path).glob("*.yaml")):
                    # Beside the definitions lie kustomizations and admission policies. PyYAML
                    # cannot read every definition: one of them has a plain `=` as a value.
                    if set(_KIND.findall(file.read_text())) == {"CustomResourceDefinition"}:
                        shutil.copyfile(file, partial / file.name)
    return folder()
