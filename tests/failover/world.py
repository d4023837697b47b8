"""Two regions of AWS that exist in this process only, in place of the programs.

The lease's functions are the real ones, on the table of tests/unit/aws/pair.py. RDS, EKS and what
`pulumi up` does of them are a model: of components/aws it knows that a replica is promoted when its
source is taken out of the settings, once, that a new generation is another database, and that a
primary has more nodes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from components.aws import lease
from failover.__main__ import World
from failover.clock import Clock
from failover.errors import FailoverError
from settings.file import load_file
from tests.unit.aws.pair import Refused, Table

ACCOUNT = "111122223333"
HOME, AWAY = "eu-central-1", "eu-west-1"
REGIONS = {"one": HOME, "two": AWAY}
BEGAN = 1_800_000_000.0
LOST = 400.0
"""Seconds before that at which a lost region was lost."""

NODES = {"primary": 2, "standby": 1}
PROMOTION = 240
WAIT = 150.0
RENEWS = 20
ARN = f"arn:aws:rds:{{}}:{ACCOUNT}:db:{{}}"

_FILE = """\
# Read by people, too.
config:
  n8n-platform:platform:
    zones: [{region}a, {region}b, {region}c]
  n8n-platform:governance: {{owner: platform-team, lawfulBasis: contract}}
  n8n-platform:database: {{mode: external, maxConnections: 400}}
  n8n-platform:secrets: {{source: existing}}
  n8n-platform:aws:
    accountId: "{account}"
    region: {region}
    role: {role}
    peer: {{region: {peer}, cidr: {peer_cidr}}}
    alarms: {{emails: [ops@n8n.example]}}
    network: {{cidr: {cidr}}}
    cluster:
      access: [{{role: "arn:aws:iam::{account}:role/deploy", level: admin}}]
    database: {database}
    failover:
      home: {home}
      witnessRegion: eu-west-3
