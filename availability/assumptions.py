"""What the availability figures rest on: vendors' promises, what was measured, what is assumed."""

import math
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any


class Basis(StrEnum):
    """How an assumption is known."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    ASSUMED = "assumed"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The availability below which a vendor gives credits.

    Attributes:
        name: the service.
        availability: the share of a month that is promised.
        in_force: since when; None where that was not found.
        source: the page it was read on.
        used_by: the assumption that says how much of its allowance the vendor uses; None where
            what is lost with the service is not counted.
        remark: what a reader must know beside the figure.
    """

    name: str
    availability: float
    in_force: date | None
    source: str
    used_by: str | None
    remark: str


DATABASE = Promise(
    name="RDS, Multi-AZ instance or cluster",
    availability=0.9995,
    in_force=date(2024, 1, 22),
    source="https://aws.amazon.com/rds/sla",
    used_by="database_used",
    remark="99.5 % for a single instance",
)
BALANCER = Promise(
    name="load balancer in several zones",
    availability=0.9999,
    in_force=date(2022, 7, 25),
    source="https://aws.amazon.com/elasticloadbalancing/sla/",
    used_by="balancer_used",
    remark="99.9 % in one zone",
)
COMPUTE = Promise(
    name="EC2 and EBS in several zones",
    availability=0.9999,
    in_force=date(2022, 5, 5),
    source="https://aws.amazon.com/compute/sla/historical/",
    used_by="compute_used",
    remark="the page with former versions: the present one was not to be had",
)
NAT = Promise(
    name="NAT gateway",
    availability=0.999,
    in_force=None,
    source="",
    used_by="nat_used",
    remark="**not sourced**: no page was found; from general knowledge. One in each zone",
)
FUNCTION = Promise(
    name="Lambda, through which the lease is renewed",
    availability=0.9995,
    in_force=None,
    source="https://dev.classmethod.jp/articles/aws-lambda-sla",
    used_by="lease_used",
    remark="read in a report of October 2018; only with a standby: without a lease its database "
    "shuts n8n out (`components/aws/fence.py`)",
)
TABLE = Promise(
    name="DynamoDB, which keeps the lease",
    availability=0.9999,
    in_force=None,
    source="https://dynobase.dev/dynamodb-sla/",
    used_by="lease_used",
    remark="read in a report of March 2022; 99.999 % for who goes to another region's copy, which "
    "the lease does not",
)
KEYS = Promise(
    name="KMS, which opens the lease's table",
    availability=0.99999,
    in_force=date(2022, 11, 29),
    source="https://aws.amazon.com/kms/sla/",
    used_by="lease_used",
    remark="without it RDS does not start and DynamoDB, which keeps a key for minutes, answers no "
    "more; what has started goes on",
)
CONTROL_PLANE = Promise(
    name="EKS control plane",
    availability=0.9995,
    in_force=date(2022, 5, 4),
    source="https://aws.amazon.com/eks/sla/",
    used_by=None,
    remark="not in the path: without it pods run on, and only what stops meanwhile stays away",
)
DNS = Promise(
    name="Route 53, answering queries",
    availability=1.0,
    in_force=None,
    source="https://cloudonaut.io/aws-sla-are-you-able-to-keep-your-availability-promise",
    used_by=None,
    remark="the promise leaves nothing to count; read in a table of January 2019",
)

