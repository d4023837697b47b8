"""What a failover begins before the old region's lease has run out, as it takes minutes itself.

Nodes cost money, and nothing else. A promoted database has no way back, and what the old region
writes from then on until its lease has run out is lost. So it is promoted ahead only where that
would be lost anyway, because it does not arrive. n8n cannot get in before its time: the fence keeps
a database shut that is promoted early (components/aws/fence.py), and so does its security group.
"""

from collections.abc import Iterator

from components.aws import windows
from failover import facts
from failover.errors import FailoverError
from failover.pair import Environment
from failover.programs import AwsCli


def begin(aws: AwsCli, own: Environment, database: str, *, now: float) -> str:
    """Begin what can be begun; what that is, in words.

    It does not fail: what is not begun here the deployment does, later.

    Args:
        aws: the AWS CLI.
        own: the environment that takes over.
        database: its replica, by its name in RDS.
        now: the time, in seconds since 1970.
    """
    return "; ".join([*_enlarge(aws, own), _promote(aws, own, database, now)])


def _enlarge(aws: AwsCli, own: Environment) -> Iterator[str]:
    cluster = own.aws.cluster
    if cluster.existing:
        return
    size = cluster.nodes_per_zone
    try:
        for group in facts.node_groups(aws, own):
            if group.nodes >= size:
                continue
            aws(
                own.aws.region,
                *("eks", "update-nodegroup-config", "--cluster-name", own.aws.name),
                *("--nodegroup-name", group.name),
                *("--scaling-config", f"minSize={size},maxSize={size},desiredSize={size}"),
            )
            yield f"{group.name} gets {size} nodes"
    except FailoverError as error:
        yield f"nodes are left to the deployment: {error}"


def _promote(aws: AwsCli, own: Environment, name: str, now: float) -> str:
    region, retention = own.aws.region, own.aws.database.backup_retention_days
    try:
        source = facts.database(aws, region, name).source
        if source is None:
            return f"{name} was promoted before"
        arrives = _arrives(aws, own, name, source, now)
        if arrives:
            return f"{name} follows until it is deployed: {arrives}"
        aws(
            region,
            *("rds", "promote-read-replica", "--db-instance-identifier", name),
            # RDS would keep backups for a day.
            *("--backup-retention-period", str(retention)),
            *("--preferred-backup-window", windows.automated_backup(own.aws)),
        )
    except FailoverError as error:
        return f"the promotion of {name} is left to the deployment: {error}"
    return f"{name} is being promoted, as nothing of {own.peer} arrives any more"


def _arrives(aws: AwsCli, own: Environment, name: str, source: str, now: float) -> str | None:
    """Why what the old region writes may still arrive; None if it does not.

    A database that works is written to every 20 s, if only by the renewal of its lease. How long
    ago that was is by this machine's clock: where it is minutes off, the other two signs decide, or
    the promotion is left to the deployment.

    Args:
        aws: the AWS CLI.
        own: the environment that takes over.
        name: its replica.
        source: the ARN of the database that it follows.
        now: the time, in seconds since 1970.
    """
    renewed = facts.lease(aws, own).renewed
    if renewed is not None and now - renewed < own.aws.failover.lease_seconds:
        return f"the lease was renewed {now - renewed:.0f} s ago"
    lag = facts.lag_seconds(aws, own.aws.region, name)
    if lag is not None and lag <= facts.LAG_SECONDS:
        return f"it is only {lag:.0f} s behind"
    try:
        followed = facts.database(aws, own.peer, source.rpartition(":")[2])
    except FailoverError:
        return None
    if followed.ready or followed.passing:
        return f"RDS in {own.peer} says that the one it follows is {followed.status}"
    return None
