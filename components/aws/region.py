"""Everything that an environment has in AWS, wired: what the platform stands on in one region."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.alarm_topic import AlarmTopic
from components.aws.backup_writer import BackupWriter
from components.aws.cluster import Cluster
from components.aws.database import Database
from components.aws.database_alarms import DatabaseAlarms
from components.aws.failover import Failover
from components.aws.fence import Fence
from components.aws.keys import Keys
from components.aws.master_password import MasterPassword
from components.aws.network import Network
from components.aws.recovery import Recovery
from components.aws.volumes import EncryptedVolumes
from components.base import Component
from components.connections import BackupBucket
from settings import Settings
from settings.aws import AwsSettings


class Region(Component):
    """Keys, network, cluster and database of one region, with what recovers them elsewhere.

    Attributes:
        cluster: Kubernetes.
        database: PostgreSQL; None where the platform uses one that is there.
        backup_bucket: where n8n's own backup is copied to; None where there is none.
        outputs: what people, the peer's stack and `make failover` are told of it, by name.
    """

    area = "aws"

    cluster: Cluster
    database: Database | None
    backup_bucket: BackupBucket | None
    outputs: Mapping[str, pulumi.Input[Any]]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self._provider = aws.Provider(
            "aws",
            region=environment.region,
            # Whoever's credentials these are: no other account is touched.
            allowed_account_ids=[environment.account_id],
            opts=self.child_options(),
        )
        self._keys = Keys(
            "keys", settings=settings, environment=environment, opts=self._in_account()
        )
        AlarmTopic(
            "alarms",
            settings=settings,
            environment=environment,
            key_arn=self._keys.arns["logs"],
            opts=self._in_account(),
        )
        self._network = Network(
            "network",
            settings=settings,
            environment=environment,
            log_key_arn=self._keys.arns["logs"],
            opts=self._in_account(),
        )
        self.cluster = Cluster(
            "eks",
            settings=settings,
            environment=environment,
            network=self._network,
            keys=self._keys.arns,
            opts=self._in_account(),
        )
        self.database = self._create_database() if environment.database.create else None
        if self.database:
            DatabaseAlarms(
                "database-alarms",
                settings=settings,
                environment=environment,
                database=self.database,
                opts=self._in_account(),
            )
        recovery = self._create_recovery()
        self.backup_bucket = (
            self._create_backup_writer(recovery.exports.bucket) if settings.backup.enabled else None
        )
        fence = self._create_fence()
        self._create_failover()
        self.outputs = {
            "natAddresses": self._network.nat_addresses,
            "exports": recovery.exports.bucket,
            **({"replicaKeys": self._keys.replicas} if self._keys.replicas else {}),
            **({"databaseArn": self.database.arn} if self.database else {}),
            **({"takeFunction": fence.take_function} if fence else {}),
        }
        self.register_outputs(dict(self.outputs))

    def create_volumes(self, opts: pulumi.ResourceOptions) -> None:
        """The cluster's default StorageClass; a cluster that is there already has one.

        Args:
            opts: with the provider of the cluster.
        """
        if self._environment.cluster.existing is None:
            EncryptedVolumes(
                "volumes",
                settings=self._settings,
                key_arn=self._keys.arns["volumes"],
                opts=pulumi.ResourceOptions.merge(self.child_options(), opts),
            )

    def _in_account(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self.child_options(depends_on=list(after)),
            pulumi.ResourceOptions(provider=self._provider),
        )

    def _after_keys(self) -> pulumi.ResourceOptions:
        """For what uses keys in the peer's region by their name: the replicas come first."""
        return self._in_account(self._keys)

    def _create_master_password(self) -> pulumi.Output[str] | None:
        """That of a pair, which its home environment makes."""
        peer = self._environment.peer
        if not (peer and self._environment.failover.home):
            return None
        return MasterPassword(
            "master-password",
            settings=self._settings,
            environment=self._environment,
            peer=peer.region,
            key_arn=self._keys.arns["data"],
            opts=self._after_keys(),
        ).value

    def _create_database(self) -> Database:
        return Database(
            "database",
            settings=self._settings,
            environment=self._environment,
            vpc_id=self._network.vpc_id,
            subnet_ids=list(self._network.intra_subnets.values()),
            clients=self.cluster.security_group_id,
            password=self._create_master_password(),
            key_arn=self._keys.arns["data"],
            log_key_arn=self._keys.arns["logs"],
            opts=self._after_keys(),
        )

    def _create_recovery(self) -> Recovery:
        return Recovery(
            "recovery",
            settings=self._settings,
            environment=self._environment,
            backup_key_arn=self._keys.arns["backup"],
            data_key_arn=self._keys.arns["data"],
            escrow_key_arn=self._keys.arns["escrow"],
            database_subnet_group=self.database.subnet_group if self.database else None,
            opts=self._after_keys(),
        )

    def _create_backup_writer(self, bucket: str) -> BackupBucket:
        return BackupWriter(
            "backup-writer",
            settings=self._settings,
            environment=self._environment,
            cluster=self.cluster.name,
            bucket=bucket,
            opts=self._in_account(),
        ).bucket

    def _create_fence(self) -> Fence | None:
        """What keeps two regions from working at once; settings see to it that a pair has one."""
        peer, witness = self._environment.peer, self._environment.failover.witness_region
        if not (peer and witness and self.database):
            return None
        return Fence(
            "fence",
            settings=self._settings,
            environment=self._environment,
            peer=peer.region,
            witness=witness,
            database=self.database,
            vpc_id=self._network.vpc_id,
            subnet_ids=list(self._network.intra_subnets.values()),
            key_arn=self._keys.arns["data"],
            log_key_arn=self._keys.arns["logs"],
            opts=self._after_keys(),
        )

    def _create_failover(self) -> None:
        follows = self.database if self.database and self.database.is_replica else None
        Failover(
            "failover",
            settings=self._settings,
            environment=self._environment,
            replica=follows.identifier if follows else None,
            opts=self._after_keys(),
        )
