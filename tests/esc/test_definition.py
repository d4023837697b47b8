"""What an ESC environment defines, and what the committed ones do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import settings
from esc import definition
from esc.definition import DefinitionError
from integrations.catalogue import load as catalogue
from settings.file import load_file
from settings.secret_keys import wanted, wanted_by_grafana

MONITORING: Mapping[str, Any] = {
    "stack": "install",
    "slack": {"channel": "#alerts"},
    "pagerDuty": {},
    "email": {
        "to": "team@example.com",
        "sender": "alerts@example.com",
        "user": "alerts",
        "smarthost": "smtp.example.com:587",
    },
    "heartbeat": {},
}
"""Everybody who can be told."""


def write(folder: Path, environments: Mapping[str, Any]) -> None:
    for name, document in environments.items():
        file = folder / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(document if isinstance(document, str) else yaml.safe_dump(document))


def keys(folder: Path, environments: Mapping[str, Any], environment: str = "main") -> set[str]:
    write(folder, environments)
    return set(definition.load("p", environment, folder=folder).keys)


def test_keys_are_those_of_the_environment_and_of_what_it_imports(tmp_path: Path) -> None:
    found = keys(
        tmp_path,
        {
            "p/main": {"imports": ["q/base"], "values": {"A": {"fn::secret": ""}, "B": "text"}},
            "q/base": {"values": {"C": 1}},
        },
    )
    assert found == {"A", "B", "C"}


def test_what_is_opened_without_being_merged_defines_nothing(tmp_path: Path) -> None:
    found = keys(
        tmp_path,
        {
            "p/main": {"imports": [{"q/base": {"merge": False}}], "values": {"A": "x"}},
            "q/base": {"values": {"C": "x"}},
        },
    )
    assert found == {"A"}


def test_variables_of_the_cli_are_no_keys(tmp_path: Path) -> None:
    values = {"A": "x", "environmentVariables": {"B": "x"}, "pulumiConfig": {"C": "x"}}
    assert keys(tmp_path, {"p/main": {"values": values}}) == {"A"}


@pytest.mark.parametrize(
    ("environments", "message"),
    [
        ({}, r"there is no esc/p/main\.yaml"),
        ({"p/main": {"imports": ["p/other"]}}, r"there is no esc/p/other\.yaml"),
        (
            {"p/main": {"imports": ["p/other"]}, "p/other": {"imports": ["p/main"]}},
            "imports itself: p/main → p/other → p/main",
        ),
        ({"p/main": {"values": {"A": {"b": "x"}}}}, r"p/main\.yaml: values\.A is nested"),
        ({"p/main": {"values": {"A": ["x"]}}}, r"p/main\.yaml: values\.A is nested"),
        ({"p/main": "values: ["}, r"p/main\.yaml is no YAML"),
        ({"p/main": "text"}, r"p/main\.yaml is no mapping"),
    ],
)
def test_a_definition_that_cannot_be_used_is_refused(
    tmp_path: Path, environments: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        keys(tmp_path, environments)


def stacks_with_esc() -> list[str]:
    files = sorted(Path(settings.__file__).parents[1].glob("Pulumi.*.yaml"))
    names = [file.name.split(".")[1] for file in files]
    return [name for name in names if load_file(name).secrets.source == "esc"]


@pytest.mark.parametrize("stack", stacks_with_esc())
def test_a_stack_finds_every_key_of_its_own_in_its_environment(stack: str) -> None:
    loaded = load_file(stack)
    defined = definition.load(loaded.esc.project, loaded.esc.environment).keys
    secrets = (*wanted(loaded), *wanted_by_grafana(loaded))
    assert {key for secret in secrets for key in secret.keys.values()} <= defined


def committed() -> list[tuple[str, str]]:
    """Environments that clusters read; those that deploy have nothing to copy."""
    files = sorted(definition.FOLDER.glob("*/*.yaml"))
    return [(file.parent.name, file.stem) for file in files if not file.stem.endswith("-deploy")]


@pytest.mark.parametrize(("project", "environment"), committed())
def test_every_key_has_a_name_that_the_catalogue_or_the_platform_knows(
    project: str, environment: str
) -> None:
    known = {each.name for service in catalogue().integrations for each in service.variables}
    for in_cluster in ("in-cluster", "external"):
        database = {"mode": in_cluster, "host": "db.example" if in_cluster == "external" else ""}
        stack = settings.parse({"database": database, "monitoring": MONITORING})
        secrets = (*wanted(stack), *wanted_by_grafana(stack))
        known |= {key for secret in secrets for key in secret.keys.values()}
    assert definition.load(project, environment).keys <= known


@pytest.mark.parametrize(("project", "environment"), committed())
def test_no_value_is_committed(project: str, environment: str) -> None:
    text = (definition.FOLDER / project / f"{environment}.yaml").read_text()
    for key, value in yaml.safe_load(text)["values"].items():
        assert value in ("", {"fn::secret": ""}), key
