"""Rules of PostgreSQL in RDS: where it is, what it follows, and what its machine can hold."""

import math
from collections.abc import Iterator
from fractions import Fraction

from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

_GIBIBYTES_PER_CPU = {"c": 2, "m": 4, "r": 8}
"""Of memory, by the first letter of a class."""

_BYTES_PER_CONNECTION = 9_531_392
"""RDS' own default is the machine's memory divided by this.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html"""

_LEAST_GROWTH = Fraction(11, 10)
"""RDS refuses a maximum that is less than 10 % above the volume.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html"""


def the_database_is_made_or_given(settings: Settings) -> Iterator[Problem]:
    """A database that is made in RDS is outside the cluster, and nobody else's."""
    aws, database = settings.aws, settings.database
    if aws is None or not aws.database.create:
        return
    if database.mode != "external":
        yield Problem(
            key="database.mode",
            given=database.mode,
            wanted="external, as aws.database.create makes one outside the cluster; or write "
            "aws.database.create: false",
            compares=("aws.database.create",),
        )
    if database.host:
        yield Problem(
            key="database.host",
            given=database.host,
            wanted="empty, as the host is that of the database which is made; or write "
            "aws.database.create: false",
            compares=("aws.database.create",),
        )


def a_standby_follows_its_primary(settings: Settings) -> Iterator[Problem]:
    """A standby's database follows the primary's, and a primary's follows none."""
    aws = settings.aws
    if aws is None or not aws.database.create:
        return
    source = aws.database.source_arn
    if aws.role == "standby" and not source:
        yield Problem(
            key="aws.database.sourceArn",
            given="nothing",
            wanted="the ARN of the primary's instance, its output `databaseArn`: without it a "
            "second database would be writable",
            compares=("aws.role",),
        )
    if aws.role == "primary" and source:
        yield Problem(
            key="aws.database.sourceArn",
            given=source,
            wanted="empty: a primary's database follows none. Taking it away promotes the "
            "database, which `make failover` does when it is safe",
            compares=("aws.role",),
        )


def a_cluster_stays_alone(settings: Settings) -> Iterator[Problem]:
    """What RDS cannot copy to another region is not relied on there."""
    aws = settings.aws
    if aws and aws.peer and aws.database.create and aws.database.deployment == "cluster":
        yield Problem(
            key="aws.database.deployment",
            given="cluster",
            wanted="instance, as there is aws.peer: neither snapshots nor changes of a Multi-AZ DB "
            "cluster can be copied to another region",
            compares=("aws.peer",),
        )


def a_peer_needs_a_database_of_ours(settings: Settings) -> Iterator[Problem]:
    """The lease is kept by the database, so with a peer it is one that is made here."""
    aws = settings.aws
    if aws and aws.peer and not aws.database.create:
        yield Problem(
            key="aws.database.create",
            given="false",
            wanted="true, as there is aws.peer: nothing would keep two databases from being "
            "written to at once",
            compares=("aws.peer",),
        )


def storage_can_grow(settings: Settings) -> Iterator[Problem]:
    """The size up to which a volume grows is as far above its size as RDS asks for."""
    if settings.aws is None or settings.aws.database.deployment == "cluster":
        return  # RDS enlarges the volumes of no cluster.
    database = settings.aws.database
    least = math.ceil(database.storage_gigabytes * _LEAST_GROWTH)
    if database.maximum_storage_gigabytes < least:
        yield Problem(
            key="aws.database.maximumStorageGigabytes",
            given=str(database.maximum_storage_gigabytes),
            wanted=f"at least {least}, a tenth above storageGigabytes, which is "
            f"{database.storage_gigabytes}: RDS takes no less, and advises 26 %",
            compares=("aws.database.storageGigabytes",),
        )


def connections_fit_the_machine(settings: Settings) -> Iterator[Problem]:
    """PostgreSQL accepts no more connections than RDS itself would on such a machine."""
    if settings.aws is None or not settings.aws.database.create:
        return
    machine = settings.aws.database.instance_class
    memory = _memory(machine)
    if memory is None:
        return
    most = min(memory // _BYTES_PER_CONNECTION, 5000)
    if settings.database.max_connections > most:
        yield Problem(
            key="database.maxConnections",
            given=str(settings.database.max_connections),
            wanted=f"at most {most}, RDS' default for the memory of {machine}; or a larger "
            "aws.database.instanceClass",
            compares=("aws.database.instanceClass",),
        )


def _memory(machine: str) -> int | None:
    """Bytes of memory of a class such as db.m7g.large; None where its name does not tell."""
    _, family, size = machine.split(".")
    per_cpu = _GIBIBYTES_PER_CPU.get(family[0])
    if size == "large":
        cpus = 2
    elif size.endswith("xlarge") and size.removesuffix("xlarge").isdecimal():
        cpus = 4 * int(size.removesuffix("xlarge"))
    elif size == "xlarge":
        cpus = 4
    else:
        return None
    return None if per_cpu is None else cpus * per_cpu * 2**30


RULES: Rules = (
    the_database_is_made_or_given,
    a_standby_follows_its_primary,
    a_cluster_stays_alone,
    a_peer_needs_a_database_of_ours,
    storage_can_grow,
    connections_fit_the_machine,
)
