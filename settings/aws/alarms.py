"""Settings of who hears of alarms in AWS."""

from typing import Annotated

from pydantic import Field

from settings.types import Area

Address = Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+\.[^\s@]+$")]
"""An address of e-mail."""

TopicArn = Annotated[str, Field(pattern=r"^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$")]
"""A topic of SNS by its ARN."""


class AlarmSettings(Area):
    """Who hears of what CloudWatch and AWS Backup notice: failed or missing backups and restore
    tests, a database that runs out of room, a replica that lags, a lost lease, a silent audit log.
    With `aws.peer` somebody has to.

    Each region has a topic of its own, encrypted. An address of a service that is called over HTTPS
    is a secret in most of them, and has no place here: give such a service a topic, or its address
    of e-mail.
    """

    emails: tuple[Address, ...] = Field(
        default=(),
        description="Addresses that the region's topic writes to. AWS asks each once to confirm, "
        "and writes nothing else until somebody has.",
    )
    topics: tuple[TopicArn, ...] = Field(
        default=(),
        description="Topics of this region that are there already and hear of CloudWatch's alarms "
        "too, such as one that calls whoever is on duty.",
    )
