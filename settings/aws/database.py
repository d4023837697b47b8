"""Settings of AWS: PostgreSQL in RDS."""

from settings.types import Area


class RdsSettings(Area):
    """PostgreSQL in RDS."""
