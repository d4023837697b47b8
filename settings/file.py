"""The settings of a stack from its file, for commands that run without Pulumi's engine."""

from pathlib import Path
from typing import Any

import yaml

from settings.load import parse
from settings.model import Settings

_REPOSITORY = Path(__file__).parents[1]


class NoSuchStackError(ValueError):
    """There is no file of that stack; the message lists those that there are."""


def load_file(stack: str, *, folder: Path = _REPOSITORY) -> Settings:
    """The settings that `Pulumi.<stack>.yaml` gives.

    Settings that are encrypted there are left out: they cannot be read without Pulumi.

    Args:
        stack: name of the stack.
        folder: the program's.

    Raises:
        NoSuchStackError: it has no file.
        SettingsError: its settings cannot be used.
    """
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
    try:
        text = (folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    except FileNotFoundError:
        known = sorted(each.name.split(".")[1] for each in folder.glob("Pulumi.*.yaml"))
        raise NoSuchStackError(
            f"there is no Pulumi.{stack}.yaml; there are the stacks {', '.join(known)}"
        ) from None
    config: dict[str, Any] = (yaml.safe_load(text) or {}).get("config") or {}
    prefix = f"{project}:"
    return parse(
        {
            key.removeprefix(prefix): value
            for key, value in config.items()
            if key.startswith(prefix) and not (isinstance(value, dict) and "secure" in value)
        }
    )
