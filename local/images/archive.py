"""Several images as one stream in OCI's layout, which containerd imports; layers shared.

No image builder is needed: an image is a few small JSON documents that name layers by digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from typing import IO, Any

from local.images.image import Image
from local.images.layers import Layer
from local.toolchain import download

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIGURATION = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"

Document = dict[str, Any]


def write(images: Iterable[Image], output: IO[bytes]) -> None:
    """Write the archive. Layers come first, so that a reader has what a manifest names."""
    wanted = list(images)
    with tarfile.open(fileobj=output, mode="w|") as archive:
        layers = {layer.digest: layer for image in wanted for layer in image.layers}
        for layer in layers.values():
            with layer.file.open("rb") as content:
                _add(archive, _blob(layer.digest), content, layer.size)
        index = {
            "schemaVersion": 2,
            "manifests": [_manifest(archive, image) for image in wanted],
        }
        _add_document(archive, "oci-layout", {"imageLayoutVersion": "1.0.0"})
        _add_document(archive, "index.json", index)


def configuration(image: Image) -> Document:
    """What the image says of how it runs."""
    user = "" if image.user is None else f"{image.user}:{image.user}"
    environment = {"PATH": image.path, **image.environment}
    return {
        "architecture": download.machine()[1],
        "os": "linux",
        "config": {
            "User": user,
            "Entrypoint": list(image.entry_point),
            "Cmd": list(image.command),
            "WorkingDir": image.folder,
            "StopSignal": image.stop_signal,
            "Env": [f"{name}={value}" for name, value in environment.items()],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in image.layers]},
    }


def _manifest(archive: tarfile.TarFile, image: Image) -> Document:
    """Write the image's documents; what the index says of it."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _add_blob(archive, _CONFIGURATION, configuration(image)),
        "layers": [_describe_layer(layer) for layer in image.layers],
    }
    return {
        **_add_blob(archive, _MANIFEST, manifest),
        "annotations": {"io.containerd.image.name": image.reference},
    }


def _describe_layer(layer: Layer) -> Document:
    return {"mediaType": _LAYER, "digest": layer.digest, "size": layer.size}


def _add_blob(archive: tarfile.TarFile, media_type: str, document: Document) -> Document:
    data = json.dumps(document).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _add(archive, _blob(digest), io.BytesIO(data), len(data))
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _add_document(archive: tarfile.TarFile, name: str, document: Document) -> None:
    data = json.dumps(document).encode()
    _add(archive, name, io.BytesIO(data), len(data))


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    archive.addfile(entry, content)


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
