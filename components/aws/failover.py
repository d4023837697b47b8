"""How requests find the region that works: health checks and failover records of Route 53.

Which region works is decided by the lease (`components/aws/fence.py`), never here: DNS that points
to the wrong region brings requests to a database that shuts n8n out, and nothing worse. The records
follow health. A region is healthy while a webhook pod has its database, so a region that has lost
the lease drops out by itself, and one that gains it comes in. Nothing has to be changed in Route 53
during a failover, whose control plane is in us-east-1 alone.

Each region's stack has the record of its own region: the home environment's is the first choice,
whatever its role is, and the other's is the second.

There is no alarm on the health checks: their metrics are in us-east-1, outside allowed regions.
"""

from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws

from components.aws.alarms import create_alarm
from components.aws.tags import tags
from components.base import Component
from components.n8n.pod import READINESS_PATH
from settings import Settings
from settings.aws import AwsSettings
from settings.aws.failover import RecordsSettings

_TTL_SECONDS = 60
"""For which resolvers may keep an answer: a part of every failover."""

_CHECK_SECONDS = 10
_FAILURES = 3
"""A region is out after half a minute; Route 53 asks from several regions each 10 s."""

_LAG_SECONDS = 60
_LAG_PERIODS = 5
"""A replica that is a minute behind for five would lose that minute in a failover."""


class Failover(Component):
    """This region's health check and records, and an alarm on the replica that stands by."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        replica: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            replica: the database's name in RDS where it follows another; else None.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        if environment.failover.records:
            self._create_records(environment.failover.records)
        if replica is not None:
            self._create_lag_alarm(replica)
        self.register_outputs({})

    def _create_health_check(self, host: str) -> pulumi.Output[str]:
        return aws.route53.HealthCheck(
            "webhooks",
            type="HTTPS",
            fqdn=host,
            port=443,
            resource_path=READINESS_PATH,
            enable_sni=True,
            request_interval=_CHECK_SECONDS,
            failure_threshold=_FAILURES,
            tags={
                **tags(self._settings),
                "Name": f"{self._environment.name}-{self._environment.region}",
            },
            opts=self.child_options(),
        ).id

    def _create_records(self, records: RecordsSettings) -> None:
        health_check = self._create_health_check(records.check_host)
        home = self._environment.failover.home
        n8n = self._settings.n8n
        for name, url in (("webhooks", n8n.webhook_url), ("editor", n8n.editor_url)):
            aws.route53.Record(
                name,
                zone_id=records.zone_id,
                name=urlsplit(url).hostname or "",
                type="CNAME",
                ttl=_TTL_SECONDS,
                records=[records.endpoint],
                set_identifier=self._environment.region,
                failover_routing_policies=[
                    aws.route53.RecordFailoverRoutingPolicyArgs(
                        type="PRIMARY" if home else "SECONDARY"
                    )
                ],
                health_check_id=health_check,
                opts=self.child_options(),
            )
        # Not by health: this is where health is asked.
        aws.route53.Record(
            "check",
            zone_id=records.zone_id,
            name=records.check_host,
            type="CNAME",
            ttl=_TTL_SECONDS,
            records=[records.endpoint],
            opts=self.child_options(),
        )

    def _create_lag_alarm(self, replica: pulumi.Input[str]) -> None:
        create_alarm(
            "replica-lag",
            "The standby's database is behind: a failover would lose as much",
            settings=self._settings,
            environment=self._environment,
            namespace="AWS/RDS",
            metric="ReplicaLag",
            dimensions={"DBInstanceIdentifier": replica},
            statistic="Maximum",
            period=60,
            periods=_LAG_PERIODS,
            threshold=_LAG_SECONDS,
            raised="above",
            without_data="raised",
            opts=self.child_options(),
        )
