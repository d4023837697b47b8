"""One layer of an image: a tar whose bytes depend on its content alone.

Same content, same digest: owners, times and order are fixed, so that a layer that two images share
is stored once, and a layer that was built again is the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.toolchain import cache

_FORMAT = 1
"""To be raised when this module writes the same content differently."""

_TIME = 1767225600
"""Every file's time of change: 2026-01-01. n8n compares none, but 0 looks like a mistake."""

_BIND_LOW_PORTS = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0).decode("ascii")
"""cap_net_bind_service=ep as the kernel stores it: version 2 and effective, then the sets."""

_MERGED = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}
"""Folders of the root that have been links into /usr since Debian 12; packages still name them."""

_WORTH_LINKING = 1 << 16
"""Bytes from which on two equal files of a layer are stored as one."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A finished layer.

    Attributes:
        file: the uncompressed tar.
        digest: its digest, `sha256:…`.
        versions: of the packages in it, by name.
    """

    file: Path
    digest: str
    versions: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of the tar."""
        return self.file.stat().st_size


class Tree:
    """A layer's content while it is written. Paths are absolute, as a container sees them."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._tar = archive
        self._written: set[str] = set()
        self._equal: dict[str, str] = {}

    def directory(self, path: str, *, mode: int = 0o755, owner: int = 0) -> None:
        """A folder, of the user and group `owner`; one that is there already stays as it is."""
        name = _name(path)
        if name and name not in self._written:
            self._add(self._entry(name, tarfile.DIRTYPE, mode, owner))

    def text(self, path: str, content: str, *, mode: int = 0o644) -> None:
        """A file of the superuser with this content."""
        entry = self._entry(_name(path), tarfile.REGTYPE, mode)
        data = content.encode()
        entry.size = len(data)
        self._add(entry, io.BytesIO(data))

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        entry = self._entry(_name(path), tarfile.SYMTYPE, 0o777)
        entry.linkname = target
        self._add(entry)

    def copy(
        self, path: str, source: Path, *, mode: int | None = None, low_ports: bool = False
    ) -> None:
        """A file or symbolic link of this machine; equal large files become one.

        Args:
            path: where it goes.
            source: where it is.
            mode: its permissions; by default whether it is executable is what counts.
            low_ports: let the program listen below port 1024 without being the superuser, where
                its container has the capability to.
        """
        if source.is_symlink():
            self.link(path, str(source.readlink()))
            return
        status = source.stat()
        executable = 0o755 if status.st_mode & 0o100 else 0o644
        entry = self._entry(_name(path), tarfile.REGTYPE, mode or executable)
        if low_ports:
            entry.pax_headers = {"SCHILY.xattr.security.capability": _BIND_LOW_PORTS}
        with source.open("rb") as content:
            if status.st_size >= _WORTH_LINKING:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
                first = self._equal.setdefault(digest, entry.name)
                if first != entry.name:
                    entry.type, entry.linkname = tarfile.LNKTYPE, first
                    self._add(entry)
                    return
                content.seek(0)
            entry.size = status.st_size
            self._add(entry, content)

    def unpack(self, archive: tarfile.TarFile, *, wanted: Callable[[str], bool]) -> None:
        """What a package's archive holds, except for paths that are not `wanted`."""
        for member in archive:
            name = _merged(_name(member.name))
            if not name or not wanted(name):
                continue
            if member.isdir():
                self.directory(name, mode=member.mode & 0o7777)
                continue
            entry = self._entry(name, member.type, member.mode & 0o7777)
            # No program of these images runs as another user than its caller.
            entry.mode &= ~0o6000
            entry.linkname = _merged(_name(member.linkname)) if member.islnk() else member.linkname
            content = archive.extractfile(member) if member.isreg() else None
            entry.size = member.size if content else 0
            self._add(entry, content)

    @staticmethod
    def _entry(name: str, kind: bytes, mode: int, owner: int = 0) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime = kind, mode, _TIME
        entry.uid = entry.gid = owner
        return entry

    def _add(self, entry: tarfile.TarInfo, content: IO[bytes] | None = None) -> None:
        parent = entry.name.rpartition("/")[0]
        if parent:
            self.directory(parent)
        self._written.add(entry.name)
        self._tar.addfile(entry, content)


def layer(name: str, inputs: object, fill: Callable[[Tree, Path], Mapping[str, str]]) -> Layer:
    """The layer `name` from the cache, or else built.

    Args:
        name: for the cache's folder.
        inputs: everything that the content depends on, as JSON can say it.
        fill: writes the content, and gives the versions of the packages in it; the folder that it
            is given is for its own temporary files.
    """
    folder = cache.root() / f"image-layer-{name}-{key(inputs)}"
    with cache.filling(folder) as partial:
        if partial is not None:
            with (
                tempfile.TemporaryDirectory(dir=partial) as work,
                tarfile.open(partial / "layer.tar", "w", format=tarfile.PAX_FORMAT) as archive,
            ):
                versions = fill(Tree(archive), Path(work))
            with (partial / "layer.tar").open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            facts = {"digest": f"sha256:{digest}", "versions": dict(versions)}
            (partial / "facts.json").write_text(json.dumps(facts))
    facts = json.loads((folder / "facts.json").read_text())
    return Layer(file=folder / "layer.tar", digest=facts["digest"], versions=facts["versions"])


def key(inputs: object) -> str:
    """A short hash of what something depends on."""
    text = json.dumps([_FORMAT, inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _name(path: str) -> str:
    """The path as a tar names it, relative to the root; empty for the root itself."""
    return path.removeprefix("./").strip("/").removesuffix("/.") if path != "." else ""


def _merged(name: str) -> str:
    return f"usr/{name}" if name.partition("/")[0] in _MERGED else name
