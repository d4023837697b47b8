"""Settings of what keeps state: PostgreSQL and the Redis Cluster."""

from typing import Literal

from pydantic import Field

import versions
from settings.platform import Resources
from settings.types import Area, Image, Port, PostgresImage, Quantity


class DatabaseSettings(Area):
    """PostgreSQL: one in the cluster for small environments, or one that is given."""

    mode: Literal["in-cluster", "external"] = Field(
        default="in-cluster",
        description="A single PostgreSQL in the cluster, or the one at `host`. In-cluster has no "
        "replica: it is for local and small environments.",
    )
    image: PostgresImage = Field(
        default=versions.POSTGRES,
        description="PostgreSQL's image: of the server in the cluster, and of jobs that need psql.",
    )
    host: str = Field(default="", description="Host of an external PostgreSQL.")
    port: Port = Field(default=5432, description="Port of an external PostgreSQL.")
    name: str = Field(default="n8n", min_length=1, description="Database that n8n uses.")
    user: str = Field(default="n8n", min_length=1, description="Role that n8n logs in with.")
    max_connections: int = Field(
        default=400,
        ge=20,
        le=5000,
        description="Connections that PostgreSQL accepts. All tiers at their maximum must fit.",
    )
    reserved_connections: int = Field(
        default=10,
        ge=3,
        le=100,
        description="Connections kept for administrators, backup and metrics.",
    )
    storage: Quantity = Field(
        default="20Gi", description="Size of the data volume, in-cluster only."
    )
    resources: Resources = Field(
        default=Resources(
            cpu_request="500m", memory_request="1Gi", cpu_limit="2", memory_limit="2Gi"
        ),
        description="PostgreSQL's container, in-cluster only.",
    )


class RedisSettings(Area):
    """Redis Cluster, three shards of a master and a replica, which holds the queue."""

    image: Image = Field(default=versions.REDIS, description="Redis's image.")
    tls: bool = Field(
        default=True, description="TLS between clients and Redis and between its nodes."
    )
    node_timeout_milliseconds: int = Field(
        default=5_000,
        ge=1_000,
        le=30_000,
        description="Milliseconds without an answer after which a node counts as failed. "
        "Redis's own default, 15000, is longer than n8n waits by default.",
    )
    max_memory: Quantity = Field(
        default="512Mi",
        description="Data that one node holds at most; full, it refuses writes rather than drop "
        "jobs. Half the memory limit at most: a rewrite of the append-only file copies it.",
    )
    storage: Quantity = Field(default="10Gi", description="Size of each node's data volume.")
    resources: Resources = Field(
        default=Resources(
            cpu_request="250m", memory_request="512Mi", cpu_limit="1", memory_limit="1Gi"
        ),
        description="Each of the six nodes.",
    )
