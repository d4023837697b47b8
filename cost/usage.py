"""What settings do not know: how much is used, a month, of what AWS counts."""

from dataclasses import dataclass, field, fields
from typing import Any


def _of(amount: float, unit: str, what: str, why: str) -> Any:
    return field(default=amount, metadata={"unit": unit, "what": what, "why": why})


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Quantities of an environment at work, all of them assumed: replace them by your bill's."""

    outside_gb: float = _of(
        300, "GB", "through NAT", "calls of outside services, images, telemetry"
    )
    internet_gb: float = _of(100, "GB", "to the internet", "a third of that, and answers")
    between_zones_gb: float = _of(
        500, "GB", "between zones", "two of three calls of pods, Redis and database"
    )
    endpoint_gb: float = _of(200, "GB", "through interface endpoints", "logs, images' lists, keys")
    balancer_units: float = _of(
        1, "NLCU", "of the load balancer, on average", "800 new connections a second, or 1 GB/hour"
    )
    control_plane_log_gb: float = _of(15, "GB", "logs of the control plane", "all five types")
    flow_log_gb: float = _of(20, "GB", "flow logs of the network", "accepted and refused")
    database_log_gb: float = _of(5, "GB", "logs of the database", "connections, slow statements")
    database_changes_gb: float = _of(
        3, "GB a day", "changes of the database", "executions that are saved, and deleted again"
    )
    exports_gb: float = _of(50, "GB", "exports kept", "workflows and credentials, every day")
    standby_share: float = _of(
        0.1, "share", "of this traffic on a standby", "replication, images and checks only"
    )


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One of them, in words.

    Attributes:
        amount: how much.
        unit: of what.
        what: what it is.
        why: why so much.
    """

    amount: float
    unit: str
    what: str
    why: str


ASSUMED = Usage()
"""What is reckoned with."""


def listed(usage: Usage = ASSUMED) -> tuple[Quantity, ...]:
    """All quantities, in words."""
    return tuple(
        Quantity(amount=getattr(usage, each.name), **each.metadata) for each in fields(usage)
    )
