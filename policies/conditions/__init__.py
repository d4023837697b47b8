"""The conditions, one module for each topic."""

from types import ModuleType

from policies.condition import Condition
from policies.conditions import (
    ai_gateways,
    alerts,
    availability,
    aws_audit,
    aws_backup,
    aws_encryption,
    aws_identity,
    aws_network,
    aws_privileges,
    aws_recovery,
    aws_residency,
    aws_retention,
    aws_transport,
    breach,
    capacity,
    changes,
    classification,
    data_subjects,
    edge,
    external_secrets,
    images,
    literal_secrets,
    minimisation,
    network_exposure,
    network_isolation,
    permissions,
    pod_hardening,
    pod_isolation,
    processors,
    residency,
    resource_options,
    retention,
    service_accounts,
    transport_clients,
    transport_servers,
)


def _conditions(*topics: ModuleType) -> tuple[Condition, ...]:
    return tuple(
        value for topic in topics for value in vars(topic).values() if isinstance(value, Condition)
    )


ALL = _conditions(
    pod_hardening,
    pod_isolation,
    images,
    literal_secrets,
    external_secrets,
    permissions,
    service_accounts,
    changes,
    resource_options,
    network_isolation,
    network_exposure,
    edge,
    transport_servers,
    transport_clients,
    availability,
    capacity,
    alerts,
    processors,
    ai_gateways,
    classification,
    retention,
    minimisation,
    data_subjects,
    breach,
    residency,
    aws_encryption,
    aws_identity,
    aws_privileges,
    aws_network,
    aws_transport,
    aws_audit,
    aws_recovery,
    aws_backup,
    aws_retention,
    aws_residency,
)
"""All conditions, in the order of reports."""
