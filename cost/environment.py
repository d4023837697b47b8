"""Everything that AWS charges for, for an environment or its standby."""

from dataclasses import replace

from cost import data, infrastructure
from cost.charge import Charge
from cost.usage import Usage
from settings import Settings
from settings.aws import AwsSettings


def charges(settings: Settings, environment: AwsSettings, usage: Usage) -> list[Charge]:
    """Everything that AWS charges for, for the environment of one stack.

    Args:
        settings: the stack's settings.
        environment: its settings of AWS.
        usage: quantities of an environment at work.
    """
    if environment.role == "standby":
        usage = _of_standby(usage)
    return [
        *infrastructure.network(settings, environment, usage),
        *infrastructure.cluster(settings, environment, usage),
        *infrastructure.volumes(settings, environment),
        *infrastructure.routing(settings, environment, usage),
        *data.keys(environment),
        *data.database(settings, environment, usage),
        *data.recovery(environment, usage),
        *data.failover(settings, environment),
    ]


def standby_of(settings: Settings, environment: AwsSettings) -> Settings | None:
    """Settings of the environment's standby, as far as they cost something; None without one.

    They are not checked: names, addresses and references are still the primary's.
    """
    if environment.peer is None or environment.role == "standby":
        return None
    update = {
        "role": "standby",
        "region": environment.peer.region,
        "peer": environment.peer.model_copy(update={"region": environment.region}),
        "failover": environment.failover.model_copy(update={"home": False}),
        "database": environment.database.model_copy(update={"source_arn": "the primary's"}),
        "keys": environment.keys.model_copy(update={"existing": "the primary's replicas"}),
    }
    return settings.model_copy(update={"aws": environment.model_copy(update=update)})


def _of_standby(usage: Usage) -> Usage:
    """What a standby uses: its share of the traffic, and all of what follows from the data."""
    share = usage.standby_share
    return replace(
        usage,
        outside_gb=usage.outside_gb * share,
        internet_gb=usage.internet_gb * share,
        between_zones_gb=usage.between_zones_gb * share,
        endpoint_gb=usage.endpoint_gb * share,
        balancer_units=usage.balancer_units * share,
        flow_log_gb=usage.flow_log_gb * share,
        database_log_gb=usage.database_log_gb * share,
    )
