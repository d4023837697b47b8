"""Official release files: fetched with a short patience, checked against their published sums."""

from __future__ import annotations

import hashlib
import platform
import socket
import tarfile
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from local.toolchain.pins import Tool

_CONNECT_SECONDS = 3
_READ_SECONDS = 30
_BLOCK = 1 << 18


class DownloadFailedError(Exception):
    """A release file could not be had, or is not what its checksum says; in one sentence."""


def is_published(tool: Tool) -> bool:
    """Whether checked files of `tool` are published for this machine."""
    return tool.download is not None and machine()[0] in tool.download.systems


def fetch(tool: Tool, folder: Path, report: Callable[[str], None]) -> None:
    """Put the programs of `tool` into `folder`.

    Raises:
        DownloadFailedError: nothing is published, the host cannot be reached, or a file has the
            wrong checksum.
    """
    if tool.download is None:
        raise DownloadFailedError(f"no checked download of {tool.name} is published")
    system, architecture = machine()
    for program in tool.packages if "{program}" in tool.download.url else ("",):
        words = {
            "version": tool.version,
            "program": program,
            "os": system,
            "arch": architecture,
            "x64": {"amd64": "x64"}.get(architecture, architecture),
            "archive": "tar.gz" if system == "linux" else "zip",
        }
        url = tool.download.url.format(**words)
        require_reachable(url)
        name = url.rpartition("/")[2]
        expected = _published_sum(tool.download.checksums.format(**words), name)
        file = folder / name
        _save(url, file, expected, report)
        if program:
            file.chmod(0o755)
        else:
            _unpack(file, folder)
            file.unlink()
    missing = [program for program in tool.packages if not (folder / program).is_file()]
    if missing:
        raise DownloadFailedError(f"the download does not contain {', '.join(missing)}")


def machine() -> tuple[str, str]:
    """Operating system and architecture of this machine in Go's words."""
    architecture = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return platform.system().lower(), names.get(architecture, architecture)


def require_reachable(url: str) -> None:
    """Raise DownloadFailedError unless the host of `url` answers; asked once per host and run."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.netloc):
        parts = urllib.parse.urlsplit(proxy)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    if not _answers(parts.hostname or "", port):
        raise DownloadFailedError(f"{parts.hostname} does not answer")


@cache
def _answers(host: str, port: int) -> bool:
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
        except OSError:
            return
        answered.set()

    # In a thread of its own because looking up a name has no timeout of its own.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS)
    return answered.is_set()


def _published_sum(url: str, name: str) -> str:
    text = _read(url).decode()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 1 or (len(words) == 2 and words[1].lstrip("*") == name):
            return words[0].lower()
    raise DownloadFailedError(f"{url} has no checksum of {name}")


def _read(url: str) -> bytes:
    try:
        # Addresses come from pins.py alone.
        with urllib.request.urlopen(url, timeout=_READ_SECONDS) as response:  # noqa: S310
            return response.read()
    except (OSError, urllib.error.URLError) as error:
        raise DownloadFailedError(f"{url} cannot be read: {error}") from error


def _save(url: str, file: Path, expected: str, report: Callable[[str], None]) -> None:
    digest = hashlib.sha256()
    try:
        with (
            urllib.request.urlopen(url, timeout=_READ_SECONDS) as response,  # noqa: S310
            file.open("wb") as output,
        ):
            while block := response.read(_BLOCK):
                digest.update(block)
                output.write(block)
                report(f"downloading {file.name}, {output.tell() >> 20} MB")
    except (OSError, urllib.error.URLError) as error:
        raise DownloadFailedError(f"{url} cannot be downloaded: {error}") from error
    if digest.hexdigest() != expected:
        file.unlink()
        raise DownloadFailedError(
            f"{url} has SHA-256 {digest.hexdigest()} where {expected} is published: refused"
        )


def _unpack(archive: Path, folder: Path) -> None:
    """Put the archive's executables into `folder`, without the archive's own folders."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as contents:
            for entry in contents.infolist():
                if not entry.is_dir() and entry.external_attr >> 16 & 0o100:
                    _write(folder / Path(entry.filename).name, contents.read(entry))
        return
    with tarfile.open(archive) as contents:
        for member in contents:
            if member.isfile() and member.mode & 0o100:
                file = contents.extractfile(member)
                if file is not None:
                    _write(folder / Path(member.name).name, file.read())


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    file.chmod(0o755)
