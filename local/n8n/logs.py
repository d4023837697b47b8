"""Which pods a tier's logs come from; `alerts` has what Slack would have been told."""

from __future__ import annotations

from local.errors import LocalError

NAMESPACE = "n8n"
"""Namespace of the stack `local`."""

_SELECTORS = {
    "main": "app.kubernetes.io/name=n8n,app.kubernetes.io/component=main",
    "webhook": "app.kubernetes.io/name=n8n,app.kubernetes.io/component=webhook",
    "worker": "app.kubernetes.io/name=n8n,app.kubernetes.io/component=worker",
    "redis": "app.kubernetes.io/name=redis,app.kubernetes.io/component=node",
    "postgres": "app.kubernetes.io/name=postgres,app.kubernetes.io/component=database",
    "alerts": "app=alert-receiver",
}
_ELSEWHERE = {"alerts": "monitoring"}
"""Namespaces of those that are not the platform's."""

TIERS = tuple(_SELECTORS)
"""What has logs."""

# kubectl refuses more pods at once than it is allowed to follow; its own default is five.
_MOST_PODS = 40
_LINES = 50


def selector(tier: str) -> str:
    """The label selector of a tier's pods.

    Raises:
        LocalError: there is no such tier.
    """
    try:
        return _SELECTORS[tier]
    except KeyError:
        raise LocalError(
            f"There is no tier {tier!r}: write TIER={', TIER='.join(TIERS[:-1])} or "
            f"TIER={TIERS[-1]}."
        ) from None


def arguments(tier: str) -> list[str]:
    """Arguments for kubectl: follow the logs of all the tier's pods, each line with its pod."""
    return [
        *("logs", "--namespace", _ELSEWHERE.get(tier, NAMESPACE), "--selector", selector(tier)),
        *("--all-containers", "--prefix", "--follow", f"--tail={_LINES}"),
        f"--max-log-requests={_MOST_PODS}",
    ]
