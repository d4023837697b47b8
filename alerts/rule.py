"""What an alert is, and how Prometheus is told of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]
"""critical: somebody is woken; warning: within a working day; info: to be looked at some time."""

Rule = dict[str, Any]
"""A rule, or a group of them, as Prometheus' files and PrometheusRule write it."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A condition on which a person must act.

    `$namespace` in expression and description stands for the platform's namespace.

    Attributes:
        name: in CamelCase, beginning with what it is about: N8n, Redis or Ai.
        expr: PromQL; each series that it returns is an alert. A series of it that is missing must
            not fire it: that a job is not scraped is `N8nMetricsMissing`'s to say.
        wait: for how long it must hold before somebody is told, such as `5m`.
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
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

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
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description.replace("$namespace", namespace),
                "runbook_url": f"{runbooks}/{page(self.name)}",
            },
        }


def page(alert: str) -> str:
    """File name of an alert's runbook: `n8n-main-down.md` for `N8nMainDown`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", alert).lower() + ".md"
