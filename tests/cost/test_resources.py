"""Nothing that the components make in AWS is forgotten in the bill."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pulumi_aws as aws
import pytest

from cost import prices
from cost.bill import bills
from cost.free import FREE
from cost.usage import ASSUMED
from settings import Settings

# Looking into a module of the SDK also loads what it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")

COMPONENTS = Path(__file__).parents[2] / "components/aws"


def made() -> set[str]:
    """Types of all resources that are constructed anywhere in the components."""
    return {
        token for file in COMPONENTS.rglob("*.py") for token in _types(ast.parse(file.read_text()))
    }


def _types(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="aws"), attr=module), attr=name
                )
            ):
                token = getattr(getattr(getattr(aws, module), name), "pulumi_type", None)
                if token:
                    yield token


def charged(settings: Settings) -> set[str]:
    assert settings.aws
    found = set()
    for deployment, machine in (("instance", "db.m7g.large"), ("cluster", "db.m6gd.large")):
        database = settings.aws.database.model_copy(
            update={"deployment": deployment, "instance_class": machine}
        )
        other = settings.aws.model_copy(update={"database": database})
        stack = settings.model_copy(update={"aws": other})
        for bill in bills("sample", stack, ASSUMED, prices.load()):
            found |= {line.charge.resource for line in bill.lines}
    return found


def test_every_type_is_charged_for_or_free_with_a_reason(sample: Settings) -> None:
    types = made()
    assert len(types) > 40, "components/aws is not read as it should be"
    assert types - charged(sample) - set(FREE) == set()


def test_what_is_free_is_made_and_not_charged_for(sample: Settings) -> None:
    assert set(FREE) - made() == set()
    assert set(FREE) & charged(sample) == set()


def test_what_is_charged_for_is_made(sample: Settings) -> None:
    assert {each for each in charged(sample) if each.startswith("aws:")} - made() == set()
