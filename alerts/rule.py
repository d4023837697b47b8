"""What an alert is, and how Prometheus is told of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]
"""critical: somebody is woken; warning: within a working day; info: to be looked at some time."""

SCRAPE_SECONDS = 30
"""Between two scrapes."""
EVALUATION_SECONDS = 30
"""Between two evaluations of an alert."""
GROUP_WAIT_SECONDS = 30
"""For which Alertmanager waits for more alerts to tell of at once."""

STANDSTILL = MappingProxyType({"audience": "executive"})
"""Labels of an alert while which no workflow runs. The mission names no outage that a company's
management is to read of (its channel is for risks that the workflows find), so it is these few."""

Rule = dict[str, Any]
"""A rule, or a group of them, as Prometheus' files and PrometheusRule write it."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A condition on which a person must act.

    `$namespace` in expression and description stands for the platform's namespace.

    Attributes:
        name: in CamelCase, beginning with what it is about: N8n, Redis or Ai.
        expr: PromQL; each series that it returns is an alert. Outside the module `availability`, a
            series of it that is missing must not fire it.
        wait: for how long it must hold before somebody is told, such as `5m` or `2m30s`.
        seen_after: seconds after the fault at which `expr` holds at the latest; None where that
            depends on how bad it is.
        severity: how soon somebody must act.
        summary: one sentence, the same for each series.
        description: what is the case here, with `{{ $labels.… }}` and `{{ $value }}`.
        labels: more labels, which routes of Alertmanager match on.
    """

    name: str
    expr: str
    wait: str
    severity: Severity
    summary: str
    description: str
    seen_after: int | None = SCRAPE_SECONDS
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def told_after(self) -> int | None:
        """Seconds after the fault at which a receiver is told at the latest; None: it depends."""
        if self.seen_after is None:
            return None
        return self.seen_after + EVALUATION_SECONDS + _seconds(self.wait) + GROUP_WAIT_SECONDS

    def rule(self, *, namespace: str, runbooks: str) -> Rule:
        """The rule as Prometheus reads it.

        Args:
            namespace: of the platform.
            runbooks: address of the folder of runbooks, without a slash at its end.
        """
        return {
            "alert": self.name,
            "expr": self.expr.replace("$namespace", namespace),
            "for": self.wait,
            # One lost scrape ends no alert and raises it no second time.
            "keep_firing_for": "2m",
            # Those of different stacks are told apart, and hold back none of another's.
            "labels": {"severity": self.severity, "namespace": namespace, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description.replace("$namespace", namespace),
                "runbook_url": f"{runbooks}/{page(self.name)}",
            },
        }


def _seconds(duration: str) -> int:
    """`150` for `2m30s`."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def page(alert: str) -> str:
    """File name of an alert's runbook: `n8n-main-down.md` for `N8nMainDown`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", alert).lower() + ".md"
