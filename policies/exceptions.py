"""Exceptions from conditions: who allowed what, why, and until when; in `exceptions.yaml`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from policies.condition import Condition
from policies.parameters import ConfigurationError, meant
from policies.resources.resource import Resource

FILE = Path(__file__).parent / "exceptions.yaml"
"""All exceptions of all stacks."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One exception.

    Attributes:
        controls: controls that it weakens, as `SOC2 CC6.8`.
        condition: id of the condition.
        resource: pattern over `<type>::<name>`.
        stacks: names of the stacks it holds for.
        reason: why, and what reduces the risk instead.
        owner: who answers for it.
        ticket: where it was agreed.
        expires: last day it holds.
        chart: name of the Chart that brings the resources; None where the program declares them.
    """

    controls: tuple[str, ...]
    condition: str
    resource: str
    stacks: tuple[str, ...]
    reason: str
    owner: str
    ticket: str
    expires: date
    chart: str | None = None

    def covers(self, condition: Condition, resource: Resource) -> bool:
        """Whether a violation of that condition by that resource is excepted."""
        return self.condition == condition.id and fnmatchcase(
            f"{resource.type}::{resource.name}", self.resource
        )

    def is_of_rendered(self, names: Iterable[str]) -> bool:
        """Whether what it covers can be seen, by the names of all resources that can.

        What a chart brings has its name and a colon before its own. A plugin that does not render
        charts, as the stand-in of the embedded environment, shows none of it.
        """
        return self.chart is None or any(name.startswith(f"{self.chart}:") for name in names)

    def __str__(self) -> str:
        return (
            f"'{self.condition}' for {self.resource} until {self.expires}, "
            f"owner {self.owner}, {self.ticket}"
        )


def load(
    stack: str, conditions: Iterable[Condition], today: date, file: Path = FILE
) -> list[Grant]:
    """The exceptions that hold for a stack.

    Args:
        stack: name of the stack.
        conditions: all conditions that there are.
        today: the day to compare expiries with.
        file: where they are written; no file is no exception.

    Raises:
        ConfigurationError: an exception of any stack lacks a field, has expired, or does not fit
            its condition. All of them at once.
    """
    try:
        # A safe loader too, less one kind of value.
        written = yaml.load(file.read_text(), Loader=_Texts) if file.is_file() else []  # noqa: S506
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file.name} is no YAML: {error}") from error
    schema = json.loads(FILE.with_name("exceptions.schema.json").read_text())
    errors = Draft202012Validator(schema).iter_errors(written if written is not None else [])
    problems = [
        f"{error.json_path.removeprefix('$') or 'the file'}: {error.message}" for error in errors
    ]
    grants: list[Grant] = []
    if not problems:
        by_id = {each.id: each for each in conditions}
        for position, document in enumerate(written or []):
            wrong = _problems(document, by_id, today)
            problems += [f"[{position}] ({document['condition']}): {each}" for each in wrong]
            if not wrong:
                grants.append(_grant(document))
    if problems:
        raise ConfigurationError(
            f"policies/{file.name} cannot be used:"
            + "".join(f"\n  - {problem}" for problem in problems)
        )
    return [grant for grant in grants if stack in grant.stacks]


class _Texts(yaml.SafeLoader):
    """YAML whose dates stay texts, so that one schema describes them."""


_Texts.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _problems(
    document: Mapping[str, Any], conditions: Mapping[str, Condition], today: date
) -> Sequence[str]:
    condition = conditions.get(document["condition"])
    if condition is None:
        return [f"no such condition{meant(document['condition'], conditions)}"]
    problems = []
    evidence_for = {
        f"{framework} {control}"
        for framework, controls in condition.controls.items()
        for control in controls
    }
    if set(document["controls"]) != evidence_for:
        problems.append(f"controls: write all that it weakens: {', '.join(sorted(evidence_for))}")
    try:
        expires = date.fromisoformat(document["expires"])
    except ValueError:
        problems.append(f"expires: {document['expires']} is no day")
    else:
        if expires < today:
            problems.append(
                f"expired on {expires}: remedy what it covers, or have its owner "
                f"{document['owner']} agree to a new date"
            )
    return problems


def _grant(document: Mapping[str, Any]) -> Grant:
    return Grant(
        controls=tuple(document["controls"]),
        condition=document["condition"],
        resource=document["resource"],
        stacks=tuple(document["stacks"]),
        reason=" ".join(document["reason"].split()),
        owner=document["owner"],
        ticket=document["ticket"],
        expires=date.fromisoformat(document["expires"]),
        chart=document.get("chart"),
    )
