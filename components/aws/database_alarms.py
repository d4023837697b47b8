"""Alarms on the database where a person has to act: RDS does not help itself out of these.

Those of n8n's own view, such as a pool without free connections, are Prometheus' (docs/alerts.md);
these are heard while Prometheus is not.
"""

from typing import Any

import pulumi

from components.aws.alarms import create_alarm
from components.aws.database import Database
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_PERIOD_SECONDS = 300

_FREE_SHARE = 0.1
"""Of the volume's first size. RDS enlarges it from a tenth free space on, within minutes, unless it
has been at it in the last six hours or the maximum is reached.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html"""
_FREE_PERIODS = 12

_CONNECTIONS_SHARE = 0.9
_CONNECTIONS_PERIODS = 2
"""Of `database.maxConnections`, which rules make more than all tiers need: others are there."""

_CPU_PERCENT = 90
_CPU_PERIODS = 6
"""For half an hour: every statement is slow by then, and no autoscaler adds a machine."""


class DatabaseAlarms(Component):
    """Too little free space, too many connections, no processor time left."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        database: Database,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            database: the database. Not its parent: when another takes its place in the stack's
                state (`failover/state.py`), these look at that one.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        for number, machine in enumerate(database.machines, start=1):
            self._create_alarms(machine, f"-{number}" if len(database.machines) > 1 else "")
        self.register_outputs({})

    def _create_alarms(self, machine: pulumi.Input[str], suffix: str) -> None:
        first_bytes = self._environment.database.storage_gigabytes * 2**30
        self._create_alarm(
            f"database-storage{suffix}",
            "The database runs out of space and RDS does not enlarge its volume",
            machine,
            metric="FreeStorageSpace",
            statistic="Minimum",
            periods=_FREE_PERIODS,
            threshold=int(first_bytes * _FREE_SHARE),
            raised="below",
        )
        self._create_alarm(
            f"database-connections{suffix}",
            "The database soon takes no more connections",
            machine,
            metric="DatabaseConnections",
            statistic="Maximum",
            periods=_CONNECTIONS_PERIODS,
            threshold=int(self._settings.database.max_connections * _CONNECTIONS_SHARE),
        )
        self._create_alarm(
            f"database-cpu{suffix}",
            "The database's processors are busy all the time",
            machine,
            metric="CPUUtilization",
            statistic="Average",
            periods=_CPU_PERIODS,
            threshold=_CPU_PERCENT,
        )

    def _create_alarm(
        self, name: str, description: str, machine: pulumi.Input[str], **more: Any
    ) -> None:
        create_alarm(
            name,
            description,
            settings=self._settings,
            environment=self._environment,
            namespace="AWS/RDS",
            dimensions={"DBInstanceIdentifier": machine},
            period=_PERIOD_SECONDS,
            opts=self.child_options(),
            **more,
        )
