"""Rules of the outside services that an environment uses, and of where their keys come from."""

from collections.abc import Iterator

from esc import definition
from integrations.selection import SelectionError
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules

_COMPARES = ("secrets.source", "esc.project", "esc.environment")


def integrations_can_be_chosen(settings: Settings) -> Iterator[Problem]:
    """What is added or removed exists, and nothing is left without what it shares."""
    try:
        _ = settings.integrations.selection
    except SelectionError as error:
        for problem in error.problems:
            yield Problem(key="integrations", given=None, wanted=problem)


def integrations_have_a_source_of_keys(settings: Settings) -> Iterator[Problem]:
    """Keys of outside services cannot be generated."""
    if settings.secrets.source == "generated" and _chosen(settings):
        yield Problem(
            key="integrations.set",
            given=settings.integrations.of_set,
            wanted="none, and nothing added, while secrets.source is generated: the keys of "
            "outside services are nobody's to generate; or write secrets.source: esc",
            compares=("secrets.source",),
        )


def critical_keys_are_defined(settings: Settings) -> Iterator[Problem]:
    """The keys without which nothing works are in the ESC environment that is copied from."""
    esc = settings.esc
    if settings.secrets.source != "esc" or not (esc.project and esc.environment):
        return
    try:
        defined = definition.load(esc.project, esc.environment)
    except definition.DefinitionError as error:
        yield Problem(
            key="esc.environment", given=esc.environment, wanted=str(error), compares=_COMPARES
        )
        return
    for key in settings.integrations.selection.required_keys if _chosen(settings) else ():
        if key.name not in defined.keys:
            yield Problem(
                key="integrations",
                given=None,
                wanted=f"{key.integration.id} is critical and {key.name} is not in "
                f"{defined.file}; write it there and set it with `pulumi env set`",
                compares=_COMPARES,
            )


def _chosen(settings: Settings) -> bool:
    try:
        return bool(settings.integrations.selection.integrations)
    except SelectionError:
        return False  # which `integrations_can_be_chosen` reports


RULES: Rules = (
    integrations_can_be_chosen,
    integrations_have_a_source_of_keys,
    critical_keys_are_defined,
)
