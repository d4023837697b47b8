"""What conditions need to know about a stack, from `policies/config/<stack>.json`."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError
from pulumi_policy import EnforcementLevel

CONFIG = Path(__file__).parent / "config"
"""Folder with one file for each stack; a stack without one takes every default."""


class ConfigurationError(Exception):
    """A file of the packs cannot be used; the message lists everything that is wrong in it."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long something must and may be kept, in days.

    Attributes:
        minimum_days: shorter loses what somebody must be able to look at.
        maximum_days: longer keeps personal data beyond need.
    """

    minimum_days: float
    maximum_days: float

    def allows(self, days: float) -> bool:
        """Whether that is neither too short nor too long."""
        return self.minimum_days <= days <= self.maximum_days

    def __str__(self) -> str:
        return f"{self.minimum_days:g} to {self.maximum_days:g} days"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What is configured for a stack. Meaning and defaults are those of `config/schema.json`."""

    enforcement: Mapping[str, EnforcementLevel]
    image_registries: tuple[str, ...]
    n8n_minimum_versions: tuple[str, ...]
    regions: tuple[str, ...]
    log_retention: Retention
    data_retention: Retention
    backup_retention: Retention
    bootstrap_secrets: tuple[str, ...]
    required_alerts: tuple[str, ...]
    required_alerts_of_primaries: tuple[str, ...]
    processors: tuple[str, ...]


def load(stack: str, conditions: Collection[str], folder: Path = CONFIG) -> Parameters:
    """The parameters of a stack.

    Args:
        stack: name of the stack.
        conditions: ids of all conditions that there are.
        folder: where the files are.

    Raises:
        ConfigurationError: the stack's file is not as `schema.json` says, or names a condition
            that does not exist.
    """
    schema = json.loads((CONFIG / "schema.json").read_text())
    file = folder / f"{stack}.json"
    try:
        document = json.loads(file.read_text()) if file.is_file() else {}
    except ValueError as error:
        raise ConfigurationError(f"{file.name} is no JSON: {error}") from error
    errors = Draft202012Validator(schema).iter_errors(document)
    problems = [
        problem
        for error in sorted(errors, key=lambda error: error.json_path)
        for problem in _problems(error)
    ]
    if not problems:
        document = _with_defaults(schema, document)
        problems = [
            *_unknown_conditions(document["enforcement"], conditions),
            *_upside_down(document),
        ]
    if problems:
        raise ConfigurationError(
            f"policies/config/{file.name} cannot be used:"
            + "".join(f"\n  - {problem}" for problem in problems)
        )
    return _parameters(document)


def _with_defaults(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the schema's default for each property that it leaves out."""
    complete = dict(document)
    for name, property_schema in schema["properties"].items():
        if "default" in property_schema:
            complete.setdefault(name, property_schema["default"])
        if "properties" in property_schema:
            complete[name] = _with_defaults(property_schema, complete[name])
    return complete


def meant(name: str, known: Iterable[str]) -> str:
    """What somebody probably meant by a name that does not exist, after the words that say so."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _problems(error: ValidationError) -> Iterator[str]:
    path = error.json_path.removeprefix("$").removeprefix(".")
    if error.validator != "additionalProperties":
        yield f"{path or 'the file'}: {error.message}"
        return
    given = cast(Mapping[str, Any], error.instance)
    known = cast(Mapping[str, Any], error.schema)["properties"]
    for name in sorted(given.keys() - known.keys()):
        yield f"{path}.{name}".removeprefix(".") + f": no such setting{meant(name, known)}"


def _unknown_conditions(named: Collection[str], known: Collection[str]) -> list[str]:
    return [
        f"enforcement.{name}: no such condition{meant(name, known)}"
        for name in sorted(set(named) - set(known))
    ]


def _upside_down(document: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: minimumDays is more than maximumDays"
        for name in ("logRetention", "dataRetention", "backupRetention")
        if document[name]["minimumDays"] > document[name]["maximumDays"]
    ]


def _parameters(document: Mapping[str, Any]) -> Parameters:
    def retention(name: str) -> Retention:
        days = document[name]
        return Retention(minimum_days=days["minimumDays"], maximum_days=days["maximumDays"])

    return Parameters(
        enforcement={
            name: EnforcementLevel(level) for name, level in document["enforcement"].items()
        },
        image_registries=tuple(document["imageRegistries"]),
        n8n_minimum_versions=tuple(document["n8nMinimumVersions"]),
        regions=tuple(document["regions"]),
        log_retention=retention("logRetention"),
        data_retention=retention("dataRetention"),
        backup_retention=retention("backupRetention"),
        bootstrap_secrets=tuple(document["bootstrapSecrets"]),
        required_alerts=tuple(document["requiredAlerts"]),
        required_alerts_of_primaries=tuple(document["requiredAlertsOfPrimaries"]),
        processors=tuple(document["processors"]),
    )
