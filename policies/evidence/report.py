"""The report as data: what each condition decided, counted for each control of each framework."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from policies.condition import Condition
from policies.evidence.preview import Change, Position
from policies.evidence.recorded import Judged
from policies.evidence.run import Run
from policies.exceptions import Grant
from policies.framework import Framework
from policies.judgement import Result

_DISABLED = "disabled"
_ADVISORY = "advisory"


class State(StrEnum):
    """What a control or a condition comes to: the severest result of its resources."""

    VIOLATED = "violated"
    UNDECIDED = "undecided"
    EXCEPTED = "excepted"
    PASSED = "passed"
    OFF = "switched off"
    NO_RESOURCE = "no resource"
    NO_CONDITION = "no condition"


STATES = {
    Result.VIOLATED: State.VIOLATED,
    Result.UNDECIDED: State.UNDECIDED,
    Result.EXCEPTED: State.EXCEPTED,
    Result.PASSED: State.PASSED,
}
"""The state that each result leads to, the severest first."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One resource under one condition.

    Attributes:
        judged: what was decided.
        position: where the program declares the resource, if known.
    """

    judged: Judged
    position: Position | None

    @property
    def state(self) -> State:
        """The result."""
        return STATES[self.judged.result]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many resources had which result."""

    violated: int
    undecided: int
    excepted: int
    passed: int

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Counts":
        """The counts of these outcomes."""
        states = [outcome.state for outcome in outcomes]
        return cls(
            violated=states.count(State.VIOLATED),
            undecided=states.count(State.UNDECIDED),
            excepted=states.count(State.EXCEPTED),
            passed=states.count(State.PASSED),
        )

    @property
    def state(self) -> State | None:
        """The severest result; none without a resource."""
        for state in STATES.values():
            if getattr(self, state.value):
                return state
        return None


@dataclass(frozen=True, kw_only=True)
class ConditionReport:
    """What one condition decided.

    Attributes:
        number: its number in this report, counted from 1.
        condition: the condition.
        level: what a violation does; `disabled` if the condition is switched off.
        outcomes: by resource; the severest results first.
    """

    number: int
    condition: Condition
    level: str
    outcomes: Sequence[Outcome]

    @property
    def is_off(self) -> bool:
        """Whether the configuration switches it off."""
        return self.level == _DISABLED

    @property
    def is_blocking(self) -> bool:
        """Whether a violation fails a run."""
        return self.level not in (_DISABLED, _ADVISORY)

    @property
    def counts(self) -> Counts:
        """Its results."""
        return Counts.of(self.outcomes)

    @property
    def state(self) -> State:
        """What it comes to."""
        return State.OFF if self.is_off else self.counts.state or State.NO_RESOURCE

    def having(self, state: State) -> list[Outcome]:
        """The outcomes with that result."""
        return [outcome for outcome in self.outcomes if outcome.state is state]

    @property
    def references(self) -> list[str]:
        """All its controls, as `SOC2 CC6.8`."""
        return [
            f"{framework} {control}"
            for framework, controls in self.condition.controls.items()
            for control in controls
        ]


@dataclass(frozen=True, kw_only=True)
class ControlReport:
    """What there is to show for one control.

    Attributes:
        id: the framework's own, as `CC6.8`.
        title: its subject.
        conditions: those that are evidence for it.
    """

    id: str
    title: str
    conditions: Sequence[ConditionReport]

    @property
    def counts(self) -> Counts:
        """Results of all its conditions; a resource counts once for each."""
        return Counts.of(outcome for each in self.conditions for outcome in each.outcomes)

    @property
    def resources(self) -> int:
        """How many resources were judged."""
        return len({outcome.judged.urn for each in self.conditions for outcome in each.outcomes})

    @property
    def state(self) -> State:
        """What it comes to."""
        if not self.conditions:
            return State.NO_CONDITION
        if all(each.is_off for each in self.conditions):
            return State.OFF
        return self.counts.state or State.NO_RESOURCE


@dataclass(frozen=True, kw_only=True)
class FrameworkReport:
    """What there is to show for one framework.

    Attributes:
        framework: the framework.
        controls: in its own order.
    """

    framework: Framework
    controls: Sequence[ControlReport]

    @property
    def conditions(self) -> list[ConditionReport]:
        """Its conditions, each once."""
        by_number = {each.number: each for control in self.controls for each in control.conditions}
        return [by_number[number] for number in sorted(by_number)]

    @property
    def counts(self) -> Counts:
        """Results of its conditions, each counted once however many controls it is for."""
        return Counts.of(outcome for each in self.conditions for outcome in each.outcomes)


@dataclass(frozen=True, kw_only=True)
class Exempted:
    """One exception that holds for the stack.

    Attributes:
        grant: the exception.
        resources: how many it covers.
        unused: whether the packs found that it covers nothing, which fails a run.
    """

    grant: Grant
    resources: int
    unused: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the packs decided about a stack.

    Attributes:
        stack: its name.
        run: what is different in every run.
        frameworks: the frameworks reported on.
        conditions: all their conditions, in the order of the packs.
        exceptions: in the order of their file.
        changes: what `up` would do; none if no preview was given.
        gaps: why the report is not complete; empty if it is.
    """

    stack: str
    run: Run
    frameworks: Sequence[FrameworkReport]
    conditions: Sequence[ConditionReport]
    exceptions: Sequence[Exempted]
    changes: Sequence[Change] | None = None
    gaps: Sequence[str] = field(default_factory=tuple)

    @property
    def counts(self) -> Counts:
        """Results of all conditions."""
        return Counts.of(outcome for each in self.conditions for outcome in each.outcomes)

    @property
    def problems(self) -> list[str]:
        """Why a pull request must not be merged as it is; empty if nothing here is against it."""
        problems = list(self.gaps)
        violations = [
            each for each in self.conditions if each.is_blocking and each.having(State.VIOLATED)
        ]
        if violations:
            problems.append(f"Mandatory conditions that are violated: {len(violations)}.")
        unused = sum(each.unused for each in self.exceptions)
        if unused:
            problems.append(f"Exceptions that cover nothing and are to be deleted: {unused}.")
        return problems
