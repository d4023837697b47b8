"""Settings of PostgreSQL in RDS."""

from typing import Annotated, Literal

from pydantic import Field

from settings.types import Area

InstanceClass = Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")]
"""A class of machines of RDS, such as db.m7g.large."""

DatabaseArn = Annotated[str, Field(pattern=r"^arn:aws[\w-]*:rds:[a-z0-9-]+:\d{12}:db:[a-z0-9-]+$")]
"""An instance of RDS by its ARN."""


class RdsSettings(Area):
    """PostgreSQL in RDS; how many connections it takes is `database.maxConnections`."""

    create: bool = Field(
        default=True,
        description="Make one. False: the PostgreSQL at `database.host` is used, whoever runs it.",
    )
    deployment: Literal["instance", "cluster"] = Field(
        default="instance",
        description="`instance` has a standby in another zone, which takes over in 60 to 120 s. "
        "`cluster` has two and takes under 35 s, but neither its snapshots nor its changes can be "
        "copied to another region: it is for an environment without a peer.",
    )
    instance_class: InstanceClass = Field(
        default="db.m7g.large",
        description="Machines: 2 CPUs and 8 GiB. A `cluster` needs a class with disks of its own, "
        "such as db.m6gd.large.",
    )
    engine_version: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")] = Field(
        default="17",
        description="Version of PostgreSQL. Without a second number AWS keeps it at the newest of "
        "that major version, in the maintenance window.",
    )
    storage_gigabytes: int = Field(
        default=100, ge=20, le=65_536, description="Size of the volume, gp3."
    )
    maximum_storage_gigabytes: int = Field(
        default=500,
        ge=20,
        le=65_536,
        description="Size up to which AWS enlarges the volume of an `instance` by itself; at least "
        "a tenth above its size.",
    )
    backup_retention_days: int = Field(
        default=14,
        ge=1,
        le=35,
        description="Days back to which the database can be restored to any second. 35 is the most "
        "that RDS takes.",
    )
    source_arn: DatabaseArn | None = Field(
        default=None,
        description="The primary's instance, in the peer's region, which this one follows. Taking "
        "the setting away promotes this one, for good: it is a step of a failover.",
    )
    generation: int = Field(
        default=1,
        ge=1,
        le=999,
        description="Number in the instance's name. A database that was written to cannot follow "
        "another one: on the way back the next generation is made as a replica. `make failover` "
        "first takes the one before out of the state with all that carries its name; it stays in "
        "AWS until somebody deletes it there.",
    )
