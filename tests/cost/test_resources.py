"""Nothing that the components make in AWS is forgotten in the bill."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

from cost import prices
from cost.bill import bills
from cost.environment import charges
from cost.free import FREE
from cost.usage import ASSUMED
from settings import Settings
from tests.unit.aws import region

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


@pytest.mark.parametrize(
    "values",
    [
        region.primary(),
        region.standby(),
        region.standby(role="primary", database={}),
        region.alone(),
        region.alone(database={"deployment": "cluster", "instanceClass": "db.m6gd.large"}),
    ],
    ids=["primary", "standby", "taken over", "alone", "cluster"],
)
def test_as_many_alarms_are_charged_for_as_are_made(values: Any) -> None:
    made = region.recorded(values)
    environment = made.settings.aws
    assert environment
    counted = sum(
        charge.quantity
        for charge in charges(made.settings, environment, ASSUMED)
        # That of the cluster is made elsewhere.
        if charge.item == "alarm" and charge.component != "cluster"
    )
    assert counted == len(made.of("MetricAlarm"))


def test_every_type_is_charged_for_or_free_with_a_reason(sample: Settings) -> None:
    types = made()
    assert len(types) > 40, "components/aws is not read as it should be"
    assert types - charged(sample) - set(FREE) == set()


def test_what_is_free_is_made_and_not_charged_for(sample: Settings) -> None:
    assert set(FREE) - made() == set()
    assert set(FREE) & charged(sample) == set()


def test_what_is_charged_for_is_made(sample: Settings) -> None:
    assert {each for each in charged(sample) if each.startswith("aws:")} - made() == set()
