"""That the audit log of Kubernetes reaches CloudWatch, and an alarm when it no longer does.

EKS writes five logs into one log group, and CloudWatch's own metric of a group, IncomingLogEvents,
counts them together: it goes on while the audit log alone has ended. A metric filter cannot choose
streams by name either, but it can read: only events of the audit log are JSON of this kind.

No other log group has such an alarm. Flow logs and the database's log say what was connected and
what went wrong, not who did it; a database at rest may say nothing for hours.
"""

import pulumi
import pulumi_aws as aws

from components.aws.alarms import create_alarm
from components.base import PART_OF, Component
from settings import Settings
from settings.aws import AwsSettings

_EVENT = '{ $.kind = "Event" && $.apiVersion = "audit.k8s.io/*" }'

_PERIOD_SECONDS = 300
_PERIODS = 3
"""EKS delivers within a few minutes, says its user guide: of a quarter of an hour the latest part
may still be on its way. A cluster at rest writes several events a second: nodes renew leases."""


class AuditLog(Component):
    """Counts the events of an EKS cluster's audit log as they arrive."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        log_group: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            log_group: name of the cluster's log group.
        """
        super().__init__(name, opts)
        metric = f"{environment.name}-audit-events"
        aws.cloudwatch.LogMetricFilter(
            "audit-events",
            name=metric,
            log_group_name=log_group,
            pattern=_EVENT,
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                name=metric,
                namespace=PART_OF,
                value="1",
                # Of a minute in which the other logs came, and this one did not.
                default_value="0",
            ),
            opts=self.child_options(),
        )
        create_alarm(
            "audit-log-silent",
            "No event of the cluster's audit log arrives: who did what is not known",
            settings=settings,
            environment=environment,
            namespace=PART_OF,
            metric=metric,
            period=_PERIOD_SECONDS,
            periods=_PERIODS,
            raised="below",
            without_data="raised",
            opts=self.child_options(),
        )
        self.register_outputs({})
