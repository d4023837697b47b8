"""What resources say of themselves: owner, change, kind of data, deliberate limits, secrets."""

from typing import Literal

from components.base import PART_OF
from integrations.selection import Selection
from settings.governance import GovernanceSettings

REREADS = f"{PART_OF}/rereads-secrets"
"""Annotation of a pod template: names of the Secrets, with commas, whose mounted files its programs
read again when they change. Without it a rotation restarts the pod, which is always right."""


def owner(governance: GovernanceSettings) -> dict[str, str]:
    """Who answers for a resource; nothing where nobody was named, which policies then say."""
    return _named({"owner": governance.owner})


def change(governance: GovernanceSettings) -> dict[str, str]:
    """As an annotation, what asked for the present state of the environment."""
    return _named({"change": governance.change})


def integrations(chosen: Selection) -> dict[str, str]:
    """As an annotation, the outside services that the environment uses, by their catalogue ids."""
    return _named({"integrations": ",".join(each.id for each in chosen.integrations)})


def data(
    governance: GovernanceSettings,
    *,
    classification: Literal["confidential", "personal"],
    retention_hours: int,
) -> dict[str, str]:
    """What a data store keeps.

    Args:
        governance: purpose, lawful basis and owner of the environment's data.
        classification: how sensitive it is; `personal` is about people.
        retention_hours: after how many hours nothing is left of it.
    """
    days = -(-retention_hours // 24)
    return _named(
        {
            "data-classification": classification,
            "data-purpose": governance.purpose,
            "data-lawful-basis": governance.lawful_basis if classification == "personal" else "",
            "data-retention-days": str(days),
            "data-owner": governance.owner,
        }
    )


def single_replica(reason: str) -> dict[str, str]:
    """As an annotation, why a workload has one pod only."""
    return _named({"single-replica": reason})


def _named(labels: dict[str, str]) -> dict[str, str]:
    return {f"{PART_OF}/{key}": value for key, value in labels.items() if value}
