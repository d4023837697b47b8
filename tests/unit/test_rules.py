"""The rules hold for settings that nobody thought of."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

import settings
from settings import sizing

SMALL = st.integers(min_value=1, max_value=60)

ENVIRONMENTS = st.fixed_dictionaries(
    {
        "webhook": st.fixed_dictionaries(
            {
                "minReplicas": SMALL,
                "maxReplicas": SMALL,
                "databaseConnections": st.integers(2, 10),
                "preStopSeconds": st.integers(0, 60),
                "gracefulShutdownSeconds": st.integers(1, 120),
                "gracePeriodSeconds": st.integers(2, 200),
            }
        ),
        "worker": st.fixed_dictionaries(
            {
                "minReplicas": SMALL,
                "maxReplicas": SMALL,
                "databaseConnections": st.integers(2, 10),
                "gracefulShutdownSeconds": st.integers(1, 400),
                "gracePeriodSeconds": st.integers(2, 500),
            }
        ),
        "redis": st.fixed_dictionaries({"nodeTimeoutMilliseconds": st.integers(1000, 30000)}),
        "database": st.fixed_dictionaries({"maxConnections": st.integers(20, 2000)}),
        "n8n": st.fixed_dictionaries(
            {
                "redisTimeoutMilliseconds": st.integers(10_000, 120_000),
                "executionRetentionHours": st.integers(1, 9000),
            }
        ),
    }
)


def accepted(values: dict[str, Any]) -> settings.Settings | None:
    try:
        return settings.parse(values)
    except settings.SettingsError:
        return None


@given(ENVIRONMENTS)
def test_what_is_accepted_fits_together(values: dict[str, Any]) -> None:
    stack = accepted(values)
    if stack is None:
        return
    for tier in (stack.webhook, stack.worker):
        assert 2 <= tier.min_replicas <= tier.max_replicas
        assert tier.grace_period_seconds > tier.pre_stop_seconds + tier.graceful_shutdown_seconds
    # During a rollout each pod may have a predecessor that is still finishing its work.
    connections = stack.main.database_connections + 2 * (
        stack.webhook.max_replicas * stack.webhook.database_connections
        + stack.worker.max_replicas * stack.worker.database_connections
    )
    assert connections < stack.database.max_connections
    assert stack.n8n.redis_timeout_milliseconds > 2 * stack.redis.node_timeout_milliseconds
    hours = stack.n8n.execution_retention_hours
    assert stack.n8n.retention_minimum_hours <= hours <= stack.n8n.retention_maximum_hours


@given(ENVIRONMENTS)
def test_a_rejection_can_be_followed_setting_by_setting(values: dict[str, Any]) -> None:
    """Each problem names a setting that exists, with the value that stands there."""
    try:
        settings.parse(values)
    except settings.SettingsError as error:
        for problem in error.problems:
            area, name = problem.key.split(".")
            given_value = values.get(area, {}).get(name)
            assert given_value is None or problem.given == str(given_value)


@given(webhooks=st.integers(2, 60), workers=st.integers(3, 100))
def test_the_quota_grows_with_the_tiers_and_always_fits_them(webhooks: int, workers: int) -> None:
    values = {
        "webhook": {"maxReplicas": webhooks},
        "worker": {"maxReplicas": workers},
        "database": {"maxConnections": 5000},
    }
    stack = settings.parse(values)
    quota = sizing.default_quota(stack)
    assert quota.pods >= 2 * (webhooks + workers) + 8
    least_memory = 2 * webhooks * parse_quantity("1Gi") + 2 * workers * parse_quantity("2560Mi")
    assert parse_quantity(quota.memory_limits) > least_memory
    # The quota that is derived is also one that may be written down.
    given_quota = quota.model_dump(by_alias=True)
    assert settings.parse({**values, "platform": {"quota": given_quota}})
    too_few = {**given_quota, "pods": quota.pods - 1}
    assert accepted({**values, "platform": {"quota": too_few}}) is None
