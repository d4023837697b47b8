"""In which steps an environment fails over: pure, so that they can be shown first."""

from collections.abc import Mapping
from dataclasses import dataclass

from failover.facts import LAG_SECONDS
from failover.pair import Environment

ROLE = "n8n-platform:aws.role"
SOURCE = "n8n-platform:aws.database.sourceArn"
GENERATION = "n8n-platform:aws.database.generation"


@dataclass(frozen=True, kw_only=True)
class Take:
    """The lease is taken."""


@dataclass(frozen=True, kw_only=True)
class Begin:
    """What takes minutes is under way.

    Attributes:
        database: the replica, by its name in RDS, that is promoted if nothing arrives any more.
    """

    database: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Nobody works with the lease that the other region had."""


@dataclass(frozen=True, kw_only=True)
class Configure:
    """The stack's file has other settings.

    Attributes:
        settings: new values; None takes a setting out.
    """

    settings: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Forget:
    """The stack's state has no database any more.

    Attributes:
        database: its name in RDS; another one's is left alone.
    """

    database: str


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The stack is as its file says.

    Attributes:
        promotes: the replica that is promoted, unless it was before, by its name in RDS; None:
            nothing is.
    """

    promotes: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The platform answers in this region.

    Attributes:
        url: where.
    """

    url: str


@dataclass(frozen=True, kw_only=True)
class Verify:
    """AWS says what was wanted.

    Attributes:
        holder: the region that has the lease.
        database: this region's database, which is available.
        source: what it follows; None: it is written to.
    """

    holder: str
    database: str
    source: str | None


Action = Take | Begin | Wait | Configure | Forget | Deploy | Answer | Verify


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a failover. Taking it twice does no harm.

    Attributes:
        key: its name in the record.
        title: what happens.
        takes: how long, as expected.
        changes: what is different afterwards.
        undo: how to go back from there.
        action: what is done.
    """

    key: str
    title: str
    takes: str
    changes: str
    undo: str
    action: Action


def takeover(own: Environment) -> list[Step]:
    """The steps in which a standby is taken into work."""
    failover, region, peer = own.aws.failover, own.aws.region, own.peer
    wait = failover.lease_seconds + failover.margin_seconds
    name = own.database()
    lease_back = (
        f"`aws lambda invoke --region {peer} --function-name {own.take_function} /dev/stdout` "
        f"gives {peer} the lease back; it works {wait} s later."
    )
    return [
        Step(
            key="take",
            title=f"Take the lease for {region}",
            takes="seconds",
            changes=f"{peer} cannot renew it: n8n is shut out there within "
            f"{failover.lease_seconds} s, if it still works.",
            undo=lease_back,
            action=Take(),
        ),
        Step(
            key="begin",
            title=f"Begin what takes minutes: nodes, and {name} if nothing of {peer} arrives",
            takes="seconds; what it begins goes on during the next step",
            changes=f"Node groups get {own.aws.cluster.nodes_per_zone} nodes each. {name} is "
            f"promoted if it is more than {LAG_SECONDS} s behind, {peer} has not renewed its lease "
            f"for {failover.lease_seconds} s, and RDS does not say that the database it follows "
            "works: what is written there now would not reach it.",
            undo=f"`make up STACK={own.stack}` takes the nodes away again. A promoted database "
            "cannot follow again.",
            action=Begin(database=name),
        ),
        Step(
            key="wait",
            title=f"Wait until nobody works in {peer}",
            takes=f"{wait} s",
            changes="Nothing. The platform works nowhere.",
            undo=f"{lease_back} If {name} was promoted, {own.stack} has no replica any more: "
            "better onward.",
            action=Wait(),
        ),
        Step(
            key="configure",
            title=f"Write Pulumi.{own.stack}.yaml: aws.role primary, no aws.database.sourceArn",
            takes="seconds",
            changes="The file, which somebody commits afterwards.",
            undo=f"`git checkout Pulumi.{own.stack}.yaml`; then as before.",
            action=Configure(settings={SOURCE: None, ROLE: "primary"}),
        ),
        Step(
            key="deploy",
            title=f"Deploy {own.stack}: promote the database {name}, if it was not, and start all "
            "pods",
            takes="2 to 6 min; 5 to 9 if the database is promoted only now",
            changes=f"{name} is written to, and follows nobody any more. What its source had not "
            "sent is not in it.",
            undo="None: a promoted database cannot follow again. Onward, and later back by "
            "docs/runbooks/fail-back.md.",
            action=Deploy(promotes=name),
        ),
        Step(
            key="answer",
            title=f"Wait until {own.url} answers",
            takes="up to 1 min",
            changes="Nothing. Route 53 leads requests here by itself, half a minute and the "
            "records' 60 s later."
            if failover.records
            else "Nothing. Without aws.failover.records somebody else has to lead requests here, "
            "now.",
            undo="As for the step before.",
            action=Answer(url=own.url),
        ),
        Step(
            key="verify",
            title="See that AWS says the same",
            takes="seconds",
            changes="Nothing.",
            undo="As for the step before.",
            action=Verify(holder=region, database=name, source=None),
        ),
    ]


def back(own: Environment, partner: Environment, generation: int) -> list[Step]:
    """The steps in which what worked before becomes the standby.

    Args:
        own: the environment.
        partner: the one that works.
        generation: of the database that is made.
    """
    old, new = own.database(generation - 1), own.database(generation)
    settings = {ROLE: "standby", GENERATION: str(generation), SOURCE: partner.database_arn()}
    return [
        Step(
            key="forget",
            title=f"Take {old} and what belongs to it out of the state of {own.stack}",
            takes="seconds",
            changes=f"Pulumi does not know {old} any more; in AWS it stays, with what was written "
            f"to it last, until somebody deletes it.",
            undo="Import the state that is kept beside the record: `pulumi stack import --file`.",
            action=Forget(database=old),
        ),
        Step(
            key="configure",
            title=f"Write Pulumi.{own.stack}.yaml: aws.role standby, aws.database.generation "
            f"{generation}, aws.database.sourceArn {partner.database_arn()}",
            takes="seconds",
            changes="The file, which somebody commits afterwards.",
            undo=f"`git checkout Pulumi.{own.stack}.yaml`, and import the state.",
            action=Configure(settings=settings),
        ),
        Step(
            key="deploy",
            title=f"Deploy {own.stack}: make {new}, which follows {partner.database()} in "
            f"{partner.aws.region}",
            takes="20 min to hours, by the size of the database",
            changes=f"{own.stack} has few nodes and no pods of n8n; {new} is filled.",
            undo=f"None is needed: {partner.stack} works on.",
            action=Deploy(promotes=None),
        ),
        Step(
            key="verify",
            title=f"See that {new} follows",
            takes="seconds",
            changes="Nothing.",
            undo="As for the step before.",
            action=Verify(holder=partner.aws.region, database=new, source=partner.database_arn()),
        ),
    ]