"""


class Interrupted(KeyboardInterrupt):
    """The command was ended."""


@dataclass(kw_only=True)
class Cloud:
    """What there is, and what was done.

    Attributes:
        folder: the program's.
        now: Lambda's clock.
        skew: seconds by which the operator's clock is before it.
        holder: who has the lease.
        databases: of RDS, by region and name: what each follows.
        busy: until when a database is what, by the same: RDS changes it no earlier.
        states: of the stacks, as their resources.
        account: that of the credentials.
        broken: what does not answer, as `service operation`.
        nodes: of EKS, by region and node group.
        lost: whether nothing of the home region answers or arrives.
        answering: stacks whose platform works.
        calls: what was called.
        changes: those that change something.
        lag: newest measurement of the replica's.
        degraded: node groups that EKS cannot enlarge, of a, b and c.
        quota: CPUs that the account may have.
        fenced: whether the databases renew the lease.
        ends_at: moments at which the command is ended: one before each call and one after it.
        moment: how many of them there were.
        after: the moment after each call, the last of its name.
    """

    folder: Path
    now: float = BEGAN
    skew: float = 0.0
    table: Table = field(default_factory=lambda: Table(holder=HOME, opens=0.0))
    databases: dict[tuple[str, str], str | None] = field(default_factory=dict)
    busy: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    states: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    account: str = ACCOUNT
    broken: set[str] = field(default_factory=set)
    lag: float = 2.0
    degraded: str = ""
    quota: float = 640.0
    nodes: dict[tuple[str, str], int] = field(default_factory=dict)
    lost: bool = False
    answering: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    fenced: bool = True
    ends_at: set[int] = field(default_factory=set)
    moment: int = 0
    after: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "Pulumi.yaml").write_text("name: n8n-platform\nruntime: python\n")
        self.databases = {(HOME, "n8n-1"): None, (AWAY, "n8n-1"): ARN.format(HOME, "n8n-1")}
        self.answering = {"one"}
        for stack, region in REGIONS.items():
            home = region == HOME
            source = {} if home else {"sourceArn": ARN.format(HOME, "n8n-1")}
            self.file(stack).write_text(
                _FILE.format(
                    account=ACCOUNT,
                    region=region,
                    peer=AWAY if home else HOME,
                    role="primary" if home else "standby",
                    cidr="10.64.0.0/16" if home else "10.65.0.0/16",
                    peer_cidr="10.65.0.0/16" if home else "10.64.0.0/16",
                    database=json.dumps(source),
                    home=str(home).lower(),
                )
            )
            size = NODES["primary" if home else "standby"]
            self.nodes |= {(region, group): size for group in "abc"}
            self.states[stack] = resources("n8n-1", nodes=size, **source)

    def file(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def world(self) -> World:
        def sleep(seconds: float) -> None:
            with self._call("sleep"):
                self.now += seconds

        return World(
            folder=self.folder,
            aws=FakeAws(self),
            pulumi=lambda stack: FakePulumi(self, stack),
            esc=lambda _: None,
            answers=self._answers,
            clock=Clock(now=lambda: self.now + self.skew, sleep=sleep),
        )

    def _answers(self, url: str) -> bool:
        self.now += 1
        assert url.startswith("https://")
        return bool(self.answering)

    def _call(self, name: str, *, changes: bool = False) -> "_Call":
        return _Call(self, name, changes=changes)

    def lag_seconds(self) -> float:
        """By how much the replica is behind, as CloudWatch has it."""
        return max(self.lag, LOST) if self.lost else self.lag

    def refuse_promotion(self, region: str, name: str) -> None:
        """As RDS does of what is no replica, or busy."""
        until, status = self.busy.get((region, name), (0, ""))
        if self.now < until and status != "storage-optimization":
            raise FailoverError("InvalidDBInstanceState: it is not available")
        if self.databases[region, name] is None:
            raise FailoverError("InvalidDBInstanceState: it is not a read replica")

    def facts(self) -> object:
        """What must be the same however often the command was ended."""
        return (
            self.table.item["holder"],
            dict(self.databases),
            dict(self.nodes),
            {stack: self.file(stack).read_text() for stack in REGIONS},
            self.states,
            self.answering,
        )


@dataclass
class _Call:
    """A call, before or after which the command can be ended."""

    cloud: Cloud
    name: str
    changes: bool

    def __enter__(self) -> None:
        self._end()
        self.cloud.calls.append(self.name)
        if self.changes:
            self.cloud.changes.append(self.name)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.cloud.after[self.name] = self.cloud.moment + 1
            self._end()

    def _end(self) -> None:
        # Half a call later: before and after are two moments.
        self.cloud.moment += 1
        if self.cloud.moment in self.cloud.ends_at:
            raise Interrupted


def resources(
    database: str,
    *,
    nodes: int = 1,
    sourceArn: str = "",  # noqa: N803 -- as in a stack's file
) -> list[dict[str, Any]]:
    """A state with node groups, a database, what belongs to it, and a pod that has its address."""
    urn = "urn:pulumi:two::n8n-platform::"
    component = f"{urn}n8n-platform:aws:Database::database"
    group = f"{urn}n8n-platform:aws:Database$aws:ec2/securityGroup:SecurityGroup::database"
    instance = f"{urn}n8n-platform:aws:Database$aws:rds/instance:Instance::database"
    managed = {"custom": True, "id": "1"}
    return [
        *(
            {
                "urn": f"{urn}aws:eks/nodeGroup:NodeGroup::{group}",
                "type": "aws:eks/nodeGroup:NodeGroup",
                "outputs": {"nodeGroupName": group, "scalingConfig": {"desiredSize": nodes}},
                **managed,
            }
            for group in "abc"
        ),
        {"urn": component, "type": "n8n-platform:aws:Database", "custom": False},
        {
            "urn": group,
            "type": "aws:ec2/securityGroup:SecurityGroup",
            "parent": component,
            **managed,
        },
        {
            "urn": instance,
            "type": "aws:rds/instance:Instance",
            "parent": component,
            "outputs": {"identifier": database, "replicateSourceDb": sourceArn},
            "dependencies": [group],
            "protect": True,
            **managed,
        },
        {
            "urn": f"{urn}kubernetes:apps/v1:Deployment::main",
            "type": "kubernetes:apps/v1:Deployment",
            "dependencies": [instance],
            "propertyDependencies": {"spec": [instance], "metadata": None},
            **managed,
        },
    ]


@dataclass
class FakePulumi:
    """The CLI for one stack."""

    cloud: Cloud
    stack: str

    def configure(self, settings: Mapping[str, str | None]) -> None:
        with self.cloud._call(f"configure {self.stack}", changes=True):
            file = self.cloud.file(self.stack)
            document = yaml.safe_load(file.read_text())
            for path, value in settings.items():
                area, *keys = path.split(".")
                at = document["config"][area]
                for key in keys[:-1]:
                    at = at.setdefault(key, {})
                at.pop(keys[-1], None)
                if value is not None:
                    at[keys[-1]] = int(value) if value.isdigit() else value
            file.write_text(yaml.safe_dump(document, sort_keys=False))
            load_file(self.stack, folder=self.cloud.folder)

    def up(self) -> None:
        cloud, aws = self.cloud, load_file(self.stack, folder=self.cloud.folder).aws
        assert aws
        region, name = aws.region, f"n8n-{aws.database.generation}"
        with cloud._call(f"up {self.stack} {aws.role}", changes=True):
            cloud.now += 300
            if aws.role == "primary":
                # What this command is for.
                began = cloud.now - 300
                assert cloud.table.item["holder"] == region
                assert cloud.table.item["opens"] <= began
                cloud.answering = {self.stack}
            else:
                cloud.answering -= {self.stack}
            self._scale(region, NODES[aws.role])
            source, managed = aws.database.source_arn, self._instances()
            # The provider would give a database that it knows another name, and no source.
            assert [each["identifier"] for each in managed] in ([], [name])
            if not managed:
                assert (region, name) not in cloud.databases
                size = NODES[aws.role]
                cloud.states[self.stack] = resources(name, nodes=size, sourceArn=source or "")
                cloud.databases[region, name] = source
            elif managed[0]["replicateSourceDb"] and source is None:
                self._promote(region, name)
                managed[0]["replicateSourceDb"] = ""
            assert cloud.databases[region, name] == source

    def _instances(self) -> list[dict[str, Any]]:
        """What the state knows of databases."""
        return [
            each["outputs"]
            for each in self.cloud.states[self.stack]
            if each["type"] == "aws:rds/instance:Instance"
        ]

    def _scale(self, region: str, size: int) -> None:
        """Calls of the provider's, for groups that the state knows with another size."""
        for outputs in self._groups().values():
            group, scaling = outputs["nodeGroupName"], outputs["scalingConfig"]
            if scaling["desiredSize"] != size:
                # Whether EKS takes an update that changes nothing is not known.
                assert self.cloud.nodes[region, group] != size
                self.cloud.nodes[region, group] = size
                scaling["desiredSize"] = size

    def _groups(self) -> dict[str, dict[str, Any]]:
        """What the state knows of node groups, by URN."""
        return {
            each["urn"]: each["outputs"]
            for each in self.cloud.states[self.stack]
            if each["type"] == "aws:eks/nodeGroup:NodeGroup"
        }

    def _promote(self, region: str, name: str) -> None:
        """A call of the provider's; when the command is ended after it, no state knows of it."""
        cloud = self.cloud
        cloud.refuse_promotion(region, name)
        with cloud._call(f"promote {name}", changes=True):
            cloud.databases[region, name] = None

    def refresh(self, urns: Sequence[str]) -> None:
        with self.cloud._call(f"refresh {self.stack}", changes=True):
            state = {each["urn"]: each for each in self.cloud.states[self.stack]}
            region, groups = REGIONS[self.stack], self._groups()
            for urn in urns:
                outputs = state[urn]["outputs"]
                if urn in groups:
                    size = self.cloud.nodes[region, outputs["nodeGroupName"]]
                    outputs["scalingConfig"]["desiredSize"] = size
                else:
                    source = self.cloud.databases[region, outputs["identifier"]]
                    outputs["replicateSourceDb"] = source or ""

    def state(self) -> dict[str, Any]:
        with self.cloud._call(f"state {self.stack}"):
            if "pulumi" in self.cloud.broken:
                raise FailoverError("pulumi: not logged in")
            return {"version": 3, "deployment": {"resources": self.cloud.states[self.stack]}}

    def replace_state(self, state: Mapping[str, Any]) -> None:
        with self.cloud._call(f"replace state {self.stack}", changes=True):
            self.cloud.states[self.stack] = state["deployment"]["resources"]


