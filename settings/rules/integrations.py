"""Rules of the outside services that an environment uses, and of where their keys come from."""

from collections.abc import Iterator

from ai_gateway import routing
from esc import definition
from integrations import catalogue
from integrations.model import Integration
from integrations.selection import SelectionError
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules
from settings.secret_keys import wanted, wanted_by_grafana

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


def needed_keys_are_defined(settings: Settings) -> Iterator[Problem]:
    """The keys without which nothing works are in the ESC environment that is copied from.

    They are the platform's own, and those of critical services.
    """
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
    secrets = (*wanted(settings), *wanted_by_grafana(settings))
    needed = {key: "the platform" for each in secrets for key in each.keys.values()}
    if _chosen(settings):
        required = settings.integrations.selection.required_keys
        needed |= {key.name: f"{key.integration.id}, which is critical," for key in required}
    for key, who in needed.items():
        if key not in defined.keys:
            yield Problem(
                key="esc.environment",
                given=esc.environment,
                wanted=f"one that defines {key}, which {who} needs; write it into {defined.file} "
                "and set it with `pulumi env set`",
                compares=_COMPARES,
            )


def the_gateway_calls_chosen_services(settings: Settings) -> Iterator[Problem]:
    """Prompts go to providers that the environment has chosen, and is known to use."""
    ai = settings.ai
    # In a trial environment nothing is chosen: somebody puts keys of their own into the Secret.
    if settings.secrets.source == "generated":
        return
    try:
        needed = routing.keys(ai)
    except ValueError:
        return  # a model without a price, which another rule reports
    chosen = {variable.name for each in _chosen(settings) for variable in each.own_variables}
    owners = {
        variable.name: each.id
        for each in catalogue.load().integrations
        for variable in each.own_variables
    }
    for name in needed:
        if name not in chosen:
            yield Problem(
                key="ai.tiers",
                given=None,
                wanted=f"the AI gateway calls {owners[name]}, which is not chosen; "
                f"write integrations.add: [{owners[name]}], or take its models out",
                compares=("integrations", "ai.gateway", "secrets.source"),
            )


def _chosen(settings: Settings) -> tuple[Integration, ...]:
    try:
        return settings.integrations.selection.integrations
    except SelectionError:
        return ()  # which `integrations_can_be_chosen` reports


RULES: Rules = (
    integrations_can_be_chosen,
    integrations_have_a_source_of_keys,
    needed_keys_are_defined,
    the_gateway_calls_chosen_services,
)
