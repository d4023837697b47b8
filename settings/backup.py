"""Settings of n8n's own backup: workflows and credentials in its export format."""

from typing import Annotated

from pydantic import Field

import versions
from settings.data_subjects import Daily
from settings.types import Area, Image, Quantity

Weekly = Annotated[str, Field(pattern=r"^[0-5]?\d ([01]?\d|2[0-3]) \* \* [0-6]$")]
"""A schedule of cron that is once a week: minute, hour, two stars, and a day of the week."""


class BackupSettings(Area):
    """Workflows, and credentials as encrypted as n8n stores them, as files on a volume.

    For what a backup of the database is too coarse for: one workflow that somebody deleted, a move
    to another n8n. It has no executions and no accounts. Credentials open only with the same
    encryption key, which is not in it. In AWS each is copied to the bucket for exports, too, and
    from there to the peer's region.
    """

    enabled: bool = Field(default=False, description="Make such backups.")
    schedule: Daily = Field(
        default="40 0 * * *", description="When, as cron writes it, in `n8n.timezone`."
    )
    test_schedule: Weekly = Field(
        default="40 3 * * 0",
        description="When the newest one is restored into an n8n and a PostgreSQL that end with "
        "the test, and every credential in it opened with the encryption key.",
    )
    days: int = Field(default=30, ge=1, le=3650, description="Days that a backup is kept.")
    minimum_days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="No backup may be kept shorter: damage is noticed some days later.",
    )
    maximum_days: int = Field(
        default=35,
        ge=1,
        le=3650,
        description="No backup may be kept longer, GDPR Art. 5(1)(e): what workflows have pinned "
        "may be about people.",
    )
    storage: Quantity = Field(
        default="5Gi", description="Size of the volume: every workflow once for each day."
    )
    copy_image: Image = Field(
        default=versions.AWS_CLI,
        description="Image of the AWS CLI, which copies each backup to S3; in AWS only.",
    )