@dataclass
class FakeAws:
    """The CLI. It knows no operation but those below."""

    cloud: Cloud

    def __call__(self, region: str, service: str, operation: str, *arguments: str) -> Any:
        with self.cloud._call(f"{service} {operation}"):
            if f"{service} {operation}" in self.cloud.broken:
                raise FailoverError(f"{service} {operation}: broken")
            if self.cloud.lost and region == HOME:
                raise FailoverError(f"{service} {operation}: Connect timeout")
            options = dict(zip(arguments[::2], arguments[1::2], strict=False))
            name, group = (
                options.get(each, "") for each in ("--db-instance-identifier", "--nodegroup-name")
            )
            answers: dict[str, Callable[[], Any]] = {
                "sts get-caller-identity": lambda: {"Account": self.cloud.account},
                "dynamodb get-item": self._lease,
                "lambda get-function-configuration": lambda: {
                    "State": "Active",
                    "Environment": {"Variables": {"WAIT_SECONDS": str(WAIT)}},
                },
                "rds describe-db-instances": lambda: self._database(region, name),
                "rds promote-read-replica": lambda: self._promote(region, name, options),
                "cloudwatch get-metric-statistics": lambda: {
                    "Datapoints": [
                        {"Timestamp": "2027-01-15T08:00:00Z", "Maximum": 9000.0},
                        {
                            "Timestamp": "2027-01-15T08:01:00Z",
                            "Maximum": self.cloud.lag_seconds(),
                        },
                    ]
                },
                "eks list-nodegroups": lambda: {"nodegroups": list("abc")},
                "eks describe-nodegroup": lambda: {
                    "nodegroup": {
                        "status": "DEGRADED" if group in self.cloud.degraded else "ACTIVE",
                        "scalingConfig": {"desiredSize": self.cloud.nodes[region, group]},
                        "health": {"issues": []},
                    }
                },
                "eks update-nodegroup-config": lambda: self._enlarge(
                    region, group, options["--scaling-config"]
                ),
                "service-quotas get-service-quota": lambda: {"Quota": {"Value": self.cloud.quota}},
                "ec2 describe-instance-types": lambda: {
                    "InstanceTypes": [{"VCpuInfo": {"DefaultVCpus": 8}}]
                },
                "secretsmanager describe-secret": lambda: {
                    "VersionIdsToStages": {"1": ["AWSCURRENT"]}
                },
            }
            return answers[f"{service} {operation}"]()

    def _promote(self, region: str, name: str, options: Mapping[str, str]) -> Any:
        cloud = self.cloud
        # What still arrives would be lost.
        assert cloud.lost
        assert int(options["--backup-retention-period"]) > 1
        cloud.refuse_promotion(region, name)
        cloud.changes.append(f"promote {name} ahead")
        cloud.databases[region, name] = None
        cloud.busy[region, name] = (cloud.now + PROMOTION, "modifying")
        return {}

    def _enlarge(self, region: str, group: str, scaling: str) -> Any:
        size = int(scaling.rpartition("=")[2])
        assert scaling == f"minSize={size},maxSize={size},desiredSize={size}"
        assert self.cloud.nodes[region, group] < size
        self.cloud.changes.append(f"enlarge {group}")
        self.cloud.nodes[region, group] = size
        return {}

    def _lease(self) -> Any:
        item = {"holder": {"S": self.cloud.table.item["holder"]}}
        if self.cloud.fenced:
            until = BEGAN - LOST if self.cloud.lost else self.cloud.now
            item["renewed"] = {"N": str(until // RENEWS * RENEWS)}
        return {"Item": item}

    def _database(self, region: str, name: str) -> Any:
        if (region, name) not in self.cloud.databases:
            raise FailoverError(f"DBInstance {name} not found")
        source = self.cloud.databases[region, name]
        until, status = self.cloud.busy.get((region, name), (0, ""))
        instance = {"DBInstanceStatus": status if self.cloud.now < until else "available"}
        if source:
            instance["ReadReplicaSourceDBInstanceIdentifier"] = source
        return {"DBInstances": [instance]}

    def invoke(self, region: str, function: str) -> Any:
        with self.cloud._call(f"invoke {function} {region}", changes=True):
            if "lambda invoke" in self.cloud.broken:
                raise FailoverError("lambda invoke: broken")
            assert function == "n8n-lease-take"
            with (
                patch.dict("os.environ", AWS_REGION=region, WAIT_SECONDS=str(WAIT)),
                patch.object(lease, "_table", lambda: (self._write, RefusedWithItem)),
                patch("time.time", lambda: self.cloud.now),
            ):
                return lease.take(None, None)

    def _write(self, **request: Any) -> None:
        try:
            self.cloud.table.update(request)
        except Refused:
            raise RefusedWithItem(self.cloud.table.item["opens"]) from None


class RefusedWithItem(Exception):  # noqa: N818 -- as DynamoDB's, which is no error here
    """A refused condition, with the item as it is."""

    def __init__(self, opens: float) -> None:
        self.response = {"Item": {"opens": {"N": str(opens)}}}
