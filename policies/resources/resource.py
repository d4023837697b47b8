"""Resources as conditions see them: plain, whoever declared them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Any

from policies.resources.place import Place

STACK = "pulumi:pulumi:Stack"
"""Type of the resource that stands for the stack itself."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource that a program declares.

    Attributes:
        type: its type, as `kubernetes:apps/v1:Deployment` or `aws:rds/instance:Instance`.
        name: its name in the program.
        urn: what Pulumi knows it by.
        read: gives the properties as plain data; called at most once, and never for the many
            conditions that judge other types.
        protect: whether Pulumi refuses to delete it.
        ignored: properties whose changes Pulumi leaves alone (`ignoreChanges`).
        provider: properties of its provider, such as the region; missing without one.
        references: by property, the URNs of the resources that its value comes from. Only in a
            condition of scope `stack`; it tells what belongs together before anything has an id.
    """

    type: str
    name: str
    urn: str
    read: Callable[[], Any] = field(compare=False)
    protect: bool = False
    ignored: Sequence[str] = ()
    provider: Place
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _places: dict[tuple[str, ...], Place] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def properties(self) -> Place:
        """What the program asks for."""
        return Place("", self.read())

    def at(self, *keys: str) -> Place:
        """The property under these keys."""
        # Many conditions ask for the same, those on the stack for each pair of resources.
        place = self._places.get(keys)
        if place is None:
            place = self._places[keys] = self.properties.at(*keys)
        return place

    @property
    def kind(self) -> str:
        """Kubernetes' kind, also of a patch: `Deployment`; of another type its last part."""
        kind = self.type.rpartition(":")[2]
        return kind.removesuffix("Patch") if self.type.startswith("kubernetes:") else kind


@dataclass(frozen=True, kw_only=True)
class Stack:
    """All resources of a stack.

    Attributes:
        resources: in the order of their registration.
    """

    resources: Sequence[Resource] = field(default_factory=tuple)
    _chosen: dict[Callable[[Resource], bool], Sequence[Resource]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def where(self, applies: Callable[[Resource], bool]) -> Iterator[Resource]:
        """The resources for which that is true."""
        # Asked again for each resource that is judged.
        chosen = self._chosen.get(applies)
        if chosen is None:
            chosen = self._chosen[applies] = tuple(filter(applies, self.resources))
        return iter(chosen)

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of these types; patterns as in `of_type`."""
        return self.where(of_type(*types))


@cache
def of_type(*patterns: str) -> Callable[[Resource], bool]:
    """Whether a resource is of one of these types, where `*` stands for any text."""

    @cache
    def matches(type_: str) -> bool:
        return any(fnmatchcase(type_, pattern) for pattern in patterns)

    return lambda resource: matches(resource.type)


def is_stack(resource: Resource) -> bool:
    """Whether it stands for the stack itself: the subject of what only the whole can show."""
    return resource.type == STACK
