"""Settings of AWS: How requests find the working region."""

from settings.types import Area


class FailoverSettings(Area):
    """How requests find the working region."""
