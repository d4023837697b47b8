"""Which of the chosen services have their keys: by names, without reading a value."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from integrations.model import Category, Consumer, Criticality, Integration
from integrations.selection import Key, Selection


class State(StrEnum):
    """What is there of a service's variables."""

    CONFIGURED = "configured"
    """All of them, or it needs none."""
    MISSING = "missing"
    """Not all, and nothing works without it, or a workflow of the platform's own stands still."""
    OPTIONAL = "optional"
    """Not all, and only workflows that use it stand still."""
    ELSEWHERE = "elsewhere"
    """Its keys are read by what deploys the platform or runs its nodes, not from this place."""


_ELSEWHERE = frozenset({Consumer.DEPLOYMENT, Consumer.NODES, Consumer.OPERATOR})
"""Who takes no key from the environment that the platform's pods are served from; the operators of
the cluster bring the keys with which it is opened."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A chosen service.

    Attributes:
        integration: the service.
        state: what is there of its variables.
        missing: names of those that are not.
    """

    integration: Integration
    state: State
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The chosen services beside the keys that there are.

    Attributes:
        selection: the services.
        defined: names of the keys; None where nobody can say, as somebody else keeps them.
    """

    selection: Selection
    defined: frozenset[str] | None

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that pods can be given: those that there are, or are expected to be."""
        return tuple(
            each
            for each in self.selection.keys
            if not _ELSEWHERE.issuperset(each.consumed_by)
            and (self.defined is None or each.name in self.defined)
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every chosen service, in the catalogue's order."""
        return tuple(self._line(each) for each in self.selection.integrations)

    def of(self, category: Category) -> tuple[Line, ...]:
        """The chosen services of a category."""
        return tuple(each for each in self.lines if each.integration.category == category.id)

    def _line(self, integration: Integration) -> Line:
        defined = self.defined
        missing = tuple(
            each.name
            for each in integration.variables
            if defined is not None and each.name not in defined
        )
        if integration.variables and _ELSEWHERE.issuperset(integration.consumed_by):
            return Line(integration=integration, state=State.ELSEWHERE, missing=())
        if not missing:
            state = State.CONFIGURED
        elif integration.criticality is Criticality.OPTIONAL:
            state = State.OPTIONAL
        else:
            state = State.MISSING
        return Line(integration=integration, state=state, missing=missing)


def percent(lines: Iterable[Line]) -> int:
    """Configured services among these, rounded down; 100 if there are none to configure."""
    states = [each.state for each in lines if each.state is not State.ELSEWHERE]
    return 100 if not states else 100 * states.count(State.CONFIGURED) // len(states)
