"""Tags of the environment's resources in AWS."""

from components import governance
from components.base import MANAGED_BY, PART_OF
from settings import Settings
from settings.aws import AwsSettings

BACKUP = f"{PART_OF}/backup"
"""Tag of what the environment's backup plan covers; its value is the environment's name."""


def tags(settings: Settings, *, backed_up: AwsSettings | None = None) -> dict[str, str]:
    """What every resource says of itself.

    Args:
        settings: settings of the stack.
        backed_up: the environment whose plan backs the resource up; None: it is not backed up.
    """
    return {
        "part-of": PART_OF,
        "managed-by": MANAGED_BY,
        **governance.owner(settings.governance),
        **({BACKUP: backed_up.name} if backed_up else {}),
    }
