"""What is wrong with a stack's settings, said so that it can be put right."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        key: the setting, for example `worker.maxReplicas`.
        given: what stands there, printable; None where it must not be shown.
        wanted: what is allowed, or what to write instead.
        compares: the other settings that make it wrong.
    """

    key: str
    given: str | None
    wanted: str
    compares: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.given is None:
            return f"{self.key}: {self.wanted}"
        return f"{self.key} is {self.given}; allowed: {self.wanted}"


class SettingsError(pulumi.RunError):
    """The settings of a stack cannot be used. Nothing has been changed.

    Its text lists every problem; Pulumi prints it without a traceback.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 setting" if len(problems) == 1 else f"{len(problems)} settings"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"{count} of this stack cannot be used; nothing was changed.\n{lines}\n"
            "Every setting is described in docs/settings.md."
        )
