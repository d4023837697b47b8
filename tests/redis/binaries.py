"""Where the tests get Redis from: PATH, or else Debian's packages, unpacked in the cache."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.toolchain import debian

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
        libraries: where the shared libraries are that came with them, as LD_LIBRARY_PATH says it.
    """

    programs: Path
    libraries: str = ""

    def environment(self) -> dict[str, str]:
        """Environment variables with which the programs start; `PATH` is for the caller to make."""
        if not self.libraries:
            return {}
        return {"LD_LIBRARY_PATH": self.libraries}


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
    try:
        packages = debian.fetch("redis-server", report=lambda _: None)
        redis = Redis(
            programs=packages.program("redis-server").parent,
            libraries=packages.environment()["LD_LIBRARY_PATH"],
        )
    except LocalError as error:
        raise LookupError(_ADVICE) from error
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
