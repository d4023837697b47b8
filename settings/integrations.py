"""Which outside services an environment uses."""

from functools import cached_property
from typing import Literal

from pydantic import Field

from integrations.selection import Selection, select
from settings.types import Area


class IntegrationsSettings(Area):
    """The outside services that the environment uses, chosen from docs/integrations.md."""

    of_set: Literal["none", "minimal", "standard", "full"] = Field(
        default="none",
        alias="set",
        description="Set of services to begin with. Nobody can choose to whom data goes but the "
        "organisation: so it begins with none.",
    )
    add: tuple[str, ...] = Field(default=(), description="Services beside those of the set.")
    remove: tuple[str, ...] = Field(default=(), description="Services of the set to do without.")

    @cached_property
    def selection(self) -> Selection:
        """The services themselves.

        Raises:
            SelectionError: the choice is not possible; a rule has said so before.
        """
        of_set = None if self.of_set == "none" else self.of_set
        return select(of_set, add=self.add, remove=self.remove)
