"""One thing that AWS charges for."""

from collections.abc import Iterator
from dataclasses import dataclass

from settings.aws import AwsSettings

HOURS = 730
"""Hours of a month, as AWS reckons."""

DAYS = 30
"""Days of a month."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Something that AWS charges for every month.

    Attributes:
        component: the component that makes it.
        what: what it is, and what its number follows from.
        item: its item of the price table.
        region: where.
        quantity: how many there are, in the item's unit times the size.
        size: units of the item that one of them is.
        resource: type of the resource that it is charged for; who makes it, if that is not Pulumi.
        per_zone: its quantity grows with the number of zones.
        for_standby: it is there because there is a standby.
    """

    component: str
    what: str
    item: str
    region: str
    quantity: float
    size: float = 1
    resource: str
    per_zone: bool = False
    for_standby: bool = False


def logs(environment: AwsSettings, component: str, what: str, gigabytes: float) -> Iterator[Charge]:
    """Logs that CloudWatch takes in, and keeps for the environment's days."""
    for item, quantity, kept in (
        ("log-ingestion", gigabytes, ""),
        ("log-storage", gigabytes * environment.log_retention_days / DAYS, ", kept"),
    ):
        yield Charge(
            component=component,
            what=f"{what}{kept}",
            item=item,
            region=environment.region,
            quantity=quantity,
            resource="aws:cloudwatch/logGroup:LogGroup",
        )
