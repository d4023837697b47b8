"""Which services a stack has: a set, more, and less."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from integrations.catalogue import load
from integrations.model import (
    Catalogue,
    Consumer,
    Criticality,
    Egress,
    Integration,
    SetName,
    Variable,
)
from integrations.suggestions import suggestion

_T = TypeVar("_T")


class SelectionError(ValueError):
    """The choice of a stack is not possible; the message lists everything that is wrong with it.

    Attributes:
        problems: one for each thing that is wrong.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "these integrations cannot be chosen:" + "".join(f"\n  - {each}" for each in problems)
        )


@dataclass(frozen=True, kw_only=True)
class Key:
    """A variable that a stack needs a value for.

    Attributes:
        variable: the variable.
        integration: the service that it belongs to.
        consumed_by: what reads it, for this service and for those that share it.
    """

    variable: Variable
    integration: Integration
    consumed_by: tuple[Consumer, ...]

    @property
    def name(self) -> str:
        """Name of the variable, under which ESC holds the value."""
        return self.variable.name

    @property
    def required(self) -> bool:
        """Whether nothing may change while it is missing."""
        return self.integration.criticality is Criticality.CRITICAL


@dataclass(frozen=True, kw_only=True)
class Processor:
    """A line of the register of processors (GDPR Art. 28 and 30).

    Attributes:
        name: legal name.
        integrations: the services of it that the stack has.
        data: ids of the categories of data that it is sent.
        personal: whether personal data is among them.
        regions: where it processes.
        egress: where it is reached.
    """

    name: str
    integrations: tuple[Integration, ...]
    data: tuple[str, ...]
    personal: bool
    regions: tuple[str, ...]
    egress: tuple[Egress, ...]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The services that a stack has.

    Attributes:
        catalogue: what they were chosen from.
        integrations: the services, in the catalogue's order.
    """

    catalogue: Catalogue
    integrations: tuple[Integration, ...]

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """All variables, each once, in the catalogue's order."""
        return tuple(
            Key(
                variable=variable,
                integration=integration,
                consumed_by=_in_order(
                    consumer
                    for each in self.integrations
                    if variable.name in [other.name for other in each.variables]
                    for consumer in each.consumed_by
                ),
            )
            for integration in self.integrations
            for variable in integration.own_variables
        )

    @property
    def required_keys(self) -> tuple[Key, ...]:
        """Those without which nothing may change: the critical services'."""
        return tuple(each for each in self.keys if each.required)

    @property
    def optional_keys(self) -> tuple[Key, ...]:
        """Those that are only reported where they are missing."""
        return tuple(each for each in self.keys if not each.required)

    def keys_of(self, consumer: Consumer) -> tuple[Key, ...]:
        """The variables that a consumer reads."""
        return tuple(each for each in self.keys if consumer in each.consumed_by)

    def destinations(self, *consumers: Consumer) -> tuple[Egress, ...]:
        """What consumers connect to, each once; without consumers, what any of them does.

        A service that shares another's keys is used at the other's places: these count too.
        """
        wanted = set(consumers or Consumer)
        found: dict[Egress, None] = {}
        for integration in self.integrations:
            if wanted.isdisjoint(integration.consumed_by):
                continue
            owners = [each.shared_with for each in integration.variables if each.shared_with]
            for each in (integration, *(self.catalogue.by_id[owner] for owner in owners)):
                found |= dict.fromkeys(each.egress)
        return tuple(found)

    @property
    def processors(self) -> tuple[Processor, ...]:
        """The register: everybody outside that is sent something, by name."""
        names = {each.processor for each in self.integrations if each.processor}
        return tuple(self._processor(name) for name in sorted(names, key=str.casefold))

    def processor_hosts(self, *consumers: Consumer) -> tuple[str, ...]:
        """The hosts of the register, as the policy packs' `processors` lists them.

        Hosts that variables name are the stack's to add: `hosts_named_by`.
        """
        return tuple(sorted({each.host for each in self.destinations(*consumers) if each.host}))

    def hosts_named_by(self, *consumers: Consumer) -> tuple[str, ...]:
        """The variables whose values say further hosts, different for each customer."""
        found = {each.variable for each in self.destinations(*consumers) if each.variable}
        return tuple(sorted(found))

    def _processor(self, name: str) -> Processor:
        own = tuple(each for each in self.integrations if each.processor == name)
        return Processor(
            name=name,
            integrations=own,
            data=_in_order(kind for each in own for kind in each.data),
            personal=any(self.catalogue.is_sent_personal_data(each) for each in own),
            regions=_in_order(region for each in own for region in each.regions.where),
            egress=_in_order(egress for each in own for egress in each.egress),
        )


def select(
    of_set: str | None,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    catalogue: Catalogue | None = None,
) -> Selection:
    """The services that a stack has chosen.

    Args:
        of_set: name of a set; None to begin with no service.
        add: ids of further services; one that the set has already changes nothing.
        remove: ids of services to do without; one that the set has not changes nothing.
        catalogue: what to choose from; left out, the repository's.

    Raises:
        SelectionError: with everything that is wrong with the choice.
    """
    catalogue = load() if catalogue is None else catalogue
    added, removed = list(dict.fromkeys(add)), list(dict.fromkeys(remove))
    problems = []
    if of_set is not None and of_set not in list(SetName):
        problems.append(f"set {of_set}: no such set{suggestion(of_set, SetName)}")
    for word, names in (("add", added), ("remove", removed)):
        problems += [
            f"{word} {name}: no such integration{suggestion(name, catalogue.by_id)}"
            for name in names
            if name not in catalogue.by_id
        ]
    problems += [f"{name}: both added and removed" for name in added if name in removed]
    problems += [
        f"remove {name}: it is critical, nothing works without it"
        for name in removed
        if name in catalogue.by_id and catalogue.by_id[name].criticality is Criticality.CRITICAL
    ]
    if problems:
        raise SelectionError(problems)
    chosen = tuple(
        each
        for each in catalogue.integrations
        if (of_set in each.sets or each.id in added) and each.id not in removed
    )
    problems = list(_without_owner(chosen))
    if problems:
        raise SelectionError(problems)
    return Selection(catalogue=catalogue, integrations=chosen)


def _without_owner(chosen: Sequence[Integration]) -> Iterable[str]:
    """Services that share a variable of one that was not chosen."""
    ids = {each.id for each in chosen}
    for integration in chosen:
        for variable in integration.variables:
            if variable.shared_with is not None and variable.shared_with not in ids:
                yield (
                    f"{integration.id}: needs {variable.name} of {variable.shared_with}; "
                    f"add {variable.shared_with}, or remove {integration.id}"
                )


def _in_order(values: Iterable[_T]) -> tuple[_T, ...]:
    """The values without repetitions, as they come."""
    return tuple(dict.fromkeys(values))
