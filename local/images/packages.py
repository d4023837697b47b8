"""Layers out of Debian's packages: their files alone, without what is there to install them.

apt downloads and checks the packages; their archives are copied into the tar as they are. Nothing
is installed and no script of a package runs, so this needs no root, and the few files that such
scripts would make (accounts, links, the bundle of certificate authorities) are made here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.images.layers import Tree
from local.images.running import run

BASE = (
    "base-files",
    "bash",
    "ca-certificates",
    "coreutils",
    "dash",
    "grep",
    "libc-bin",
    "libgcc-s1",
    "libssl3",
    "libstdc++6",
    "mawk",
    "openssl",
    "sed",
    "tini",
    "tzdata",
)
"""Packages of the layer below all others: a shell and its tools, and the libraries of Node.js."""

_NOT_FOLLOWED = {
    # For installation scripts, or wrappers that choose among several releases.
    "adduser",
    "debconf",
    "debianutils",
    "dpkg",
    "init-system-helpers",
    "libcap2-bin",
    "install-info",
    "lsb-base",
    "passwd",
    "perl",
    "perl-base",
    "postgresql-client-common",
    "postgresql-common",
    "readline-common",
    "ssl-cert",
    "sysvinit-utils",
    "tar",
    "ucf",
    "usrmerge",
    # PostgreSQL compiles long queries with it where it is there: 110 MB.
    "libllvm14",
    # C.UTF-8 is in libc-bin.
    "locales",
    "locales-all",
}
"""Dependencies that no program of these images needs to run."""

_NOT_WANTED = re.compile(
    r"usr/share/(doc|doc-base|info|lintian|locale|man|menu|bash-completion|bug|i18n|perl5)(/|$)"
    r"|usr/share/zoneinfo/(posix|right)(/|$)"
    r"|usr/share/postgresql/[^/]+/man(/|$)"
    r"|usr/lib/[^/]+/gconv(/|$)"
    r"|usr/lib/postgresql/[^/]+/lib/(bitcode(/|$)|llvmjit)"
    r"|etc/(init|init\.d|cron\.[^/]+|default|logrotate\.d|systemd|pam\.d|update-motd\.d)(/|$)"
    r"|(usr/)?lib/systemd(/|$)"
    r"|var/(cache|lib/dpkg|log)(/|$)"
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user and its group, of the same name and number."""

    name: str
    number: int
    home: str


def closure(packages: Iterable[str]) -> dict[str, str]:
    """These packages and all that they need to run, each with its version here.

    Raises:
        LocalError: apt is not here, or does not know one of them.
    """
    wanted = list(packages)
    needs = _dependencies(wanted)
    found: set[str] = set()
    queue = deque(wanted)
    while queue:
        package = queue.popleft()
        if package not in found and package not in _NOT_FOLLOWED:
            found.add(package)
            queue.extend(needs[package])
    return _versions(sorted(found))


def upstream(version: str) -> str:
    """The version that the program itself says: `7.0.15` of `5:7.0.15-1~deb12u10`."""
    return re.sub(r"^\d+:|[-+~].*$", "", version)


def unpack(
    packages: Iterable[str], tree: Tree, folder: Path, report: Callable[[str], None]
) -> None:
    """Add the files of exactly these packages.

    Args:
        packages: names without their dependencies.
        tree: the layer.
        folder: for the downloaded packages.
        report: told how far it is.

    Raises:
        LocalError: a package cannot be had.
    """
    names = list(packages)

    def progress(_: int) -> str:
        return f"packages: {len(list(folder.glob('*.deb')))} of {len(names)}"

    run(("apt-get", "-qq", "download", *names), cwd=folder, say=progress, report=report)
    for package in sorted(folder.glob("*.deb")):
        report(f"unpacking {package.name.partition('_')[0]}")
        with _archive(package) as archive:
            tree.unpack(archive, wanted=lambda name: not _NOT_WANTED.match(name))


