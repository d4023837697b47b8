"""What a stand-in image is, and the layers that most of them are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.images import n8n, packages
from local.images.layers import Layer, Tree, layer
from local.images.packages import Account

HOST = "stand-in.local"
"""Registry in the references of stand-ins. No such host exists: nothing is ever pulled from it."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Of most published images."""

NONROOT = Account(name="nonroot", number=65532, home="/home/nonroot")
"""Whom images of a single program run as."""


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
    path: str = PATH
    stop_signal: str = "SIGTERM"

    @property
    def reference(self) -> str:
        """What a pod names."""
        return f"{HOST}/{self.name}:{self.version}"


class Base:
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


def own_layer(name: str, inputs: Sequence[str], fill: Callable[[Tree], None]) -> Layer:
    """A layer of files of our own, and of programs that `inputs` are the digests of."""

    def fill_without_packages(tree: Tree, _: Path) -> Mapping[str, str]:
        fill(tree)
        return {}

    return layer(name, [*inputs, *_sources()], fill_without_packages)


def go_program(
    name: str,
    version: str,
    programs: Mapping[str, Path],
    *,
    file: str,
    command: tuple[str, ...] = (),
    low_ports: bool = False,
    user: int = NONROOT.number,
) -> Image:
    """A statically linked program and nothing else, as in the published images."""
    program = programs[name]

    def fill(tree: Tree) -> None:
        packages.accounts(tree, NONROOT)
        tree.directory("/tmp", mode=0o1777)
        tree.copy(file, program, mode=0o755, low_ports=low_ports)

    return Image(
        name=name,
        version=version,
        layers=(own_layer(name, [file, digest(program)], fill),),
        user=user,
        entry_point=(file,),
        command=command,
    )


def program_file(tree: Tree, path: str, file: str) -> None:
    """Add a program out of files/."""
    tree.copy(path, n8n.FILES / file, mode=0o755)


def digest(file: Path) -> str:
    """What changes when the file does."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sources() -> list[str]:
    """What all layers but n8n's large one depend on: how they are made, and the files added."""
    files = (file for file in sorted(n8n.FILES.iterdir()) if file.is_file())
    scripts = (file for file in files if "package" not in file.name)
    here = Path(__file__).parent
    modules = (here / name for name in ("image.py", "monitoring.py", "packages.py", "recipes.py"))
    return [file.read_text() for file in (*scripts, *modules)]
