"""Settings of AWS: Backups, copies and restore tests."""

from settings.types import Area


class RecoverySettings(Area):
    """Backups, copies and restore tests."""
