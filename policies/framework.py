"""What a framework of controls is, and which conditions are evidence for which control."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.condition import Condition


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework that an auditor works with.

    Attributes:
        id: short name in messages and exceptions, as `SOC2`.
        pack: name of its policy pack.
        name: full name.
        version: edition.
        url: where it is published.
        controls: controls that conditions exist for, with their subject in few words.
        not_shown: what the framework asks and no infrastructure can prove, by control.
    """

    id: str
    pack: str
    name: str
    version: str
    url: str
    controls: Mapping[str, str]
    not_shown: Mapping[str, str]

    def conditions(self, conditions: Iterable[Condition]) -> Mapping[str, list[Condition]]:
        """The pack: each control with the conditions that are evidence for it.

        Raises:
            KeyError: a condition names a control that the framework does not list.
        """
        pack: dict[str, list[Condition]] = {control: [] for control in self.controls}
        for each in conditions:
            for control in each.controls.get(self.id, ()):
                pack[control].append(each)
        return pack
