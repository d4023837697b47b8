"""n8n keeps, tells and logs no more than it needs: data protection by default."""

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.condition import Context, condition
from policies.resources.kubernetes import containers
from policies.resources.n8n import (
    is_false,
    is_true,
    mains,
    processes,
    runs_main,
    runs_n8n,
    variable,
)
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import runs_pods

_VARIABLES = "https://docs.n8n.io/hosting/configuration/environment-variables"
_ISOLATION = "https://docs.n8n.io/hosting/configuration/configuration-examples/isolation/"

_CALLS_OF_MAIN = (
    "N8N_DYNAMIC_BANNERS_ENABLED",
    "N8N_PERSONALIZATION_ENABLED",
    "N8N_TEMPLATES_ENABLED",
    "N8N_VERSION_NOTIFICATIONS_ENABLED",
    "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED",
)
"""What the editor and main ask of n8n's servers, or of people on n8n's behalf. On by default."""

_VERBOSE = ("all", "debug", "silly", "trace", "verbose")
"""Levels at which programs log what they process."""


@condition(
    applies=runs_n8n,
    severity=Severity.MEDIUM,
    gdpr=("25",),
    steps='Set N8N_DIAGNOSTICS_ENABLED to "false" in every container of n8n.',
    url=_ISOLATION,
)
def n8n_sends_no_telemetry(resource: Resource, _: Context) -> Iterator[Verdict]:
    """n8n reports no usage to its maker."""
    for process in processes(resource):
        yield from process.requires("N8N_DIAGNOSTICS_ENABLED", is_false, "false")


@condition(
    applies=runs_main,
    severity=Severity.LOW,
    gdpr=("25",),
    steps=f'Set {", ".join(_CALLS_OF_MAIN)} to "false" in the container of n8n\'s main process.',
    url=_ISOLATION,
)
def n8n_does_not_call_its_maker(resource: Resource, _: Context) -> Iterator[Verdict]:
    """n8n fetches no notifications, templates or banners from its maker, and asks no survey."""
    for process in mains(resource):
        for name in _CALLS_OF_MAIN:
            yield from process.requires(name, is_false, "false")


@condition(
    applies=runs_n8n,
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("25", "5(1)(e)"),
    steps="Set EXECUTIONS_DATA_SAVE_ON_SUCCESS to none in every container of n8n; a workflow that "
    "needs its data kept says so itself.",
    url=f"{_VARIABLES}/executions/",
)
def n8n_keeps_no_successful_executions(resource: Resource, _: Context) -> Iterator[Verdict]:
    """By default n8n does not keep the data of executions that succeeded."""
    for process in processes(resource):
        yield from process.requires(
            "EXECUTIONS_DATA_SAVE_ON_SUCCESS", lambda place: place.text == "none", "none"
        )


@condition(
    applies=runs_n8n,
    severity=Severity.MEDIUM,
    gdpr=("25",),
    steps="Set N8N_LOG_LEVEL to info or less, and neither DB_LOGGING_ENABLED nor "
    "CODE_ENABLE_STDOUT to true.",
    url=f"{_VARIABLES}/logs/",
)
def n8n_logs_no_data(resource: Resource, _: Context) -> Iterator[Verdict]:
    """n8n logs neither debugging details, nor queries, nor what workflows print."""
    for process in processes(resource):
        yield from process.forbids("N8N_LOG_LEVEL", _is_verbose, "info, warn, error or silent")
        for name in ("DB_LOGGING_ENABLED", "CODE_ENABLE_STDOUT"):
            yield from process.forbids(name, is_true, "false")


@condition(
    applies=runs_pods,
    severity=Severity.LOW,
    level=EnforcementLevel.ADVISORY,
    gdpr=("25",),
    steps="Set LOG_LEVEL to info or less.",
    url="https://kubernetes.io/docs/concepts/cluster-administration/logging/",
)
def no_debug_logging(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No container logs debugging details, which tend to hold data."""
    for container in containers(resource):
        level = variable(container, "LOG_LEVEL")
        if level.unknown or level.text is not None:
            yield from level.must(lambda place: not _is_verbose(place), "info or less")


@condition(
    applies=runs_n8n,
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("25", "32(1)(b)"),
    steps='Set N8N_BLOCK_ENV_ACCESS_IN_NODE to "true" in every container of n8n.',
    url=f"{_VARIABLES}/security/",
)
def n8n_hides_its_environment(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Workflows cannot read n8n's environment, which holds its keys."""
    for process in processes(resource):
        yield from process.requires("N8N_BLOCK_ENV_ACCESS_IN_NODE", is_true, "true")


@condition(
    applies=runs_n8n,
    severity=Severity.HIGH,
    soc2=("CC6.8",),
    gdpr=("32(1)(b)",),
    steps='Set N8N_COMMUNITY_PACKAGES_ENABLED to "false" in every container of n8n, and put nodes '
    "that you need into the image.",
    url=f"{_VARIABLES}/nodes/",
)
def n8n_installs_no_packages(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Nobody can install community packages into a running n8n."""
    for process in processes(resource):
        yield from process.requires("N8N_COMMUNITY_PACKAGES_ENABLED", is_false, "false")


def _is_verbose(place: Place) -> bool:
    return (place.text or "").strip().lower() in _VERBOSE
