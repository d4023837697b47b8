"""Programs from Debian's packages, unpacked into the cache: nothing is installed.

For what is neither published as a checked download nor built from Go modules. apt checks every
package against the signed lists of the machine's own distribution.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local import commands
from local.errors import LocalError
from local.toolchain import cache

NODE_PACKAGES = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iptables",
    "ipset",
    "conntrack",
    "kmod",
    "iproute2",
)
"""What a node runs containers and its network with."""

_PROGRAM_FOLDERS = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_LIBRARY_FOLDERS = ("lib", "usr/lib")
_ALTERNATIVES = {
    "usr/sbin/xtables-nft-multi": tuple(
        f"{name}{suffix}"
        for name in ("iptables", "ip6tables")
        for suffix in ("", "-save", "-restore")
    )
}
"""Programs and the names that an installation would choose among alternatives to give them."""


@dataclass(frozen=True, kw_only=True)
class Debian:
    """Unpacked packages.

    Attributes:
        root: the folder that plays the root directory for them.
    """

    root: Path

    def program(self, name: str) -> Path:
        """The file of a program of these packages, or of this machine if it was here already.

        Raises:
            LocalError: it is in neither.
        """
        folders = os.pathsep.join([*self._folders(), os.environ.get("PATH", os.defpath)])
        found = shutil.which(name, path=folders)
        if found is None:
            raise LocalError(f"No package that was unpacked contains the program {name}.")
        return Path(found)

    def environment(self) -> dict[str, str]:
        """Environment variables with which the programs find each other and their libraries."""
        libraries = [
            str(folder)
            for parent in _LIBRARY_FOLDERS
            for folder in sorted((self.root / parent).glob("*-linux-*"))
        ]
        inherited = os.environ.get("LD_LIBRARY_PATH")
        extensions = next(self.root.glob("usr/lib/*-linux-*/xtables"), None)
        return {
            **({"XTABLES_LIBDIR": str(extensions)} if extensions else {}),
            "PATH": os.pathsep.join([*self._folders(), os.environ.get("PATH", os.defpath)]),
            "LD_LIBRARY_PATH": os.pathsep.join(libraries + ([inherited] if inherited else [])),
        }

    def _folders(self) -> list[str]:
        return [str(self.root / name) for name in _PROGRAM_FOLDERS if (self.root / name).is_dir()]


def fetch(*packages: str, report: Callable[[str], None]) -> Debian:
    """Have these packages, and the libraries of theirs that this machine lacks, in the cache.

    Raises:
        LocalError: this is no Debian-like system, or apt cannot have them.
    """
    key = hashlib.sha256(json.dumps([sorted(packages), _release()]).encode()).hexdigest()[:16]
    folder = cache.root() / f"debian-{packages[0]}-{key}"
    with cache.filling(folder) as partial:
        if partial is not None:
            _unpack(packages, partial, report)
    return Debian(root=folder)


def _unpack(packages: Sequence[str], folder: Path, report: Callable[[str], None]) -> None:
    advice = f"install {' '.join(packages)} with this system's package manager"
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise LocalError(f"There is no apt here to fetch packages from: {advice}.")
    report(f"packages for {packages[0]}")
    missing = _missing(packages)
    if not missing and os.geteuid() == 0:
        # A fresh image has no package lists.
        report("package lists")
        subprocess.run(("apt-get", "-qq", "update"), capture_output=True, check=False)
        missing = _missing(packages)
    # What is installed already is found where it is, but not what apt does not know.
    if not missing and not all(_is_installed(package) for package in packages):
        raise LocalError(f"apt does not know {' or '.join(packages)}: {advice}.")
    for number, package in enumerate(missing, 1):
        report(f"package {package} ({number} of {len(missing)})")
        commands.output(("apt-get", "-qq", "download", package), folder=folder)
    for file in sorted(folder.glob("*.deb")):
        report(f"unpacking {file.name.partition('_')[0]}")
        commands.output(("dpkg", "--extract", file, folder))
        file.unlink()
    for program, names in _ALTERNATIVES.items():
        for name in names if (folder / program).exists() else ():
            (folder / program).with_name(name).symlink_to(Path(program).name)


def _missing(packages: Sequence[str]) -> list[str]:
    """What apt would install: these packages, and what they need and this machine lacks."""
    plan = subprocess.run(
        ("apt-get", "--simulate", "--no-install-recommends", "install", *packages),
        capture_output=True,
        text=True,
        check=False,
    )
    return re.findall(r"^Inst (\S+)", plan.stdout, re.MULTILINE)


def _is_installed(package: str) -> bool:
    status = subprocess.run(
        ("dpkg-query", "--show", "--showformat", "${db:Status-Status}", package),
        capture_output=True,
        text=True,
        check=False,
    )
    return status.stdout == "installed"


def _release() -> str:
    """The distribution, whose packages fit its own libraries only."""
    file = Path("/etc/os-release")
    return file.read_text() if file.is_file() else ""
