"""Reads the catalogue, and says everything that is wrong with it at once."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from integrations import rules
from integrations.credentials import credential
from integrations.model import (
    HTTPS,
    Aspect,
    Catalogue,
    Category,
    Check,
    Consumer,
    Criticality,
    DataCategory,
    Egress,
    Integration,
    NamedBy,
    Regions,
    Rotation,
    RotationMethod,
    SetName,
    Variable,
)

FILE = Path(__file__).parent / "catalogue.yaml"
"""Where all services are written."""


class CatalogueError(ValueError):
    """The catalogue cannot be used; the message lists everything that is wrong in it.

    Attributes:
        problems: each with the place.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "the catalogue of integrations cannot be used:"
            + "".join(f"\n  - {problem}" for problem in problems)
        )


@cache
def load(file: Path = FILE) -> Catalogue:
    """The catalogue of a file.

    Raises:
        CatalogueError: it is no YAML, is not as `schema.json` says, or breaks a rule of `rules`.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CatalogueError([f"{file.name} is no YAML: {error}"]) from error
    return parse(document)


def parse(document: Any) -> Catalogue:
    """The catalogue of a document, as YAML gives it.

    Raises:
        CatalogueError: it is not as `schema.json` says, or breaks a rule of `rules`.
    """
    schema = json.loads(FILE.with_name("schema.json").read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(document), key=lambda e: list(e.path))
    problems = [f"{_place(error, document)}: {error.message}" for error in errors]
    if not problems:
        catalogue = _catalogue(document)
        problems = list(rules.problems(catalogue))
        if not problems:
            return catalogue
    raise CatalogueError(problems)


def _place(error: ValidationError, document: Any) -> str:
    """Where an error is, with the service's id beside its number."""
    place = ""
    for step in error.absolute_path:
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
        document = document[step]
        if place.startswith(".integrations[") and place.endswith("]") and place.count("[") == 1:
            named = isinstance(document, dict) and isinstance(document.get("id"), str)
            place += f" ({document['id']})" if named else ""
    return place.removeprefix(".") or "the document"


def _catalogue(document: Mapping[str, Any]) -> Catalogue:
    owned = {
        (entry["id"], variable["name"]): variable
        for entry in document["integrations"]
        for variable in entry["variables"]
        if "shared_with" not in variable
    }
    return Catalogue(
        categories=tuple(Category(id=id_, **each) for id_, each in document["categories"].items()),
        data_categories=tuple(
            DataCategory(id=id_, **each) for id_, each in document["data_categories"].items()
        ),
        integrations=tuple(_integration(each, owned) for each in document["integrations"]),
    )


def _integration(
    entry: Mapping[str, Any], owned: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Integration:
    return Integration(
        id=entry["id"],
        name=entry["name"],
        category=entry["category"],
        purpose=entry["purpose"],
        chosen=entry.get("chosen", False),
        docs=entry["docs"],
        criticality=Criticality(entry["criticality"]),
        smallest_set=SetName(entry["smallest_set"]),
        consumed_by=tuple(Consumer(each) for each in entry["consumed_by"]),
        variables=tuple(_variable(each, owned) for each in entry["variables"]),
        credential=credential(entry) if "n8n" in entry else None,
        no_credential=entry.get("no_n8n"),
        egress=tuple(
            Egress(
                host=each.get("host"),
                variable=each.get("variable"),
                port=each.get("port", HTTPS),
            )
            for each in entry["egress"]
        ),
        data=tuple(entry["data"]),
        regions=Regions(
            where=tuple(entry["regions"]["where"]),
            selectable=entry["regions"]["selectable"],
            how=entry["regions"].get("how", ""),
        ),
        processor=entry.get("processor"),
        rotation=_rotation(entry["rotation"]) if "rotation" in entry else None,
        check=_check(entry["check"]) if "check" in entry else None,
        no_check=entry.get("no_check"),
        verified={Aspect(name): page for name, page in entry.get("verified", {}).items()},
        not_verified=entry.get("not_verified"),
    )


def _variable(
    entry: Mapping[str, Any], owned: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Variable:
    """A variable; a shared one is as its owner describes it.

    Where the owner has no such variable, which a rule reports, it is taken for a secret.
    """
    described = owned.get((entry.get("shared_with", ""), entry["name"]), entry)
    return Variable(
        name=entry["name"],
        secret=described.get("secret", True),
        named_by=NamedBy(described.get("named_by", NamedBy.HERE)),
        description=described.get("description", ""),
        report_name=entry.get("report_name"),
        shared_with=entry.get("shared_with"),
    )


def _rotation(entry: Mapping[str, Any]) -> Rotation:
    return Rotation(
        how=RotationMethod(entry["how"]),
        interval_days=entry["interval_days"],
        automated=entry["automated"],
        docs=entry.get("docs"),
        note=entry.get("note", ""),
    )


def _check(entry: Mapping[str, Any]) -> Check:
    basic = entry.get("basic")
    return Check(
        method=entry["method"],
        url=entry["url"],
        headers=entry.get("headers", {}),
        basic=(basic[0], basic[1]) if basic else None,
        form=entry.get("form", {}),
        json=entry.get("json", {}),
        signature=entry.get("signature"),
        why_post=entry.get("why_post"),
        expects=entry.get("expects", "200"),
    )
