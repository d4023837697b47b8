"""What AWS says of a pair: the lease, a database, nodes, and the escrowed key."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from components.aws.lease import LEASE
from failover.errors import FailoverError
from failover.pair import Environment
from failover.programs import AwsCli

LAG_SECONDS = 60
"""From which on a replica's lag is worth a second thought; its alarm has the same."""

_LAG_MINUTES = 10
"""How far back the newest measurement of a replica's lag is looked for; RDS makes one a minute."""

_STANDARD_VCPUS = "L-1216C47A"
"""Quota of EC2 on the CPUs of machines on demand of the families that `InstanceType` takes."""


_READY = ("available", "storage-optimization")
"""States in which RDS changes a database. In the second, which lasts for hours after a volume has
grown, it takes everything but another change of the volume."""

_PASSING = (
    *("backing-up", "configuring-enhanced-monitoring", "configuring-log-exports", "maintenance"),
    *("modifying", "rebooting", "renaming", "resetting-master-credentials", "starting"),
    "upgrading",
)
"""States that end by themselves, most of them within minutes."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of RDS.

    Attributes:
        status: as RDS says, such as `available`.
        source: ARN of the database that it follows; None if it is written to.
    """

    status: str
    source: str | None

    @property
    def ready(self) -> bool:
        """Whether RDS promotes it, or lets others follow it."""
        return self.status in _READY

    @property
    def passing(self) -> bool:
        """Whether it is ready soon, without anybody doing anything."""
        return self.status in _PASSING


def account(aws: AwsCli, region: str) -> str:
    """The account that the credentials are for."""
    return aws(region, "sts", "get-caller-identity")["Account"]


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """A node group of EKS.

    Attributes:
        name: its name.
        status: as EKS says, such as `ACTIVE`.
        nodes: how many it is to have.
        issues: what EKS finds wrong with it.
    """

    name: str
    status: str
    nodes: int
    issues: Sequence[str]

    @property
    def healthy(self) -> bool:
        """Whether EKS enlarges it."""
        return self.status == "ACTIVE" and not self.issues


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The lease of a pair.

    Attributes:
        holder: the region that has it.
        renewed: when a database last renewed it, in seconds since 1970 by Lambda's clock; None:
            none ever did.
    """

    holder: str
    renewed: float | None


def lease(aws: AwsCli, environment: Environment) -> Lease:
    """The lease, asked for in the environment's own region.

    Raises:
        FailoverError: it cannot be asked, or there is no lease.
    """
    key = json.dumps({"id": {"S": LEASE}})
    answer = aws(
        environment.aws.region,
        *("dynamodb", "get-item", "--table-name", environment.table),
        *("--key", key, "--consistent-read"),
    )
    try:
        item = answer["Item"]
        renewed = float(item["renewed"]["N"]) if "renewed" in item else None
        return Lease(holder=item["holder"]["S"], renewed=renewed)
    except KeyError:
        raise FailoverError(
            f"{environment.table} has no lease: the home environment was never deployed."
        ) from None


def wait_seconds(aws: AwsCli, environment: Environment) -> float:
    """How long after the lease is taken nobody works with the old one: as the function knows it.

    Raises:
        FailoverError: the function cannot be asked, or could not be called.
    """
    function = aws(
        environment.aws.region,
        *("lambda", "get-function-configuration", "--function-name", environment.take_function),
    )
    if function["State"] != "Active":
        raise FailoverError(
            f"{environment.take_function} is {function['State']}, not Active; a function that was "
            "idle for weeks becomes so within a minute of a call: try again."
        )
    return float(function["Environment"]["Variables"]["WAIT_SECONDS"])


def database(aws: AwsCli, region: str, name: str) -> Database:
    """A database by its name in RDS."""
    answer = aws(region, "rds", "describe-db-instances", "--db-instance-identifier", name)
    (instance,) = answer["DBInstances"]
    return Database(
        status=instance["DBInstanceStatus"],
        source=instance.get("ReadReplicaSourceDBInstanceIdentifier") or None,
    )


def lag_seconds(aws: AwsCli, region: str, name: str) -> float | None:
    """By how much a replica is behind, by the newest measurement; None if there is none.

    RDS says -1 where it cannot tell.
    """
    now = datetime.now(UTC)
    answer = aws(
        region,
        *("cloudwatch", "get-metric-statistics", "--namespace", "AWS/RDS"),
        *("--metric-name", "ReplicaLag", "--statistics", "Maximum", "--period", "60"),
        *("--dimensions", f"Name=DBInstanceIdentifier,Value={name}"),
        *("--start-time", (now - timedelta(minutes=_LAG_MINUTES)).isoformat(timespec="seconds")),
        *("--end-time", now.isoformat(timespec="seconds")),
    )
    newest = max(answer["Datapoints"], key=lambda each: each["Timestamp"], default=None)
    return None if newest is None or newest["Maximum"] < 0 else newest["Maximum"]


def node_groups(aws: AwsCli, environment: Environment) -> list[NodeGroup]:
    """The node groups of the environment's cluster."""
    region, cluster = environment.aws.region, ("--cluster-name", environment.aws.name)
    found = []
    for name in aws(region, "eks", "list-nodegroups", *cluster)["nodegroups"]:
        group = aws(region, "eks", "describe-nodegroup", *cluster, "--nodegroup-name", name)
        group = group["nodegroup"]
        issues = [each["message"] for each in group.get("health", {}).get("issues", [])]
        found.append(
            NodeGroup(
                name=name,
                status=group["status"],
                nodes=group["scalingConfig"]["desiredSize"],
                issues=issues,
            )
        )
    return found


def cpus(aws: AwsCli, environment: Environment) -> tuple[float, float]:
    """CPUs that the account may have in the region, and those that the nodes have at work."""
    region, cluster = environment.aws.region, environment.aws.cluster
    quota = aws(
        region,
        *("service-quotas", "get-service-quota", "--service-code", "ec2"),
        *("--quota-code", _STANDARD_VCPUS),
    )
    (machine,) = aws(
        region, "ec2", "describe-instance-types", "--instance-types", cluster.node_type
    )["InstanceTypes"]
    nodes = cluster.nodes_per_zone * len(environment.settings.platform.zones)
    return quota["Quota"]["Value"], nodes * machine["VCpuInfo"]["DefaultVCpus"]


def escrow_is_filled(aws: AwsCli, environment: Environment) -> bool:
    """Whether the escrowed key has a value in the environment's region; the value is not read."""
    secret = aws(
        environment.aws.region,
        *("secretsmanager", "describe-secret", "--secret-id", environment.escrow),
    )
    return any("AWSCURRENT" in stages for stages in secret.get("VersionIdsToStages", {}).values())
