"""Whether the registries of the published images can be reached from this machine."""

from __future__ import annotations

from collections.abc import Iterable

from local.toolchain.download import DownloadFailedError, require_reachable

_SERVERS = {"docker.io": "registry-1.docker.io"}
"""Where a registry is, if not at the host of its name."""


def unreachable(references: Iterable[str]) -> str | None:
    """The first registry of these images that does not answer, in one sentence; None if all do."""
    hosts = sorted({reference.partition("/")[0] for reference in references})
    for host in hosts:
        try:
            require_reachable(f"https://{_SERVERS.get(host, host)}/v2/")
        except DownloadFailedError as error:
            return str(error)
    return None
