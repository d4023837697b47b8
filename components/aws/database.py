"""PostgreSQL in RDS: in three zones, or as a replica of the one in the peer's region.

What has to be done once, by hand, because no program in the cluster holds the master's password:
run `sql/role.sql` as the master user, then give the role the password that External Secrets copies
(`\\password n8n`, which sends no plain text); with a peer also `sql/fence.sql`, without which the
role lets nobody in. From a pod of the cluster, the only place that the database lets in. The
master's password is in Secrets Manager. The first deployment waits for n8n meanwhile, and goes on.
n8n checks the server with Amazon's certificates, which stand under `DATABASE_TLS_AUTHORITY`:
https://truststore.pki.rds.amazonaws.com/<region>/<region>-bundle.pem.

A replica has all of this from its source. It has as many connections as its source, too, or its
recovery would stop: both environments have the same `database.maxConnections`.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components import governance
from components.aws import windows
from components.aws.postgres_parameters import parameters
from components.aws.tags import tags
from components.base import Component
from components.connections import DatabaseConnection, SecretKey
from settings import Settings
from settings.aws import AwsSettings

MASTER = "platform"
"""Master user of the database, who is not n8n."""

_AUTHORITY = "rds-ca-rsa2048-g1"
"""Amazon's authority that signs the server's certificate, valid until 2061."""

_CLUSTER_MACHINES = 3

_INSIGHTS_DAYS = 7
"""For which RDS keeps performance data without charge."""


class Database(Component):
    """A database of RDS, with what it is configured by and who may reach it.

    While the environment is a standby, nobody may: the platform cannot write to a database that
    was promoted too early.

    Attributes:
        host: name under which it is reached, the same after a failover between zones.
        arn: its ARN; the peer's database follows it.
        identifier: its name in RDS.
        machines: names under which CloudWatch has its figures: of a cluster one for each machine.
        security_group_id: of its network addresses.
        subnet_group: name of the group of its subnets.
        is_replica: whether it follows another one.
    """

    area = "aws"

    host: pulumi.Output[str]
    arn: pulumi.Output[str]
    identifier: pulumi.Output[str]
    machines: Sequence[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]
    subnet_group: pulumi.Output[str]
    is_replica: bool

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        vpc_id: pulumi.Input[str],
        subnet_ids: Sequence[pulumi.Input[str]],
        clients: pulumi.Input[str],
        password: pulumi.Input[str] | None,
        key_arn: pulumi.Input[str],
        log_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            vpc_id: the VPC.
            subnet_ids: subnets without a way out, one in each zone.
            clients: security group that may connect: the cluster's.
            password: that of the pair's master user, where it is made.
            key_arn: KMS key of data at rest.
            log_key_arn: KMS key of logs.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self._password = password
        self._key = key_arn
        self._name = f"{environment.name}-{environment.database.generation}"
        self.is_replica = environment.database.source_arn is not None
        self.subnet_group = self._create_subnet_group(subnet_ids)
        self.security_group_id = self._create_security_group(vpc_id, clients)
        logs = self._create_log_groups(log_key_arn)
        if environment.database.deployment == "cluster":
            self._create_cluster(logs)
        else:
            self._create_instance(logs)
        self.register_outputs({"host": self.host, "arn": self.arn})

    def connection(
        self, password: SecretKey, certificate_authority: SecretKey
    ) -> DatabaseConnection:
        """How n8n reaches it.

        Args:
            password: that of n8n's role.
            certificate_authority: Amazon's certificates of the region.
        """
        database = self._settings.database
        return DatabaseConnection(
            host=self.host,
            port=database.port,
            database=database.name,
            user=database.user,
            password=password,
            certificate_authority=certificate_authority,
            pod_labels=None,
        )

    def _create_subnet_group(self, subnet_ids: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
        return aws.rds.SubnetGroup(
            "database",
            name=self._name,
            description="Subnets without a way out",
            subnet_ids=list(subnet_ids),
            tags=self._tags(),
            opts=self.child_options(),
        ).name

    def _create_security_group(
        self, vpc_id: pulumi.Input[str], clients: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            "database",
            name=f"{self._name}-database",
            description="PostgreSQL of n8n",
            vpc_id=vpc_id,
            tags=self._tags(),
            opts=self.child_options(),
        )
        if self._environment.role == "primary":
            aws.vpc.SecurityGroupIngressRule(
                "database-clients",
                security_group_id=group.id,
                referenced_security_group_id=clients,
                ip_protocol="tcp",
                from_port=self._settings.database.port,
                to_port=self._settings.database.port,
                description="Pods and nodes of the cluster",
                tags=self._tags(),
                opts=self.child_options(),
            )
        return group.id

    def _create_log_groups(self, key: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Where RDS exports to. It would make them itself: without a key, and kept for ever."""
        return [
            aws.cloudwatch.LogGroup(
                f"database-{log}",
                name=f"/aws/rds/{self._environment.database.deployment}/{self._name}/{log}",
                kms_key_id=key,
                retention_in_days=self._environment.log_retention_days,
                tags=self._tags(),
                opts=self.child_options(),
            )
            for log in self._logs()
        ]

    def _logs(self) -> tuple[str, ...]:
        # RDS makes no log of upgrades for a cluster.
        instance = self._environment.database.deployment == "instance"
        return ("postgresql", "upgrade") if instance else ("postgresql",)

    def _create_instance(self, logs: Sequence[pulumi.Resource]) -> None:
        wanted = self._environment.database
        group = aws.rds.ParameterGroup(
            "database",
            name=self._name,
            family=self._family(),
            description="PostgreSQL of n8n",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method=method)
                for name, (value, method) in parameters(self._settings, self._environment).items()
            ],
            tags=self._tags(),
            opts=self.child_options(),
        )
        instance = aws.rds.Instance(
            "database",
            identifier=self._name,
            **self._origin(),
            instance_class=wanted.instance_class,
            max_allocated_storage=wanted.maximum_storage_gigabytes,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self._key,
            port=self._settings.database.port,
            # A replica too: nothing has to be changed when it is promoted.
            multi_az=True,
            db_subnet_group_name=self.subnet_group,
            vpc_security_group_ids=[self.security_group_id],
            publicly_accessible=False,
            ca_cert_identifier=_AUTHORITY,
            parameter_group_name=group.name,
            auto_minor_version_upgrade=True,
            backup_retention_period=wanted.backup_retention_days,
            backup_window=windows.automated_backup(self._environment),
            maintenance_window=windows.maintenance(self._environment),
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            # RDS makes no final snapshot of a replica and then refuses to delete it.
            skip_final_snapshot=self.is_replica,
            final_snapshot_identifier=f"{self._name}-final",
            enabled_cloudwatch_logs_exports=list(self._logs()),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=self._key,
            performance_insights_retention_period=_INSIGHTS_DAYS,
            tags=self._data_tags(),
            opts=self.child_options(protect=True, depends_on=list(logs)),
        )
        self.host, self.arn, self.identifier = instance.address, instance.arn, instance.identifier
        self.machines = [self.identifier]

    def _origin(self) -> dict[str, Any]:
        """What an instance begins with: an empty database, or another one's."""
        wanted = self._environment.database
        # Of a replica too, which RDS gives its source's: else the state would say 17.6, and a
        # promotion would ask for whatever 17 is by then, in the middle of a failover.
        version = {"engine_version": wanted.engine_version}
        if wanted.source_arn is not None:
            return {"replicate_source_db": wanted.source_arn, **version}
        return {
            "engine": "postgres",
            **version,
            "allocated_storage": wanted.storage_gigabytes,
            "db_name": self._settings.database.name,
            "username": MASTER,
            **self._master_password(),
        }

    def _master_password(self) -> dict[str, Any]:
        """RDS' own, which it rotates; with a peer the pair's: of a database that has RDS' own, none
        follows. One that followed another has its password already."""
        environment = self._environment
        if environment.peer is None:
            return {
                "manage_master_user_password": True,
                "master_user_secret_kms_key_id": self._key,
            }
        followed = not environment.failover.home or environment.database.generation > 1
        return {} if followed else {"password": self._password}

    def _create_cluster(self, logs: Sequence[pulumi.Resource]) -> None:
        wanted = self._environment.database
        group = aws.rds.ClusterParameterGroup(
            "database",
            name=self._name,
            family=self._family(),
            description="PostgreSQL of n8n",
            parameters=[
                aws.rds.ClusterParameterGroupParameterArgs(
                    name=name, value=value, apply_method=method
                )
                for name, (value, method) in parameters(self._settings, self._environment).items()
            ],
            tags=self._tags(),
            opts=self.child_options(),
        )
        cluster = aws.rds.Cluster(
            "database",
            cluster_identifier=self._name,
            engine="postgres",
            engine_version=wanted.engine_version,
            db_cluster_instance_class=wanted.instance_class,
            allocated_storage=wanted.storage_gigabytes,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self._key,
            port=self._settings.database.port,
            database_name=self._settings.database.name,
            master_username=MASTER,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=self._key,
            db_subnet_group_name=self.subnet_group,
            vpc_security_group_ids=[self.security_group_id],
            ca_certificate_identifier=_AUTHORITY,
            db_cluster_parameter_group_name=group.name,
            backup_retention_period=wanted.backup_retention_days,
            preferred_backup_window=windows.automated_backup(self._environment),
            preferred_maintenance_window=windows.maintenance(self._environment),
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{self._name}-final",
            enabled_cloudwatch_logs_exports=list(self._logs()),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=self._key,
            performance_insights_retention_period=_INSIGHTS_DAYS,
            tags=self._data_tags(),
            opts=self.child_options(protect=True, depends_on=list(logs)),
        )
        self.host = cluster.endpoint
        self.arn, self.identifier = cluster.arn, cluster.cluster_identifier
        # As RDS names them.
        numbers = range(1, _CLUSTER_MACHINES + 1)
        self.machines = [pulumi.Output.concat(self._name, f"-instance-{each}") for each in numbers]

    def _family(self) -> str:
        return f"postgres{self._environment.database.engine_version.partition('.')[0]}"

    def _tags(self) -> dict[str, str]:
        return tags(self._settings)

    def _data_tags(self) -> dict[str, str]:
        n8n = self._settings.n8n
        return {
            **tags(self._settings, backed_up=None if self.is_replica else self._environment),
            **governance.data(
                self._settings.governance,
                classification="personal",
                retention_hours=max(n8n.execution_retention_hours, n8n.workflow_history_hours),
            ),
        }
