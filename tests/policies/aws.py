"""What tests of conditions on AWS share: settings that decide alone, and resources that belong."""

from dataclasses import dataclass
from typing import Any

from policies.condition import Condition
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A property that alone decides a condition, with everything else as it should be.

    Attributes:
        condition: the condition.
        type: a type of resource that it judges.
        path: the property.
        good: values that pass; None is one that is not set.
        bad: a value that does not.
        state: that value in words.
        requires: what is required, in words.
        others: the other properties.
    """

    condition: Condition
    type: str
    path: str
    good: tuple[Any, ...]
    bad: Any = None
    state: str = "not set"
    requires: str
    others: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.condition.id} {self.type} {self.path}"

    def check(self) -> None:
        """Judge it passing, failing and unknown."""
        for value in self.good:
            assert said(self.condition, self._with(value)) == []
        bad, unknown = self._with(self.bad), self._with(UNKNOWN)
        assert said(self.condition, bad) == [
            violated(
                self.condition,
                bad,
                found=f"{self.path} {self.state}",
                requires=self.requires,
                fix=self.path,
            )
        ]
        assert said(self.condition, unknown) == [
            pending(self.condition, unknown, unknown=self.path, requires=self.requires)
        ]

    def _with(self, value: Any) -> Resource:
        *parents, last = self.path.split(".")
        properties = inner = dict(self.others or {})
        for parent in parents:
            # Others may be there already; those of the next case are not to change.
            inner[parent] = dict(inner.get(parent) or {})
            inner = inner[parent]
        inner[last] = value
        return resource(self.type, properties)


def belonging(companion: str, key: str, to: Resource, **properties: Any) -> Resource:
    """A resource whose property names another one, as preview shows it: by where it is from."""
    return resource(
        companion, {key: UNKNOWN, **properties}, name=f"{to.name}s", references={key: [to.urn]}
    )


def needs(
    condition: Condition,
    judged: Resource,
    companion: str,
    key: str,
    requires: str,
) -> None:
    """Judge a resource with and without the one that has to belong to it."""
    kind = companion.rpartition(":")[2]
    missing = [violated(condition, judged, found=f"no {kind} for it", requires=requires, fix=kind)]
    own, other = belonging(companion, key, judged), resource(judged.type, {}, name="other")
    assert said(condition, judged, own) == []
    assert said(condition, judged) == missing
    assert said(condition, judged, belonging(companion, key, other)) == missing
    # What it names is neither known nor from another resource.
    assert said(condition, judged, resource(companion, {key: UNKNOWN})) == [
        pending(condition, judged, unknown=f"{kind}.{key}", requires=requires)
    ]
    # Once deployed, both say the name, and that decides.
    deployed = resource(judged.type, {**judged.properties.value, "id": "one"})
    assert said(condition, deployed, resource(companion, {key: "one"})) == []
    another = resource(companion, {key: "another"}, references={key: [judged.urn]})
    assert len(said(condition, deployed, another)) == 1
