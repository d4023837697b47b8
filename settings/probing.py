"""What is asked from outside, as its clients ask it, where the platform is watched.

Used twice, so that they cannot disagree: by the component that asks, and by the quota that its pod
has to fit into.
"""

from urllib.parse import SplitResult, urlsplit

from settings.model import Settings

WEBHOOKS, EDITOR = "webhooks", "editor"
"""What is behind a public address."""


def redis(settings: Settings) -> bool:
    """Whether Redis is asked for its certificate."""
    return settings.monitoring.enabled and settings.redis.tls


def addresses(settings: Settings) -> dict[str, SplitResult]:
    """The public addresses that are asked, by what is behind them.

    While the platform waits they lead to the one that works.
    """
    return public(settings) if settings.works else {}


def public(settings: Settings) -> dict[str, SplitResult]:
    """The public addresses that are asked whenever the platform works, by what is behind them.

    Those with a certificate; names of the machine itself lead a pod to itself.
    """
    if not settings.monitoring.enabled:
        return {}
    found = {
        WEBHOOKS: urlsplit(settings.n8n.webhook_url),
        EDITOR: urlsplit(settings.n8n.editor_url),
    }
    return {
        name: address
        for name, address in found.items()
        if address.scheme == "https" and not _is_this_machine(address.hostname or "")
    }


def anything(settings: Settings) -> bool:
    """Whether there is anything to ask."""
    return redis(settings) or bool(addresses(settings))


def _is_this_machine(host: str) -> bool:
    """Names of RFC 6761 and addresses of RFC 1122 that never leave a machine."""
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.")
