"""What keeps a failover from beginning: everything at once, and without changing anything."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from esc.rotation.errors import RotationError
from failover import facts
from failover.clock import Clock
from failover.errors import FailoverError
from failover.pair import Environment
from failover.programs import AwsCli, PulumiCli
from failover.record import Record

_T = TypeVar("_T")

_RENEWED_SECONDS = 60
"""For which a database that works may not renew the lease; it does so every 20 s."""

_POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found out.

    Attributes:
        text: what is so, and what to do about it.
        stops: whether nothing may begin.
    """

    text: str
    stops: bool


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What is asked before a failover.

    Attributes:
        own: the environment whose stack is changed.
        partner: the other one; None if no stack's file has it.
        aws: the AWS CLI.
        pulumi: the Pulumi CLI, for the stack.
        esc: looks whether the stack's ESC environment can be had; raises RotationError.
        clock: the time.
    """

    own: Environment
    partner: Environment | None
    aws: AwsCli
    pulumi: PulumiCli
    esc: Callable[[], None]
    clock: Clock

    def takeover(self, record: Record | None) -> list[Finding]:
        """Whether the stack can take over.

        Args:
            record: of the failover that was interrupted, if one was.
        """
        return [
            *self._way(record, "takeover"),
            *(() if record else self._is_standby()),
            *self._callers(),
            *self._lease_to_take(record),
            *self._replica(record),
            *self._nodes(),
            *self._encryption_key(),
        ]

    def back(self, record: Record | None) -> list[Finding]:
        """Whether the stack can be made the standby of its partner.

        Args:
            record: of the failover that was interrupted, if one was.
        """
        return [
            *self._way(record, "back"),
            *(() if record else self._is_primary()),
            *self._callers(),
            *self._partner_works(),
        ]

    def _way(self, record: Record | None, way: str) -> Iterator[Finding]:
        if record and record.way != way:
            yield _stop(
                f"{record.path} says that a failover the other way was interrupted: finish it "
                f"({_command(self.own.stack, record.way)}), or delete the file."
            )

    def _is_standby(self) -> Iterator[Finding]:
        aws = self.own.aws
        file = f"Pulumi.{self.own.stack}.yaml"
        if aws.role != "standby":
            yield _stop(
                f"aws.role in {file} is {aws.role}, not standby: "
                + (
                    f"the standby is {self.partner.stack}."
                    if self.partner and self.partner.aws.role == "standby"
                    else "there is nothing to take over. Did somebody take over and not finish? "
                    "Then `git checkout` the file, and begin again: what is done is done again "
                    "without harm."
                )
            )
        if aws.database.source_arn is None:
            yield _stop(f"aws.database.sourceArn in {file} is empty: its database follows none.")

    def _is_primary(self) -> Iterator[Finding]:
        if self.own.aws.role != "primary":
            yield _stop(
                f"aws.role in Pulumi.{self.own.stack}.yaml is standby already. Was that deployed? "
                f"`make up STACK={self.own.stack}`"
            )

    def _callers(self) -> Iterator[Finding]:
        wanted, region = self.own.aws.account_id, self.own.aws.region
        account = yield from _asked(lambda: facts.account(self.aws, region))
        if account and account != wanted:
            yield _stop(f"The AWS credentials are for the account {account}, not {wanted}.")
        yield from _asked(self.pulumi.state)

    def _lease_to_take(self, record: Record | None) -> Iterator[Finding]:
        own = self.own
        yield from _asked(lambda: facts.wait_seconds(self.aws, own))
        lease = yield from _asked(lambda: facts.lease(self.aws, own))
        if lease is None:
            return
        if record and record.did("take") and lease.holder != own.aws.region:
            yield _stop(
                f"{record.path} says that {own.aws.region} took the lease, but {lease.holder} has "
                "it now: somebody has failed over since. Delete the file to begin anew."
            )
        elif not record and lease.holder == own.aws.region:
            yield _note(
                f"{own.aws.region} has the lease already: a failover was begun elsewhere. This one "
                "goes on with it, and waits once more."
            )
        elif lease.holder != own.aws.region and lease.renewed is None:
            yield _note(
                f"No database has ever renewed the lease: that of {lease.holder} has no fence, and "
                "nothing shuts n8n out there. Does that region still work, stop n8n there first: "
                "docs/runbooks/database-corruption.md, step 1."
            )
        elif lease.holder != own.aws.region and lease.renewed is not None:
            yield _note(
                f"{lease.holder} last renewed the lease {self.clock.now() - lease.renewed:.0f} s "
                "ago, by this machine's clock. Under 30 s: its database works."
            )

    def _replica(self, record: Record | None) -> Iterator[Finding]:
        region, name = self.own.aws.region, self.own.database()
        replica = yield from _asked(lambda: facts.database(self.aws, region, name))
        if replica is None:
            return
        deploying = record and record.did("configure")
        if replica.passing:
            yield _note(
                f"The database {name} in {region} is {replica.status}: before it is promoted, that "
                "has to end, and is waited for."
            )
        elif not replica.ready and not deploying:
            yield _stop(f"The database {name} in {region} is {replica.status}, not available.")
        if replica.source is None:
            if not deploying:
                yield _note(f"The database {name} was promoted already: it follows none.")
            return
        lag = yield from _asked(lambda: facts.lag_seconds(self.aws, region, name), stops=False)
        if lag is None:
            yield _note(
                f"How far {name} is behind is not known. With its source lost, it may lack what "
                "was written in the last minutes."
            )
        elif lag > facts.LAG_SECONDS:
            yield _note(
                f"{name} is {lag:.0f} s behind: what was written since is lost in a failover, "
                "except for what still arrives. Is the source lost, this time only grows; is it "
                "not, wait until it is near 0."
            )
        else:
            yield _note(f"{name} is {lag:.0f} s behind: as much may be lost.")

    def _nodes(self) -> Iterator[Finding]:
        if self.own.aws.cluster.existing:
            yield _note("Is there room for all pods? The cluster is not one that this stack makes.")
            return
        groups = (yield from _asked(lambda: facts.node_groups(self.aws, self.own))) or []
        wrong = [each for each in groups if not each.healthy]
        for each in wrong:
            reason = "; ".join(each.issues) or "no reason given"
            yield Finding(
                text=f"The node group {each.name} is {each.status}: {reason}",
                # The platform is planned for a zone less: the others carry it.
                stops=len(wrong) > 1 or len(groups) < 2,
            )
        room = yield from _asked(lambda: facts.cpus(self.aws, self.own), stops=False)
        if room and room[0] < room[1]:
            yield _stop(
                f"EC2 allows {room[0]:g} CPUs in {self.own.aws.region} (quota L-1216C47A), and the "
                f"nodes have {room[1]:g} at work: have the quota raised, or set "
                "aws.cluster.nodesPerZone lower."
            )

    def _encryption_key(self) -> Iterator[Finding]:
        if self.own.aws.recovery.escrow == "secrets-manager":
            filled = yield from _asked(
                lambda: facts.escrow_is_filled(self.aws, self.own), stops=False
            )
            if filled is False:
                yield _note(
                    f"The secret {self.own.escrow} in {self.own.aws.region} is empty: n8n's "
                    "encryption key has no second copy."
                )
        if self.own.settings.secrets.source == "esc":
            try:
                self.esc()
            except RotationError as error:
                yield _stop(
                    f"Pulumi ESC, from which n8n's encryption key comes, does not answer: {error} "
                    "docs/runbooks/encryption-key-lost.md"
                )

    def _partner_works(self) -> Iterator[Finding]:
        partner, own = self.partner, self.own
        if partner is None:
            yield _stop(
                f"No Pulumi.*.yaml here is the environment {own.aws.name} in {own.peer} with the "
                f"peer {own.aws.region}: which database is to be followed is not known."
            )
            return
        if partner.aws.role != "primary" or partner.aws.database.source_arn:
            yield _stop(
                f"Pulumi.{partner.stack}.yaml is not that of an environment that works: aws.role "
                f"is {partner.aws.role}. Is the file as it was deployed? `make failover` changed "
                "it, and somebody has to commit that."
            )
        lease = yield from _asked(lambda: facts.lease(self.aws, own))
        if lease and lease.holder == own.aws.region:
            yield _stop(
                f"{own.aws.region} has the lease: it is where the platform works. First "
                f"`make failover STACK={partner.stack} ARGS=--confirm`."
            )
        elif lease and not (yield from self._is_renewed(lease)):
            yield _stop(
                f"The database of {lease.holder} has not renewed the lease for "
                f"{_RENEWED_SECONDS} s: n8n is shut out there, or its fence was never made "
                "(components/aws/sql/fence.sql). First have that region work."
            )
        where, name = partner.aws.region, partner.database()
        source = yield from _asked(lambda: facts.database(self.aws, where, name))
        if source and (source.source or not source.ready):
            yield _stop(
                f"The database {name} in {where} cannot be followed: it is {source.status}"
                + (f" and follows {source.source}." if source.source else ".")
            )

    def _is_renewed(self, before: facts.Lease) -> Generator[Finding, None, bool]:
        """Whether somebody renews the lease while it is looked at: no clocks are compared."""
        end = self.clock.now() + _RENEWED_SECONDS
        while self.clock.now() < end:
            self.clock.sleep(_POLL_SECONDS)
            lease = yield from _asked(lambda: facts.lease(self.aws, self.own))
            if lease != before:
                return True
        return False


def stopping(findings: Sequence[Finding]) -> list[Finding]:
    """Those for which nothing may begin."""
    return [each for each in findings if each.stops]


def _asked(ask: Callable[[], _T], *, stops: bool = True) -> Generator[Finding, None, _T | None]:
    """What is answered; a failure is a finding."""
    try:
        return ask()
    except FailoverError as error:
        yield Finding(text=str(error), stops=stops)
        return None


def _stop(text: str) -> Finding:
    return Finding(text=text, stops=True)


def _note(text: str) -> Finding:
    return Finding(text=text, stops=False)


def _command(stack: str, way: str) -> str:
    back = "--back " if way == "back" else ""
    return f'make failover STACK={stack} ARGS="{back}--confirm"'
