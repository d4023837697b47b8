"""Which alerts say nothing new while another fires, so that Alertmanager holds them back.

A cause holds an effect back where both have the same values of the labels `equal`. What is held
back can still be seen in Alertmanager and on the dashboards, and is told once its cause has ended.
"""

from dataclasses import dataclass

from alerts.availability import DOWN


@dataclass(frozen=True, kw_only=True)
class Inhibition:
    """Names of alerts that hold others back, the others, and labels that both share."""

    causes: tuple[str, ...]
    effects: tuple[str, ...]
    equal: tuple[str, ...]


INHIBITIONS = (
    # No pod is fewer than there should be, and delivers no metrics.
    Inhibition(
        causes=DOWN,
        effects=("N8nMetricsMissing", "N8nReplicasMissing", "N8nTierBelowMinimum", "RedisNodeDown"),
        equal=("namespace", "job"),
    ),
    # How many there are is not known.
    Inhibition(
        causes=("N8nMetricsMissing",),
        effects=("N8nTierBelowMinimum", "RedisNodeDown"),
        equal=("namespace", "job"),
    ),
    # Without a store n8n's pods are not ready, or exit, and nothing that they do goes well.
    Inhibition(
        causes=("N8nDatabaseDown", "RedisDown"),
        effects=(
            "AiRouterDown",
            "N8nContainerRestarting",
            "N8nDatabasePoolStarved",
            "N8nGatewayLatencyBudgetBurn",
            "N8nMainDown",
            "N8nNoLeader",
            "N8nQueueEfficiencyBudgetBurn",
            "N8nQueueStalled",
            "N8nReplicasMissing",
            "N8nTierBelowMinimum",
            "N8nUnreachable",
            "N8nWebhookAvailabilityBudgetBurn",
            "N8nWebhookDown",
            "N8nWebhookLatencyBudgetBurn",
            "N8nWorkerDown",
            "N8nWorkflowSuccessBudgetBurn",
        ),
        equal=("namespace",),
    ),
    Inhibition(causes=("N8nMainDown",), effects=("N8nNoLeader",), equal=("namespace",)),
    # The one of the webhooks, or the one of the editor.
    Inhibition(
        causes=("N8nMainDown", "N8nWebhookDown"),
        effects=("N8nUnreachable",),
        equal=("namespace", "job"),
    ),
    Inhibition(
        causes=("N8nGatewayDown", "N8nWebhookDown"),
        effects=("N8nWebhookAvailabilityBudgetBurn",),
        equal=("namespace",),
    ),
    # The router runs in the workers' pods.
    Inhibition(
        causes=("N8nWorkerDown",),
        effects=("AiRouterDown", "N8nQueueEfficiencyBudgetBurn", "N8nQueueStalled"),
        equal=("namespace",),
    ),
    Inhibition(
        causes=("N8nQueueStalled",), effects=("N8nQueueEfficiencyBudgetBurn",), equal=("namespace",)
    ),
    Inhibition(
        causes=("RedisDown", "RedisNodeDown"),
        effects=("RedisMastersShareZone", "RedisReplicaMissing"),
        equal=("namespace",),
    ),
)
"""All of them by name. That a budget burns fast holds back that the same one burns slowly, which is
a matter of severities."""
