"""Why two regions never work at once: a lease, which the database itself keeps.

Everything that n8n does begins with a write to its database: a schedule that fires, a webhook that
is called, a job that a worker takes up. So the database is the fence. What has to be kept apart are
two databases: a replica that is promoted does not know whether the one it followed still works, and
that one does not know that it was replaced.

1. There is one lease: an item of a DynamoDB table that is strongly consistent over the two regions
   and a third, the witness. Two alone cannot tell a lost peer from a lost connection. Any one of
   them can be lost, and the other two still agree on who has the lease.
2. A database asks for it every 20 s, through a Lambda function of its own region (`lease.renew`),
   and lets n8n's role in for `leaseSeconds` from when it asked: by the role's `VALID UNTIL`, after
   which PostgreSQL accepts no password, and by a check every 5 s that ends what is still connected
   (`sql/fence.sql`). Without an answer, for whatever reason, the time runs out by itself: nobody
   has to reach a lost region to stop it. A server that comes back after days finds it run out.
3. Whoever fails over takes the lease first (`lease.take`). From that write on the old region cannot
   renew. The function also writes down when the old lease has run out for certain, `leaseSeconds`
   and `marginSeconds` later, and lets the new region have it no earlier.
4. Only then is the replica promoted, unless nothing that the old region writes arrives any more
   (`failover/ahead.py`). Promoted earlier, by mistake or not, it still shuts n8n out: the function
   does not answer before that time, and what the replica took over of the old database's lease is
   void, because a promoted database is on another timeline.
5. A standby's database lets nobody of the platform connect, by its security group, until the
   stack's `role` is `primary`; its tiers have no pods.

Closing a security group alone is no fence: connections that are open stay open.

What is assumed: clocks of Lambda in one region differ by less than the margin, and a database's
clock runs as fast as they do. pg_cron runs: while it hangs and PostgreSQL does not, connections
that are open stay so, and no new ones are let in. Nobody extends the role by hand.

What is not covered: what n8n has already sent to other services before its connection ended; an
execution that is under way may finish a call that is repeated in the other region. What the old
database wrote after its last change reached the replica is lost to the new one; it is kept in the
old one. A replica that is promoted *and* opened to the platform before the lease has run out, past
`make failover`, lets n8n in for at most 5 s. With Lambda or DynamoDB gone in the working region for
longer than `leaseSeconds`, n8n is shut out although nothing else is wrong: it is the price.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components import governance
from components.aws import lease
from components.aws.alarms import create_alarm
from components.aws.database import Database
from components.aws.iam import allow, assumed_by, policy
from components.aws.lease_endpoint import LeaseEndpoint
from components.aws.pair import in_region
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings

_RUNTIME = "python3.13"
_TIMEOUT_SECONDS = 10
"""The latest that the write which takes the lease may come after the time that it names; the least
of `marginSeconds` has room for it."""
_MINUTE = 60


class Fence(Component):
    """The table, the functions that renew and take the lease, and the database's way to them.

    Attributes:
        take_function: name of the function that takes the lease for this region.
    """

    area = "aws"

    take_function: str

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        peer: str,
        witness: str,
        database: Database,
        vpc_id: pulumi.Input[str],
        subnet_ids: Sequence[pulumi.Input[str]],
        key_arn: pulumi.Input[str],
        log_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            peer: the peer's region.
            witness: the region that only votes.
            database: the database that keeps the lease.
            vpc_id: its VPC.
            subnet_ids: its subnets.
            key_arn: KMS key of data at rest, multi-region.
            log_key_arn: KMS key of logs.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self._name = f"{environment.name}-lease"
        self.take_function = f"{self._name}-take"
        if environment.failover.home:
            self._create_table(key_arn, peer, witness)
        role = self._create_role()
        renew = self._create_function("renew", role, log_key_arn)
        self._create_function("take", role, log_key_arn)
        renew_arn = self._arn(f"{self._name}-renew")
        self._let_database_call(renew, renew_arn, database)
        LeaseEndpoint(
            "endpoint",
            settings=settings,
            environment=environment,
            function_arn=renew_arn,
            database=database.security_group_id,
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            opts=self.child_options(),
        )
        self._create_alarms(renew)
        self.register_outputs({"takeFunction": self.take_function})

    def _create_table(self, key: pulumi.Input[str], peer: str, witness: str) -> None:
        environment = self._environment
        table = aws.dynamodb.Table(
            "lease",
            name=self._name,
            hash_key="id",
            attributes=[aws.dynamodb.TableAttributeArgs(name="id", type="S")],
            billing_mode="PAY_PER_REQUEST",
            region=environment.region,
            deletion_protection_enabled=True,
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
                enabled=True, kms_key_arn=key
            ),
            replicas=[
                aws.dynamodb.TableReplicaArgs(
                    region_name=peer,
                    consistency_mode="STRONG",
                    kms_key_arn=in_region(key, peer, own=environment.region),
                    deletion_protection_enabled=True,
                )
            ],
            global_table_witness=aws.dynamodb.TableGlobalTableWitnessArgs(region_name=witness),
            tags={
                **tags(self._settings),
                # Two regions' names and times; a year, because it has to say something.
                **governance.data(
                    self._settings.governance,
                    classification="confidential",
                    retention_hours=365 * 24,
                ),
            },
            opts=self.child_options(protect=True),
        )
        aws.dynamodb.TableItem(
            "lease",
            table_name=table.name,
            hash_key="id",
            # Refused by DynamoDB where there is one already: nobody becomes a holder this way.
            item=json.dumps(
                {
                    "id": {"S": lease.LEASE},
                    "holder": {"S": environment.region},
                    "opens": {"N": "0"},
                }
            ),
            region=environment.region,
            opts=pulumi.ResourceOptions.merge(
                self.child_options(protect=True, retain_on_delete=True),
                # From then on the functions write it.
                pulumi.ResourceOptions(ignore_changes=["item"]),
            ),
        )

    def _create_role(self) -> aws.iam.Role:
        environment = self._environment
        at = f"{environment.region}:{environment.account_id}"
        role = aws.iam.Role(
            "lease",
            name=f"{self._name}-{environment.region}",
            assume_role_policy=assumed_by("lambda.amazonaws.com", environment.account_id),
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        aws.iam.RolePolicy(
            "lease",
            role=role.name,
            policy=policy(
                allow(["dynamodb:UpdateItem"], [f"arn:aws:dynamodb:{at}:table/{self._name}"]),
                allow(
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [f"arn:aws:logs:{at}:log-group:/aws/lambda/{self._name}-*:*"],
                ),
                allow(
                    ["kms:Decrypt", "kms:DescribeKey"],
                    [f"arn:aws:kms:{at}:key/*"],
                    Condition={
                        "StringEquals": {
                            "kms:ViaService": f"dynamodb.{environment.region}.amazonaws.com"
                        }
                    },
                ),
            ),
            opts=self.child_options(),
        )
        return role

    def _create_function(
        self,
        operation: str,
        role: aws.iam.Role,
        log_key: pulumi.Input[str],
    ) -> aws.lambda_.Function:
        failover = self._environment.failover
        name = f"{self._name}-{operation}"
        logs = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{name}",
            kms_key_id=log_key,
            retention_in_days=self._environment.log_retention_days,
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        return aws.lambda_.Function(
            name,
            name=name,
            description=f"{operation.capitalize()} the lease of the region that works",
            runtime=_RUNTIME,
            handler=f"lease.{operation}",
            code=pulumi.AssetArchive(
                {"lease.py": pulumi.StringAsset(Path(lease.__file__).read_text())}
            ),
            role=role.arn,
            timeout=_TIMEOUT_SECONDS,
            # What the functions of an account share may be used up by others.
            reserved_concurrent_executions=failover.reserved_executions or None,
            # No secret is among them: a key of ours would be one more thing that can fail.
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={
                    "TABLE": self._name,
                    "WAIT_SECONDS": str(failover.lease_seconds + failover.margin_seconds),
                }
            ),
            tags=tags(self._settings),
            opts=self.child_options(depends_on=[logs]),
        )

    def _let_database_call(
        self, function: aws.lambda_.Function, arn: str, database: Database
    ) -> None:
        """Only this database: a copy that is restored beside it has no such role and stays shut."""
        environment = self._environment
        role = aws.iam.Role(
            "database",
            name=f"{self._name}-database-{environment.region}",
            assume_role_policy=assumed_by("rds.amazonaws.com", environment.account_id),
            tags=tags(self._settings),
            opts=self.child_options(),
        )
        permission = aws.iam.RolePolicy(
            "database",
            role=role.name,
            policy=policy(allow(["lambda:InvokeFunction"], [arn])),
            opts=self.child_options(),
        )
        aws.rds.RoleAssociation(
            "database",
            db_instance_identifier=database.identifier,
            feature_name="Lambda",
            role_arn=role.arn,
            opts=self.child_options(depends_on=[function, permission]),
        )

    def _arn(self, function: str) -> str:
        """A function's ARN, written out so that what may be done with it can be read at preview."""
        environment = self._environment
        return f"arn:aws:lambda:{environment.region}:{environment.account_id}:function:{function}"

    def _create_alarms(self, function: aws.lambda_.Function) -> None:
        # Of a region that works and cannot renew, a minute before n8n is shut out; and of an old
        # primary, which still asks.
        self._create_alarm(
            "lease-refused",
            "A database asks for the lease and does not get it",
            function,
            metric="Errors",
        )
        if self._environment.role == "primary":
            self._create_alarm(
                "lease-not-asked-for",
                "The working region's database does not ask for the lease",
                function,
                metric="Invocations",
                raised="below",
                without_data="raised",
            )

    def _create_alarm(
        self, name: str, description: str, function: aws.lambda_.Function, **more: Any
    ) -> None:
        create_alarm(
            name,
            description,
            settings=self._settings,
            environment=self._environment,
            namespace="AWS/Lambda",
            dimensions={"FunctionName": function.name},
            period=_MINUTE,
            opts=self.child_options(),
            **more,
        )
