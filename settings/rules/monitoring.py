"""Rules of monitoring."""

from collections.abc import Iterator

from kubernetes.utils.quantity import parse_quantity

from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

_LARGEST_SHARE_PERCENT = 80
"""Of the volume: what is being written and compacted is not in `retentionSize`. Prometheus's own
advice is 80 to 85 percent."""


def metrics_fit_their_volume(settings: Settings) -> Iterator[Problem]:
    """Prometheus deletes the oldest metrics before its volume is full."""
    monitoring = settings.monitoring
    room = parse_quantity(monitoring.storage) * _LARGEST_SHARE_PERCENT / 100
    if parse_quantity(monitoring.retention_size) > room:
        yield Problem(
            key="monitoring.retentionSize",
            given=monitoring.retention_size,
            wanted=f"at most {_LARGEST_SHARE_PERCENT} % of monitoring.storage, "
            f"{monitoring.storage}",
            compares=("monitoring.storage",),
        )


def monitoring_is_elsewhere(settings: Settings) -> Iterator[Problem]:
    """What watches the platform is not within it, nor bound by its quota."""
    namespace = settings.monitoring.namespace
    if settings.monitoring.enabled and namespace == settings.platform.namespace:
        yield Problem(
            key="monitoring.namespace",
            given=namespace,
            wanted="a namespace other than platform.namespace",
            compares=("platform.namespace",),
        )


RULES: Rules = (metrics_fit_their_volume, monitoring_is_elsewhere)
