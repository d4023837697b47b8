"""containerd's root folder with every image that was built here unpacked; nodes start from it.

Built once: unpacking a large image takes half a minute, and three nodes would do it three times.
A node's own root shares the unpacked files with it, which containerd only ever reads: they are the
lower layers of every container.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from local.errors import LocalError
from local.images import archive, containerd
from local.images.image import Image
from local.images.layers import key
from local.images.running import reported
from local.toolchain import cache, debian

_CONTENT = "io.containerd.content.v1.content"
_METADATA = "io.containerd.metadata.v1.bolt"
_SNAPSHOTTER = "io.containerd.snapshotter.v1.overlayfs"
_SNAPSHOTS = f"{_SNAPSHOTTER}/snapshots"


def build(
    images: Sequence[Image], report: Callable[[str], None], *, below: Path | None = None
) -> Path:
    """The store with these images, from the cache or else made.

    Args:
        images: what to unpack.
        report: told how far it is.
        below: a store whose images this one has as well, sharing their files: so that an image
            that changes often costs no more than itself.

    Raises:
        LocalError: containerd refuses them.
    """
    inputs = [[image.reference, archive.configuration(image)] for image in images]
    folder = cache.root() / f"image-store-{key([below.name, inputs] if below else inputs)}"
    with cache.filling(folder) as partial:
        if partial is not None:
            if below is not None:
                clone(below, partial)
            _fill(partial, images, report)
    return folder


def clone(store: Path, folder: Path) -> None:
    """Make `folder` a containerd root of its own with everything that is in `store`.

    What containerd changes is copied; the unpacked files stay where they are.
    """
    for part in (_CONTENT, _METADATA):
        shutil.copytree(store / part, folder / part)
    snapshots = folder / _SNAPSHOTS
    snapshots.mkdir(parents=True)
    shutil.copy2(store / _SNAPSHOTTER / "metadata.db", snapshots.parent)
    for snapshot in (store / _SNAPSHOTS).iterdir():
        # containerd deletes a snapshot as a link too: the link goes, and the files stay.
        (snapshots / snapshot.name).symlink_to(snapshot)


def _fill(folder: Path, images: Sequence[Image], report: Callable[[str], None]) -> None:
    packages = debian.fetch(*debian.NODE_PACKAGES, report=report)
    with (
        containerd.running(folder, packages) as daemon,
        reported(lambda: f"unpacking {len(images)} images", report),
    ):
        daemon.feed(
            lambda pipe: archive.write(images, pipe),
            *("images", "import", "--snapshotter", "overlayfs", "-"),
        )
        found = set(daemon.call("images", "list", "--quiet").split())
        missing = {image.reference for image in images} - found
        if missing:
            raise LocalError(f"containerd did not take {', '.join(sorted(missing))}.")
        # The packed layers are of no more use: containers are made of the unpacked ones.
        daemon.call("content", "prune", "references")
