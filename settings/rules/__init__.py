"""The rules that no single setting can break alone.

A rule yields a problem for each thing that does not fit, and names with it the other settings that
it compared: where one of those is already known to be wrong, the problem is not reported.
"""

from settings.rules import (
    ai,
    aws_cluster,
    aws_database,
    aws_network,
    aws_recovery,
    aws_residency,
    backup,
    integrations,
    monitoring,
    n8n,
    routing,
    secrets,
    stores,
    tiers,
)
from settings.rules.rule import Rules

RULES: Rules = (
    *tiers.RULES,
    *n8n.RULES,
    *routing.RULES,
    *stores.RULES,
    *secrets.RULES,
    *integrations.RULES,
    *ai.RULES,
    *monitoring.RULES,
    *backup.RULES,
    *aws_network.RULES,
    *aws_cluster.RULES,
    *aws_residency.RULES,
    *aws_database.RULES,
    *aws_recovery.RULES,
)
"""Every rule, in the order in which their problems are reported."""