PROMISES = (DATABASE, BALANCER, COMPUTE, NAT, FUNCTION, TABLE, KEYS, CONTROL_PLANE, DNS)
"""All of them."""


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One number, and how it is known.

    Attributes:
        key: its attribute of `Assumptions`.
        meaning: what it says, with its unit.
        value: what is reckoned with.
        low: the least that it is varied to.
        high: the most.
        limit: what it cannot be more than; infinite where it is no share.
        basis: how it is known.
        source: where from, or why this value.
    """

    key: str
    meaning: str
    value: float
    low: float
    high: float
    limit: float
    basis: Basis
    source: str


def _of(value: float, meaning: str, basis: Basis, source: str, *, limit: float = math.inf) -> Any:
    """An assumption that is varied from a tenth to ten times its value, within its limit."""
    about = {
        "meaning": meaning,
        "low": value / 10,
        "high": min(value * 10, limit),
        "limit": limit,
        "basis": basis,
        "source": source,
    }
    return field(default=value, metadata=about)


def _used(service: str) -> Any:
    return _of(
        0.1,
        f"share of its allowance of outage that {service} uses up, failovers apart",
        Basis.ASSUMED,
        "nobody publishes it; 1 is the promise at its floor",
        limit=1.0,
    )


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """All numbers of the model. Rates are for a year, times are minutes."""

    database_used: float = _used("RDS")
    balancer_used: float = _used("the load balancer")
    compute_used: float = _used("EC2")
    nat_used: float = _used("a NAT gateway")
    lease_used: float = _used("each of Lambda, DynamoDB and KMS")
    zone_losses: float = _of(
        0.1,
        "losses of one zone, a year",
        Basis.ASSUMED,
        "once in ten years. Published: [2011](https://aws.amazon.com/message/65648/), "
        "[2026](https://news.lavx.hu/article/aws-us-east-1-region-faces-another-major-outage-as-power-loss-disrupts-services)",
    )
    zone_loss_minutes: float = _of(
        480.0,
        "minutes that a lost zone stays away",
        Basis.ASSUMED,
        "published power losses: three hours to days",
    )
    zone_losses_that_spread: float = _of(
        0.2,
        "share of lost zones that take the region's APIs or a second zone along",
        Basis.ASSUMED,
        "in [2011](https://www.postmortems.app/postmortem/6c7c05d1-637f-49a9-bc6d-120eacad0b46) "
        "one did: EC2's APIs failed in every zone",
        limit=1.0,
    )
    region_losses: float = _of(
        0.2,
        "losses of the whole region, a year",
        Basis.ASSUMED,
        "us-east-1 was hit in 2021 and 2025; other regions less often",
    )
    failover_minutes: float = _of(
        16.0,
        "minutes from a region's loss until the standby serves, deciding included",
        Basis.ASSUMED,
        "6 minutes to notice and decide, 5 to 10 for `make failover` by its plan, 1.5 for callers",
    )
    region_loss_minutes: float = _of(
        480.0,
        "minutes that a lost region stays away",
        Basis.ASSUMED,
        "only counts without a standby",
    )
    zone_recovery_minutes: float = _of(
        131 / 60,
        "minutes from a zone's loss until every tier is back",
        Basis.MEASURED,
        "`make e2e`, «zone lost: every tier serves after»: 95 to 131 s",
    )
    queue_failover_minutes: float = _of(
        9 / 60,
        "minutes from the loss of the queue's Redis master until its slots are served",
        Basis.MEASURED,
        "`make e2e`, «zone lost: Redis serves all slots after»: 7 to 9 s",
    )
    queue_failovers: float = _of(
        24.0,
        "failovers of the queue's master, a year",
        Basis.ASSUMED,
        "its node is replaced every month, and as often for other reasons",
    )
    database_failover_minutes: float = _of(
        2.0,
        "minutes that a failover of RDS takes",
        Basis.DOCUMENTED,
        "[60 to 120 s](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.Failover.html)"
        " of an instance; under 35 s of a Multi-AZ cluster",
    )
    database_failovers: float = _of(
        0.5, "failovers of RDS by failure, a year", Basis.ASSUMED, "hardware and hosts"
    )
    database_maintenances: float = _of(
        2.0,
        "failovers of RDS by maintenance of its operating system, a year",
        Basis.ASSUMED,
        "one machine after the other, with a failover between",
    )
    database_upgrades: float = _of(
        2.0,
        "minor versions of PostgreSQL, a year",
        Basis.ASSUMED,
        "PostgreSQL releases four; RDS upgrades by itself to some of them. A major version is a "
        "planned outage beside this",
    )
    database_upgrade_minutes: float = _of(
        10.0,
        "minutes that such an upgrade takes of an instance",
        Basis.ASSUMED,
        "[both machines at once](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html):"
        " Multi-AZ does not help; AWS gives no time. A Multi-AZ cluster switches over instead",
    )
    restores: float = _of(
        0.05,
        "restores of the database, a year",
        Basis.ASSUMED,
        "once in twenty years: corruption, ransomware, a mistake",
    )
    restore_minutes: float = _of(
        60.0, "minutes that a restore takes", Basis.ASSUMED, "point-in-time; drill it"
    )
    balancer_notices_minutes: float = _of(
        0.5,
        "minutes until the load balancer no longer sends to a lost zone",
        Basis.ASSUMED,
        "three health checks of 10 s",
    )
    main_rollouts: float = _of(
        104.0, "rollouts of main, a year", Basis.ASSUMED, "two a week: settings, versions, secrets"
    )
    main_stops: float = _of(
        24.0,
        "stops of main that nobody asked for, a year",
        Basis.ASSUMED,
        "its node is replaced every month, and as often it is killed or crashes",
    )
    main_restart_minutes: float = _of(
        30 / 60,
        "minutes from main's end until its successor starts schedules",
        Basis.MEASURED,
        "`make e2e`, «main deleted: schedules resume after»: 10 to 30 s",
    )
    node_losses: float = _of(
        0.1, "losses of main's node, a year", Basis.ASSUMED, "a host in ten years"
    )
    outside_share: float = _of(
        0.8,
        "share of executions that call outside",
        Basis.ASSUMED,
        "by the integrations",
        limit=1.0,
    )
    bad_changes: float = _of(
        4.0,
        "changes that break the platform, a year",
        Basis.ASSUMED,
        "one a quarter: replace it by your own record",
    )
    bad_change_minutes: float = _of(
        15.0,
        "minutes until a bad change is noticed and undone",
        Basis.ASSUMED,
        "the fast burn's alert after 2 minutes and the rollback of a release",
    )


ASSUMED = Assumptions()
"""What is reckoned with."""


def listed() -> tuple[Assumption, ...]:
    """All assumptions with what is known about them."""
    return tuple(
        Assumption(key=each.name, value=getattr(ASSUMED, each.name), **each.metadata)
        for each in fields(Assumptions)
    )
