"""Where a stack serves n8n to the public, as its settings say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from local.errors import LocalError

_KEY = "n8n-platform:n8n"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The two public addresses.

    Attributes:
        editor: of the editor and its API.
        webhooks: of webhooks and forms.
    """

    editor: str
    webhooks: str


def read(stack_file: Path) -> Addresses:
    """The addresses in a stack's settings, `Pulumi.<stack>.yaml`.

    Raises:
        LocalError: the file does not give both.
    """
    n8n = (yaml.safe_load(stack_file.read_text()).get("config") or {}).get(_KEY) or {}
    try:
        return Addresses(editor=n8n["editorUrl"], webhooks=n8n["webhookUrl"])
    except KeyError as error:
        raise LocalError(f"{stack_file} must give {_KEY}'s editorUrl and webhookUrl.") from error
