"""Reads what a run of the packs wrote down; see `policies.record`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from policies.evidence.urns import label
from policies.exceptions import Grant
from policies.framework import Framework
from policies.judgement import Result
from policies.resources.place import Finding, Undecided


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one pack decided about one resource under one condition.

    Attributes:
        type: type of the resource.
        name: its name in the program.
        urn: what Pulumi knows it by.
        result: passed, violated, undecided or excepted.
        findings: what violates, also where it is excepted.
        undecided: what is not known at preview.
        grant: the exception that covers the violation.
    """

    type: str
    name: str
    urn: str
    result: Result
    findings: Sequence[Finding]
    undecided: Sequence[Undecided]
    grant: Grant | None

    @property
    def label(self) -> str:
        """What people call the resource."""
        return label(self.urn)


@dataclass(kw_only=True)
class Recorded:
    """The record of one pack.

    Attributes:
        framework: whose pack it is.
        stack: the stack that was judged; none if nothing was recorded.
        levels: enforcement level of each condition, by its id.
        grants: the exceptions that held.
        unused: those that cover nothing.
        judged: by condition and URN.
        ended: whether the whole stack was judged.
    """

    framework: Framework
    stack: str | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    grants: Sequence[Grant] = ()
    unused: set[Grant] = field(default_factory=set)
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)
    ended: bool = False


def read(folder: Path, framework: Framework) -> Recorded:
    """The record of a framework's pack, as far as there is one."""
    recorded = Recorded(framework=framework)
    for line in _lines(folder / f"{framework.pack}.jsonl"):
        match line:
            case {"pack": _}:
                recorded.stack = line["stack"]
                recorded.levels = line["levels"]
                recorded.grants = [_grant(each) for each in line["exceptions"]]
            case {"condition": condition, "urn": urn}:
                recorded.judged[condition, urn] = _judged(line, recorded.grants)
            case {"unused": position}:
                recorded.unused.add(recorded.grants[position])
            case {"ended": True}:
                recorded.ended = True
    return recorded


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    if not file.is_file():
        return
    with file.open() as lines:
        for line in lines:
            # A pack that was killed leaves half a line, and none that says that it ended.
            if line.endswith("\n"):
                yield json.loads(line)


def _judged(line: Mapping[str, Any], grants: Sequence[Grant]) -> Judged:
    return Judged(
        type=line["type"],
        name=line["name"],
        urn=line["urn"],
        result=Result(line["result"]),
        findings=[Finding(**each) for each in line["findings"]],
        undecided=[Undecided(**each) for each in line["undecided"]],
        grant=None if line["exception"] is None else grants[line["exception"]],
    )


def _grant(written: Mapping[str, Any]) -> Grant:
    return Grant(
        **{
            **written,
            "controls": tuple(written["controls"]),
            "stacks": tuple(written["stacks"]),
            "expires": date.fromisoformat(written["expires"]),
        }
    )
