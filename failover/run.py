"""Takes the steps of a failover, notes each, and stops at the first that fails."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from failover import ahead, facts, state
from failover.clock import Clock
from failover.errors import FailoverError
from failover.pair import Environment
from failover.plan import (
    Action,
    Answer,
    Begin,
    Configure,
    Deploy,
    Forget,
    Step,
    Take,
    Verify,
    Wait,
)
from failover.programs import AwsCli, PulumiCli
from failover.record import Record
from local.progress import Step as Shown
from local.progress import Steps

_ANSWER_SECONDS = 15 * 60
"""For which an answer is waited for: new nodes and first starts of n8n among it."""

_READY_SECONDS = 15 * 60
"""For which a database that is being backed up or changed is waited for, before it is promoted."""

_POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What steps are taken with.

    Attributes:
        own: the environment whose stack is changed.
        aws: the AWS CLI.
        pulumi: the Pulumi CLI, for the stack.
        answers: whether a URL is answered.
        record: where each step is noted.
        steps: where progress is said.
        clock: the time.
    """

    own: Environment
    aws: AwsCli
    pulumi: PulumiCli
    answers: Callable[[str], bool]
    record: Record
    steps: Steps
    clock: Clock

    def take(self, plan: Sequence[Step]) -> None:
        """Take all steps that are not done.

        Raises:
            FailoverError: one failed; those after it were not begun.
        """
        for number, step in enumerate(plan, 1):
            if self.record.did(step.key):
                self.steps.say(f"{number}. {step.title}: done before")
                continue
            self.record.note(step.key, "begun")
            try:
                # The CLI prints on this terminal while it deploys.
                if isinstance(step.action, Deploy):
                    if step.action.promotes:
                        with self.steps.step(f"{number}. {step.action.promotes}") as shown:
                            shown.done(self._prepare(step.action.promotes, shown))
                    self.steps.say(f"{number}. {step.title}")
                    self.pulumi.up()
                    outcome = "deployed"
                else:
                    with self.steps.step(f"{number}. {step.title}") as shown:
                        outcome = self._take(step.action, shown)
                        shown.done(outcome)
            except FailoverError as error:
                self.record.note(step.key, "failed", str(error))
                raise
            self.record.note(step.key, "done", outcome)
        self.record.note("failover", "done")

    def _take(self, action: Action, shown: Shown) -> str:
        match action:
            case Take():
                self.aws.invoke(self.own.aws.region, self.own.take_function)
                return f"{self.own.aws.region} has it"
            case Begin(database=database):
                return ahead.begin(self.aws, self.own, database, now=self.clock.now())
            case Wait():
                return self._wait(shown)
            case Configure(settings=settings):
                self.pulumi.configure(settings)
                return "written"
            case Forget(database=database):
                return self._forget(database)
            case Answer(url=url):
                return self._answered(url, shown)
            case Verify():
                return self._verify(action)
            case Deploy():
                raise AssertionError("said by the CLI itself")

    def _wait(self, shown: Shown) -> str:
        """Wait as long as the function of the lease says, from when it had answered.

        Its own word, `opens`, is a time of Lambda's clock. This machine's may be minutes before it;
        how long it waits from after the lease was taken does not depend on that, and is never
        shorter.
        """
        wait = facts.wait_seconds(self.aws, self.own)
        taken = self.record.did("take")
        if taken is None:
            raise AssertionError("the lease is taken before it is waited for")
        while (left := wait - (self.clock.now() - taken["at"])) > 0:
            left = min(left, wait)
            shown.detail(f"{left:.0f} s left")
            self.clock.sleep(min(left, _POLL_SECONDS))
        return "nobody does"

    def _prepare(self, database: str, shown: Shown) -> str:
        """Have a database that can be promoted, or is, and a state that knows which.

        Where it was promoted ahead, or by a deployment that was ended meanwhile, it is a replica in
        the state. A deployment would promote it again, which RDS refuses.
        """
        deadline = self.clock.now() + _READY_SECONDS
        while not (found := facts.database(self.aws, self.own.aws.region, database)).ready:
            left = deadline - self.clock.now()
            if left <= 0:
                raise FailoverError(
                    f"The database {database} is {found.status} for {_READY_SECONDS // 60} min, "
                    "and cannot be promoted: docs/runbooks/region-loss.md, step 3."
                )
            shown.detail(f"{found.status}, {left:.0f} s left")
            self.clock.sleep(_POLL_SECONDS)
        if changed := list(self._changed(database, found)):
            self.pulumi.refresh(changed)
        return "is promoted" if found.source is None else found.status

    def _changed(self, database: str, found: facts.Database) -> Iterator[str]:
        """The URNs of what the state knows otherwise than it is."""
        known = self.pulumi.state()
        if found.source is None and (urn := state.replica(known, database)):
            yield urn
        if self.own.aws.cluster.existing:
            return
        nodes = {each.name: each.nodes for each in facts.node_groups(self.aws, self.own)}
        for name, (urn, size) in state.node_groups(known).items():
            if nodes.get(name, size) != size:
                yield urn

    def _forget(self, database: str) -> str:
        before = self.pulumi.state()
        smaller = state.without_database(before, database)
        if smaller is None:
            return "nothing to take out"
        kept = self.record.path.with_suffix(".state")
        # Secrets in it are encrypted; nobody else needs to see the rest.
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(before))
        self.pulumi.replace_state(smaller)
        return f"taken out; the state before is in {kept}"

    def _answered(self, url: str, shown: Shown) -> str:
        deadline = self.clock.now() + _ANSWER_SECONDS
        while not self.answers(url):
            left = deadline - self.clock.now()
            if left <= 0:
                raise FailoverError(
                    f"No webhook pod answered {url} within {_ANSWER_SECONDS // 60} min. "
                    "`kubectl -n NAMESPACE get pods` with this region's context: "
                    "docs/runbooks/n8n-webhook-down.md. The platform may well work: is it the "
                    "name that is not led here?"
                )
            shown.detail(f"{left:.0f} s left")
            self.clock.sleep(_POLL_SECONDS)
        return "answers"

    def _verify(self, wanted: Verify) -> str:
        region = self.own.aws.region
        found = facts.database(self.aws, region, wanted.database)
        holder = facts.lease(self.aws, self.own).holder
        wrong = []
        if holder != wanted.holder:
            wrong.append(f"{holder} has the lease, not {wanted.holder}")
        # A Multi-AZ standby may still be made: the database works meanwhile.
        if found.source != wanted.source:
            wrong.append(
                f"{wanted.database} follows {found.source or 'nobody'}, not "
                f"{wanted.source or 'nobody'}"
            )
        if wrong:
            raise FailoverError(f"AWS says otherwise: {'; '.join(wrong)}.")
        return f"{holder} has the lease, {wanted.database} follows {found.source or 'nobody'}"
