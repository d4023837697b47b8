"""What holds for every condition."""

from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import pytest

from policies import conditions
from policies.condition import Condition
from policies.conditions import ALL
from policies.framework import Framework
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.soc2.controls import FRAMEWORK as SOC2


def test_every_condition_of_every_module_is_in_the_packs_once() -> None:
    written = [
        each
        for module in iter_modules(conditions.__path__)
        for each in vars(import_module(f"policies.conditions.{module.name}")).values()
        if isinstance(each, Condition)
    ]

    assert Counter(each.id for each in ALL) == Counter({each.id for each in written})


@pytest.mark.parametrize("condition", ALL, ids=lambda condition: condition.id)
def test_a_condition_is_one_sentence_with_steps_a_page_and_controls(condition: Condition) -> None:
    assert condition.title.endswith(".")
    assert ". " not in condition.title
    assert condition.steps.endswith(".")
    assert condition.url.startswith("https://")
    assert condition.controls
    for framework in (SOC2, GDPR):
        # Raises where a control is not one of the framework's.
        framework.conditions([condition])


@pytest.mark.parametrize("framework", [SOC2, GDPR], ids=lambda framework: framework.id)
def test_every_control_of_a_framework_has_a_condition(framework: Framework) -> None:
    empty = [control for control, those in framework.conditions(ALL).items() if not those]
    assert empty == []
