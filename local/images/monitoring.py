"""Images of what watches the platform: Prometheus, its operator, Alertmanager, the exporters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.images import packages
from local.images.image import Base, Image, go_program
from local.images.layers import Tree
from local.images.packages import Account
from local.toolchain import pins

_NOBODY = 65534


def images(base: Base, programs: Mapping[str, Path]) -> list[Image]:
    """All of them.

    Args:
        base: the layer below those of Debian's packages.
        programs: the toolchain's programs.

    Raises:
        LocalError: something that they are made of cannot be had.
    """
    return [
        _packaged(base, "alertmanager", "prometheus-alertmanager", program="/bin/alertmanager"),
        _packaged(
            base,
            "redis-exporter",
            "prometheus-redis-exporter",
            program="/redis_exporter",
            user=Account(name="exporter", number=59000, home="/"),
        ),
        _packaged(
            base,
            "blackbox-exporter",
            "prometheus-blackbox-exporter",
            program="/bin/blackbox_exporter",
        ),
        *(
            go_program(name, f"v{version}", programs, file=file, user=_NOBODY)
            for name, version, file in (
                ("prometheus", pins.PROMETHEUS, "/bin/prometheus"),
                ("prometheus-operator", pins.PROMETHEUS_OPERATOR, "/bin/operator"),
                (
                    "prometheus-config-reloader",
                    pins.PROMETHEUS_OPERATOR,
                    "/bin/prometheus-config-reloader",
                ),
                ("postgres-exporter", pins.POSTGRES_EXPORTER, "/bin/postgres_exporter"),
            )
        ),
    ]


def _packaged(
    base: Base, name: str, package: str, *, program: str, user: Account | None = None
) -> Image:
    """Debian's package, with the program where the published image has it."""

    def finish(tree: Tree) -> None:
        packages.accounts(tree, *([user] if user else []))
        if program != f"/bin/{package}":
            tree.link(program, f"/usr/bin/{package}")

    above = base.above(name, package, finish)
    return Image(
        name=name,
        version=f"v{packages.upstream(above.versions[package])}",
        layers=(base.layer, above),
        user=user.number if user else _NOBODY,
        entry_point=(program,),
    )
