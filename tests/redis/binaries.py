"""Where the tests get Redis from: PATH, or else Debian's packages, unpacked in the cache."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.toolchain import cache

_OLDEST_MAJOR = 7
"""The first release in which nodes announce host names."""

_ADVICE = (
    "The Redis tests need redis-server 7 or newer: install it with your package manager, for "
    "example `apt-get install redis-server` or `brew install redis`"
)


@dataclass(frozen=True, kw_only=True)
class Redis:
    """Redis's programs.

    Attributes:
        programs: directory of redis-server and redis-cli.
        libraries: directories of the shared libraries that came with them.
    """

    programs: Path
    libraries: tuple[Path, ...] = ()

    def environment(self) -> dict[str, str]:
        """Environment variables with which the programs start; `PATH` is for the caller to make."""
        if not self.libraries:
            return {}
        return {"LD_LIBRARY_PATH": os.pathsep.join(map(str, self.libraries))}


def find() -> Redis:
    """Redis from PATH if it is new enough, otherwise from Debian's packages.

    Raises:
        LookupError: if neither is to be had, with what to install.
    """
    on_path = shutil.which("redis-server")
    if on_path:
        redis = Redis(programs=Path(on_path).parent)
        if (redis.programs / "redis-cli").exists() and _major(redis) >= _OLDEST_MAJOR:
            return redis
    folder = cache.root() / "redis"
    with cache.filling(folder) as partial:
        if partial is not None:
            _unpack_debian_packages(partial)
    redis = Redis(
        programs=folder / "usr/bin", libraries=tuple(sorted((folder / "usr/lib").glob("*-linux-*")))
    )
    if _major(redis) < _OLDEST_MAJOR:
        raise LookupError(_ADVICE)
    return redis


def _major(redis: Redis) -> int:
    said = subprocess.run(
        [redis.programs / "redis-server", "--version"],
        env={**os.environ, **redis.environment()},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    version = re.search(r"v=(\d+)\.", said)
    return int(version[1]) if version else 0


def _unpack_debian_packages(folder: Path) -> None:
    if not shutil.which("apt-get"):
        raise LookupError(_ADVICE)
    missing = _missing_packages()
    if not missing and os.geteuid() == 0:
        # A fresh image has no package lists.
        subprocess.run(["apt-get", "-qq", "update"], check=False)
        missing = _missing_packages()
    if not missing:
        raise LookupError(_ADVICE)
    try:
        subprocess.run(
            ["apt-get", "-qq", "download", *missing], cwd=folder, check=True, capture_output=True
        )
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg", "--extract", package, folder], check=True, capture_output=True)
            package.unlink()
    except (OSError, subprocess.CalledProcessError) as error:
        raise LookupError(_ADVICE) from error


def _missing_packages() -> list[str]:
    """What apt would install for Redis: its packages and the libraries that are not here yet."""
    plan = subprocess.run(
        ["apt-get", "--simulate", "--no-install-recommends", "install", "redis-server"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
