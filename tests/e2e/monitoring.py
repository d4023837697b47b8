"""What monitoring knows and whom it has told: Prometheus's answers, and the receiver's messages."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from local.addons.monitoring import STACK
from settings.file import load_file
from tests.e2e.platform import Platform

_PROMETHEUS = "prometheus-prometheus-0:9090"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One that the receiver has printed.

    Attributes:
        channel: of Slack; empty: it is a heartbeat.
        text: all of it, as JSON.
    """

    channel: str
    text: str


class Monitoring:
    """Prometheus and the receiver of alerts beside a running platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._namespace = load_file(STACK).monitoring.namespace

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The series that a query has now, each with `metric` and `value`."""
        return self._ask("query", query=promql)["result"]

    def targets(self) -> list[dict[str, Any]]:
        """What Prometheus scrapes."""
        return self._ask("targets", state="active")["activeTargets"]

    def firing(self) -> set[str]:
        """The names of the alerts that fire now.

        Without the one that always does, and those on budgets, which what was broken before has
        spent.
        """
        found = self.query('ALERTS{alertstate="firing",alertname!~"N8nWatchdog|.+BudgetBurn"}')
        return {series["metric"]["alertname"] for series in found}

    def told(self) -> list[Message]:
        """What the receiver was told so far, in order."""
        lines = self._platform.kubectl(
            *("logs", "--namespace", self._namespace, "deployment/alert-receiver", "--tail=-1")
        ).splitlines()
        return [Message(channel=json.loads(line).get("channel", ""), text=line) for line in lines]

    def _ask(self, what: str, **parameters: str) -> dict[str, Any]:
        pod = f"/api/v1/namespaces/{self._namespace}/pods/{_PROMETHEUS}/proxy"
        path = f"{pod}/api/v1/{what}?{urlencode(parameters)}"
        return json.loads(self._platform.kubectl("get", "--raw", path))["data"]