def complete(tree: Tree, folder: Path) -> None:
    """What installation would have made of the base packages in `folder`."""
    for name in ("bin", "sbin", "lib", "lib64"):
        tree.link(f"/{name}", f"usr/{name}")
    tree.link("/usr/bin/awk", "mawk")
    tree.directory("/run")
    tree.link("/var/run", "/run")
    tree.directory("/tmp", mode=0o1777)
    tree.directory("/var/tmp", mode=0o1777)
    tree.text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    tree.text("/etc/ssl/certs/ca-certificates.crt", _authorities(folder))


def accounts(tree: Tree, *users: Account) -> None:
    """/etc/passwd and /etc/group with the superuser, nobody and these; and their home folders."""
    tree.text(
        "/etc/passwd",
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        + "".join(
            f"{user.name}:x:{user.number}:{user.number}::{user.home}:/bin/sh\n" for user in users
        )
        + "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    )
    tree.text(
        "/etc/group",
        "root:x:0:\n"
        + "".join(f"{user.name}:x:{user.number}:\n" for user in users)
        + "nogroup:x:65534:\n",
    )
    for user in users:
        tree.directory(user.home, owner=user.number)


@contextmanager
def _archive(package: Path) -> Iterator[tarfile.TarFile]:
    """The files in a package."""
    with subprocess.Popen(
        ("dpkg-deb", "--fsys-tarfile", str(package)), stdout=subprocess.PIPE
    ) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            yield archive
        # The end of the tar may be followed by padding, which dpkg-deb must be able to write.
        process.communicate()
    if process.returncode:
        raise LocalError(f"dpkg-deb cannot read {package.name}: run the same command again.")


def _authorities(folder: Path) -> str:
    with _archive(next(folder.glob("ca-certificates_*.deb"))) as archive:
        return "".join(_certificates(archive))


def _certificates(archive: tarfile.TarFile) -> Iterator[str]:
    for member in archive:
        content = archive.extractfile(member) if member.name.endswith(".crt") else None
        if content is not None:
            yield content.read().decode()


def _dependencies(packages: list[str]) -> dict[str, list[str]]:
    """Every package that these can need, with what each of them needs itself."""
    listing = _apt_cache(
        "depends",
        "--recurse",
        *(f"--no-{kind}" for kind in ("recommends", "suggests", "enhances")),
        *(f"--no-{kind}" for kind in ("conflicts", "breaks", "replaces")),
        *packages,
    )
    needs: dict[str, list[str]] = {}
    package, chosen = "", False
    for line in listing.splitlines():
        if not line.startswith((" ", "|")):
            package, chosen = line, False
            needs[package] = []
            continue
        match = re.match(r"^ ([ |])(?:Pre)?Depends: (<?)(\S+?)>?$", line)
        if match is None:
            continue
        # Of alternatives, the first; a virtual package is met by one that is asked for by name.
        if not chosen and not match[2]:
            needs[package].append(match[3])
        chosen = match[1] == "|"
    return needs


def _versions(packages: list[str]) -> dict[str, str]:
    listing = _apt_cache("policy", *packages)
    return dict(re.findall(r"^(\S+):\n.*\n  Candidate: (\S+)$", listing, re.MULTILINE))


def _apt_cache(*arguments: str) -> str:
    """What apt knows, after fetching its lists where there are none, as on a fresh image.

    Raises:
        LocalError: apt is not here, or does not know what it is asked for.
    """
    if shutil.which("apt-cache") is None:
        raise LocalError(
            "Stand-ins for container images are made of Debian's packages, and there is no apt "
            "here: make the container registries reachable, or use `make up NODES=simulated`."
        )
    result = _ask_apt(*arguments)
    if result.returncode and os.geteuid() == 0:
        subprocess.run(("apt-get", "-qq", "update"), capture_output=True, check=False)
        result = _ask_apt(*arguments)
    if result.returncode:
        raise LocalError(
            f"apt does not know what the images are made of: run `apt-get update`, and this again. "
            f"It said: {result.stderr.strip()}"
        )
    return result.stdout


def _ask_apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("apt-cache", *arguments),
        # Not in the user's language: the answer is read.
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
