"""An environment of one region in AWS, recorded without an engine, and judged by the packs."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.runtime.resource import register_resource

import settings
from components.aws.alarm_topic import AlarmTopic
from components.aws.backup_writer import BackupWriter
from components.aws.database import Database
from components.aws.database_alarms import DatabaseAlarms
from components.aws.failover import Failover
from components.aws.fence import Fence
from components.aws.master_password import MasterPassword
from components.aws.recovery import Recovery
from policies.resources.place import Place
from policies.resources.resource import Resource
from settings.aws import AwsSettings
from tests.policies.judging import judgements
from tests.unit.mocks import Recorded, record

HOME, AWAY, WITNESS = "eu-central-1", "eu-west-1", "eu-west-3"
ACCOUNT = "111122223333"
DEPLOYS = f"arn:aws:iam::{ACCOUNT}:role/deploys"
HEARS = "ops@n8n.example"
SOURCE = f"arn:aws:rds:{HOME}:{ACCOUNT}:db:n8n-1"
RECORDS = {
    "zoneId": "Z0123456789ABC",
    "endpoint": "lb.example.com",
    "checkHost": "eu-central-1.n8n.example",
}
GOVERNANCE = {"owner": "platform-team", "lawfulBasis": "contract"}


def key_arn(name: str, region: str = HOME) -> str:
    """A key of the environment."""
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-{name}"


def alone(**aws: Any) -> dict[str, Any]:
    """Settings of an environment without a peer; more of its settings of AWS."""
    return {
        "aws": {
            "accountId": ACCOUNT,
            "region": HOME,
            "cluster": {"access": [{"role": DEPLOYS, "level": "admin"}]},
            **aws,
        },
        "database": {"mode": "external"},
        "governance": GOVERNANCE,
        "platform": {"zones": [f"{aws.get('region', HOME)}{zone}" for zone in "abc"]},
    }


def primary(**aws: Any) -> dict[str, Any]:
    """Settings of the region where the platform is at home, and works."""
    return alone(
        **{
            "peer": {"region": AWAY, "cidr": "10.65.0.0/16"},
            "alarms": {"emails": [HEARS]},
            "failover": {"witnessRegion": WITNESS, "records": RECORDS},
            **aws,
        }
    )


def standby(**aws: Any) -> dict[str, Any]:
    """Settings of the region that stands by."""
    return alone(
        **{
            "region": AWAY,
            "role": "standby",
            "peer": {"region": HOME, "cidr": "10.64.0.0/16"},
            "network": {"cidr": "10.65.0.0/16"},
            "keys": {
                "existing": {each: key_arn(each, AWAY) for each in ("data", "backup", "escrow")}
            },
            "database": {"sourceArn": SOURCE},
            "alarms": {"emails": [HEARS]},
            "failover": {"home": False, "witnessRegion": WITNESS, "records": RECORDS},
            **aws,
        }
    )


def problems(values: Mapping[str, Any]) -> list[str]:
    """The keys of everything that is wrong with settings."""
    try:
        settings.parse(values)
    except settings.SettingsError as error:
        return [problem.key for problem in error.problems]
    return []


class Region(Recorded):
    """What an environment is made of, with the options of each resource.

    Attributes:
        settings: its settings.
        options: by type and name the options that Pulumi was given.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.settings = settings.parse(values)
        self.options: dict[tuple[str, str], pulumi.ResourceOptions] = {}
        environment = self.settings.aws
        assert environment
        with patch("pulumi.resource.register_resource", self._register):
            super().__init__(record(self._program(environment)))

    def _register(self, *arguments: Any) -> None:
        _, type_, name, *_ = arguments
        options = next(each for each in arguments if isinstance(each, pulumi.ResourceOptions))
        self.options[type_, name] = options
        register_resource(*arguments)

    def _program(self, environment: AwsSettings) -> Callable[[], None]:
        region = environment.region

        def program() -> None:
            AlarmTopic(
                "alarms",
                settings=self.settings,
                environment=environment,
                key_arn=key_arn("logs", region),
            )
            peer = environment.peer
            password = (
                MasterPassword(
                    "master-password",
                    settings=self.settings,
                    environment=environment,
                    peer=peer.region,
                    key_arn=key_arn("data", region),
                ).value
                if peer and environment.failover.home
                else None
            )
            database = Database(
                "database",
                settings=self.settings,
                environment=environment,
                vpc_id="vpc-1",
                subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
                clients="sg-cluster",
                password=password,
                key_arn=key_arn("data", region),
                log_key_arn=key_arn("logs", region),
            )
            DatabaseAlarms(
                "database-alarms",
                settings=self.settings,
                environment=environment,
                database=database,
            )
            recovery = Recovery(
                "recovery",
                settings=self.settings,
                environment=environment,
                backup_key_arn=key_arn("backup", region),
                data_key_arn=key_arn("data", region),
                escrow_key_arn=key_arn("escrow", region),
                database_subnet_group=database.subnet_group,
            )
            BackupWriter(
                "backup-writer",
                settings=self.settings,
                environment=environment,
                cluster="n8n",
                bucket=recovery.exports.bucket,
            )
            if peer and environment.failover.witness_region:
                Fence(
                    "fence",
                    settings=self.settings,
                    environment=environment,
                    peer=peer.region,
                    witness=environment.failover.witness_region,
                    database=database,
                    vpc_id="vpc-1",
                    subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
                    key_arn=key_arn("data", region),
                    log_key_arn=key_arn("logs", region),
                )
            Failover(
                "failover",
                settings=self.settings,
                environment=environment,
                replica=database.identifier if database.is_replica else None,
            )

        return program

    def named(self, type_: str, name: str) -> Mapping[str, Any]:
        """The properties of a resource, by the end of its type and its name in Pulumi."""
        (found,) = (each for each in self if each.type.endswith(type_) and each.name == name)
        return found.inputs

    def judged(self, without: str = "") -> dict[str, set[str]]:
        """What both packs find violated: names of resources by condition.

        Args:
            without: kind of resources that are left out.
        """
        resources = [
            Resource(
                type=each.type,
                name=each.name,
                urn=f"urn:pulumi:test::test::{position}${each.type}::{each.name}",
                read=lambda inputs=each.inputs: dict(inputs),
                protect=bool(self.options[each.type, each.name].protect),
                ignored=self.options[each.type, each.name].ignore_changes or (),
                provider=Place(
                    "provider", {"region": self.settings.aws and self.settings.aws.region}
                ),
            )
            for position, each in enumerate(self)
            if each.kind != without
        ]
        found: dict[str, set[str]] = {}
        for each in judgements(resources, *resources):
            if each.findings:
                found.setdefault(each.condition.id, set()).add(each.resource.name)
        return found


@cache
def _recorded(values: str) -> Region:
    return Region(json.loads(values))


def recorded(values: Mapping[str, Any]) -> Region:
    """The environment of these settings."""
    return _recorded(json.dumps(values))
