"""The file that says how to reach the control plane, for kubectl and for Pulumi."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path

import yaml

CONTEXT = "n8n-platform-local"
"""The name of the context, by which the Pulumi program knows that it deploys to this machine."""


def write(path: Path, *, server: str, authority: bytes, certificate: bytes, key: bytes) -> None:
    """Write a kubeconfig that needs no other file, readable by its owner only.

    Args:
        path: the file to write.
        server: address of the API server.
        authority: certificate that the server's own is checked against, in PEM.
        certificate: of the user, in PEM.
        key: of the user, in PEM.
    """

    def encoded(content: bytes) -> str:
        return base64.b64encode(content).decode()

    text = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [
                {
                    "name": CONTEXT,
                    "cluster": {"server": server, "certificate-authority-data": encoded(authority)},
                }
            ],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "users": [
                {
                    "name": CONTEXT,
                    "user": {
                        "client-certificate-data": encoded(certificate),
                        "client-key-data": encoded(key),
                    },
                }
            ],
        },
        sort_keys=False,
    )
    # mkstemp makes the file with mode 600.
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(partial).rename(path)
