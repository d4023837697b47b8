"""Where tools are kept between runs and checkouts, and how a folder of it comes to be whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.lock import exclusive


def root() -> Path:
    """The cache folder of this project: `$XDG_CACHE_HOME/n8n-platform`, by default in ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "n8n-platform"


@contextmanager
def filling(folder: Path) -> Iterator[Path | None]:
    """Make `folder` in one piece: the body fills the folder it is given, which then takes its name.

    Gives None where `folder` exists already. A body that failed or was interrupted is done again
    by the next, and of two processes the second waits and finds the work done.
    """
    if folder.is_dir():
        yield None
        return
    with exclusive(folder.with_name(folder.name + ".lock")):
        if folder.is_dir():
            yield None
            return
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        partial.rename(folder)
