"""A tier's Portkey configuration: with keys on the way out, and who answered on the way back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ai_gateway.document import Provider
from ai_gateway.router.keys import Keys

_STEP = re.compile(r"\.targets\[(\d{1,4})\]")
_PATH = re.compile(r"config(\.targets\[\d{1,4}\])*")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Who answered a call.

    Attributes:
        name: of the target.
        passed_over: targets of fallbacks that were tried before it.
        attempts: how often it may be tried again.
    """

    name: str
    passed_over: int
    attempts: int


def with_keys(
    config: Mapping[str, Any], providers: Mapping[str, Provider], keys: Keys
) -> dict[str, Any] | None:
    """The configuration with each target's key.

    Targets whose key is missing are left out, and so is what has no target then: the others can
    still answer. None if nothing is left.
    """
    if "provider" in config:
        key = keys.get(providers[config["provider"]].key)
        return None if key is None else {**config, "api_key": key}
    found = (with_keys(target, providers, keys) for target in config["targets"])
    targets = [target for target in found if target is not None]
    return {**config, "targets": targets} if targets else None


def answered(config: Mapping[str, Any], path: str) -> Answered | None:
    """The target that Portkey says answered.

    Args:
        config: as it was sent.
        path: Portkey's word for it, such as `config.targets[1].targets[0]`.

    Returns:
        None if there is no such target.
    """
    # A provider's answer could have a header of the same name; Portkey's own comes after it.
    path = path.rpartition(",")[2].strip()
    if not _PATH.fullmatch(path):
        return None
    node, passed_over = config, 0
    for step in _STEP.findall(path):
        targets = node.get("targets", [])
        if int(step) >= len(targets):
            return None
        if node.get("strategy", {}).get("mode") == "fallback":
            passed_over += int(step)
        node = targets[int(step)]
    if "provider" not in node or "name" not in node:
        return None
    attempts = node.get("retry", {}).get("attempts", 0)
    return Answered(name=node["name"], passed_over=passed_over, attempts=attempts)
