"""What the unit tests share: the tiers of n8n, recorded for any settings."""

import json
from functools import cache
from typing import Any

import pytest

import settings
from components.base import selector
from components.connections import DatabaseConnection, RedisConnection, SecretKey
from components.n8n.environment import Environment
from components.n8n.main import Main
from components.n8n.webhook import Webhook
from components.n8n.worker import Worker
from components.secrets import PlatformSecrets
from tests.unit.mocks import Recorded, record

TIERS = ("main", "webhook", "worker")
SCALED_TIERS = ("webhook", "worker")


def record_tiers(values: dict[str, Any] | None = None, *, redis_tls: bool = True) -> Recorded:
    """The resources of all three tiers.

    Args:
        values: settings that differ from the defaults, as a stack file has them.
        redis_tls: whether Redis is reached through TLS.
    """
    return _record_tiers(json.dumps(values or {}), redis_tls)


@cache
def _record_tiers(values: str, redis_tls: bool) -> Recorded:
    stack = settings.parse(json.loads(values))

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        in_cluster = stack.database.mode == "in-cluster"
        database = DatabaseConnection(
            host="postgres.n8n.svc.cluster.local" if in_cluster else stack.database.host,
            port=5432,
            database="n8n",
            user="n8n",
            password=secrets.database_password,
            certificate_authority=SecretKey(name="database-tls", key="ca.crt"),
            pod_labels=dict(selector("database", instance="postgres")) if in_cluster else None,
        )
        redis = RedisConnection(
            nodes=tuple(f"redis-{number}.redis.n8n.svc.cluster.local:6379" for number in range(6)),
            port=6379,
            username="n8n",
            password=secrets.redis_password,
            certificate_authority=(
                SecretKey(name="redis-tls", key="authority.pem") if redis_tls else None
            ),
            pod_labels=dict(selector("node", instance="redis")),
        )
        environment = Environment(settings=stack, database=database, redis=redis, secrets=secrets)
        for tier in (Main, Webhook, Worker):
            tier(tier.tier, settings=stack, environment=environment)

    return record(program)


@pytest.fixture(scope="session")
def n8n() -> Recorded:
    """The tiers with the default settings."""
    return record_tiers()
