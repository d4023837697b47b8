"""The providers' keys: files in a folder, one per key."""

from __future__ import annotations

from pathlib import Path


class Keys:
    """Keys as they are now.

    Each is read when it is used, so that a changed Secret needs no restart; a file in memory is
    read in microseconds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str | None:
        """The key in the file of this name; None if there is no such file, or nothing in it."""
        try:
            return (self._folder / name).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None
