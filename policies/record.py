"""Writes down what a run of the packs decided, for the evidence report."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from policies.exceptions import Grant
from policies.framework import Framework
from policies.judgement import Judgement

VARIABLE = "POLICY_RECORD"
"""Environment variable with the folder to write to; without it nothing is written."""


class Record:
    """A file `<pack>.jsonl`: what held for the run, one line for each judgement as it is made, end.

    A resource may be judged twice in one run, as when it is replaced: the later line counts.
    """

    def __init__(self, framework: Framework) -> None:
        folder = os.environ.get(VARIABLE)
        self._framework = framework
        self._file = Path(folder) / f"{framework.pack}.jsonl" if folder else None
        self._grants: Sequence[Grant] = ()

    def started(self, stack: str, levels: Mapping[str, str], grants: Sequence[Grant]) -> None:
        """Begin the file anew with what holds for this run.

        Args:
            stack: name of the stack that is judged.
            levels: enforcement level of each of the pack's conditions, by its id.
            grants: the exceptions that hold; later lines name them by their position.
        """
        self._grants = grants
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text("")
        self._write(
            {
                "pack": self._framework.pack,
                "stack": stack,
                "levels": levels,
                "exceptions": [_exception(grant) for grant in grants],
            }
        )

    def judged(self, judgement: Judgement) -> None:
        """Add a judgement."""
        resource = judgement.resource
        self._write(
            {
                "condition": judgement.condition.id,
                "type": resource.type,
                "name": resource.name,
                "urn": resource.urn,
                "result": judgement.result.value,
                "findings": [
                    {"path": each.path, "found": each.found, "requires": each.requires}
                    for each in judgement.findings
                ],
                "undecided": [
                    {"path": each.path, "requires": each.requires} for each in judgement.undecided
                ],
                "exception": (
                    self._grants.index(judgement.grant) if judgement.grant is not None else None
                ),
            }
        )

    def unused(self, grant: Grant) -> None:
        """Add that an exception covers nothing, which fails the run."""
        self._write({"unused": self._grants.index(grant)})

    def ended(self) -> None:
        """Add that the whole stack has been judged: without this line a report is not complete."""
        self._write({"ended": True})

    def _write(self, line: dict[str, Any]) -> None:
        if self._file:
            with self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")


def _exception(grant: Grant) -> dict[str, Any]:
    return {**asdict(grant), "expires": grant.expires.isoformat()}
