"""One run of a framework's conditions over one stack: what is judged, excepted, undecided, off."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pulumi_policy import EnforcementLevel

from policies import exceptions, messages, parameters
from policies.condition import Condition, Context
from policies.framework import Framework
from policies.judgement import Judgement, Result, judge
from policies.record import Record
from policies.resources.place import Undecided
from policies.resources.resource import Resource, Stack

Said = tuple[str, str | None]
"""A message, and the URN of the resource that it is about; None for the whole stack."""


class Assessment:
    """A framework's conditions with what is configured and excepted for one stack.

    Args:
        framework: the framework.
        conditions: all conditions that there are, of every framework.
        stack: name of the stack.
        files: folder of `config/` and `exceptions.yaml`.

    Raises:
        ConfigurationError: one of these files cannot be used.
    """

    def __init__(
        self, framework: Framework, conditions: Sequence[Condition], stack: str, files: Path
    ) -> None:
        self.framework = framework
        self.conditions = [each for each in conditions if framework.id in each.controls]
        self._stack = stack
        self._parameters = parameters.load(
            stack, [each.id for each in conditions], files / "config"
        )
        self._grants = exceptions.load(
            stack, conditions, datetime.now(UTC).date(), files / "exceptions.yaml"
        )
        self._record = Record(framework)
        self._record.started(
            stack, {each.id: self.level(each).value for each in self.conditions}, self._grants
        )
        self._judgements: dict[tuple[str, str], Judgement] = {}

    def level(self, condition: Condition) -> EnforcementLevel:
        """What a violation of a condition does."""
        return self._parameters.enforcement.get(condition.id, condition.level)

    def judge(self, condition: Condition, resource: Resource, stack: Stack) -> Iterator[Said]:
        """Judge a resource, remember the result, and say what violates without an exception."""
        judgement = self._judgement(condition, resource, stack)
        if judgement is None:
            return
        self._judgements[condition.id, resource.urn] = judgement
        self._record.judged(judgement)
        if judgement.result is Result.VIOLATED:
            for finding in judgement.findings:
                yield (
                    messages.violation(self.framework, condition, resource, finding),
                    resource.urn,
                )

    def is_violated(self, condition: Condition, resource: Resource) -> bool:
        """Whether a resource violates a condition and nobody excepted it."""
        judgement = self._judgement(condition, resource, Stack(resources=[resource]))
        return judgement is not None and judgement.result is Result.VIOLATED

    def unused_exceptions(self) -> Iterator[Said]:
        """The exceptions that cover nothing, once everything has been judged."""
        used = {judgement.grant for judgement in self._judgements.values() if judgement.grant}
        # What is undecided now may need its exception at `up`.
        undecided = [
            judgement
            for judgement in self._judgements.values()
            if judgement.result is Result.UNDECIDED
        ]
        active = {each.id for each in self.conditions if self._is_on(each)}
        names = {judgement.resource.name for judgement in self._judgements.values()}
        for grant in self._grants:
            if grant.condition not in active or grant in used:
                continue
            if not grant.is_of_rendered(names):
                continue
            if not any(grant.covers(each.condition, each.resource) for each in undecided):
                yield (
                    f"[{self.framework.id}] the exception {grant} covers nothing: delete it.",
                    None,
                )
                self._record.unused(grant)

    def deviations(self) -> Iterator[Said]:
        """What is no violation and yet to be known: undecided, excepted, switched off."""
        yield from self._undecided()
        for grant in self._grants:
            excepted = [each for each in self._judgements.values() if each.grant is grant]
            if excepted:
                control = messages.control(self.framework, excepted[0].condition)
                resources = "1 resource" if len(excepted) == 1 else f"{len(excepted)} resources"
                yield f"[{control}] excepted for {resources}: {grant}.", None
        for condition in self.conditions:
            if not self._is_on(condition):
                control = messages.control(self.framework, condition)
                yield f"[{control}] {condition.id} is switched off for stack '{self._stack}'.", None

    def _undecided(self) -> Iterator[Said]:
        """One message for whatever asks for the same: of a new account, little is known."""
        alike: dict[tuple[str, str], list[tuple[Judgement, Undecided]]] = {}
        for judgement in self._judgements.values():
            for each in judgement.undecided:
                asked = judgement.condition.id, each.requires
                alike.setdefault(asked, []).append((judgement, each))
        for group in alike.values():
            judgement, verdict = group[0]
            if len(group) == 1:
                yield (
                    messages.undecided(
                        self.framework, judgement.condition, judgement.resource, verdict
                    ),
                    judgement.resource.urn,
                )
            else:
                places = [(each.resource, verdict) for each, verdict in group]
                yield messages.all_undecided(self.framework, judgement.condition, places), None

    def ended(self) -> None:
        """Note that the whole stack has been judged."""
        self._record.ended()

    def _judgement(
        self, condition: Condition, resource: Resource, stack: Stack
    ) -> Judgement | None:
        context = Context(parameters=self._parameters, stack=stack)
        return judge(condition, resource, context, self._grants)

    def _is_on(self, condition: Condition) -> bool:
        return self.level(condition) is not EnforcementLevel.DISABLED
