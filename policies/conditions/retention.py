"""What is kept is deleted in time: neither before it is needed, nor after."""

import re
from collections.abc import Iterator

import yaml
from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.parameters import Retention
from policies.resources.kubernetes import is_config_map
from policies.resources.n8n import Process, is_true, mains, runs_main
from policies.resources.place import Absent, Place, Verdict
from policies.resources.resource import Resource, of_type

_EXECUTIONS = "https://docs.n8n.io/hosting/configuration/environment-variables/executions/"
_HISTORY = "https://docs.n8n.io/hosting/configuration/environment-variables/workflow-history/"
_PROMETHEUS = "https://prometheus-operator.dev/docs/api-reference/api/"
_LOKI = "https://grafana.com/docs/loki/latest/operations/storage/retention/"

_is_prometheus = of_type("kubernetes:monitoring.coreos.com/v*:Prometheus")
_is_loki_stack = of_type("kubernetes:loki.grafana.com/v*:LokiStack")

_DAYS = {
    "ms": 1 / 86_400_000,
    "s": 1 / 86_400,
    "m": 1 / 1_440,
    "h": 1 / 24,
    "d": 1,
    "w": 7,
    "y": 365,
}
"""Prometheus' units of time, which are also Loki's, in days."""

_DURATION = re.compile(rf"(?:\d+(?:{'|'.join(_DAYS)}))+")
_DURATION_PART = re.compile(rf"(\d+)({'|'.join(_DAYS)})")
_SIZE = re.compile(r"(\d*\.)?\d+([KMGTPE]i?)?B")


@condition(
    applies=runs_main,
    severity=Severity.HIGH,
    soc2=("C1.2",),
    gdpr=("5(1)(e)", "15-17, 20"),
    steps='In the container of n8n\'s main process set EXECUTIONS_DATA_PRUNE to "true", '
    "EXECUTIONS_DATA_MAX_AGE to hours within dataRetention of the packs' configuration, and "
    "EXECUTIONS_DATA_PRUNE_MAX_COUNT to more than 0, which would be no limit.",
    url=_EXECUTIONS,
)
def n8n_prunes_executions(resource: Resource, context: Context) -> Iterator[Verdict]:
    """n8n deletes the data of executions when it is old, and when it is too much."""
    for process in mains(resource):
        yield from process.requires("EXECUTIONS_DATA_PRUNE", is_true, "true")
        yield from _hours(process, "EXECUTIONS_DATA_MAX_AGE", context.parameters.data_retention)
        yield from process.requires(
            "EXECUTIONS_DATA_PRUNE_MAX_COUNT", lambda place: (place.number or 0) > 0, "more than 0"
        )


@condition(
    applies=runs_main,
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("5(1)(e)", "15-17, 20"),
    steps="In the container of n8n's main process set N8N_WORKFLOW_HISTORY_PRUNE_TIME to hours "
    "within dataRetention of the packs' configuration; its default of -1 keeps all for ever.",
    url=_HISTORY,
)
def n8n_prunes_workflow_history(resource: Resource, context: Context) -> Iterator[Verdict]:
    """n8n deletes former versions of workflows when they are old."""
    for process in mains(resource):
        bounds = context.parameters.data_retention
        yield from _hours(process, "N8N_WORKFLOW_HISTORY_PRUNE_TIME", bounds)


@condition(
    applies=_is_prometheus,
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("5(1)(e)",),
    steps="Set retention within dataRetention of the packs' configuration, and retentionSize to "
    "less than the volume holds.",
    url=_PROMETHEUS,
)
def metrics_are_deleted_in_time(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Prometheus deletes metrics when they are old, and when they are too much."""
    bounds = context.parameters.data_retention
    yield from _duration(resource.at("spec", "retention"), bounds)
    yield from resource.at("spec", "retentionSize").must(
        lambda place: bool(_SIZE.fullmatch(place.text or "")), "a size"
    )


@condition(
    applies=lambda resource: _is_loki_stack(resource) or any(_loki_configurations(resource)),
    severity=Severity.MEDIUM,
    soc2=("C1.2",),
    gdpr=("5(1)(e)",),
    steps="Set Loki's retention within logRetention of the packs' configuration, and let its "
    "compactor apply it (compactor.retention_enabled); without it Loki keeps logs for ever.",
    url=_LOKI,
)
def logs_are_deleted_in_time(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Loki keeps logs as long as needed, and then deletes them."""
    bounds = context.parameters.log_retention
    if _is_loki_stack(resource):
        days = resource.at("spec", "limits", "global", "retention", "days")
        yield from days.must(
            lambda place: place.number is not None and bounds.allows(place.number), str(bounds)
        )
    for configuration in _loki_configurations(resource):
        yield from configuration.at("compactor", "retention_enabled").must_be(True)
        yield from _duration(configuration.at("limits_config", "retention_period"), bounds)


def _hours(process: Process, variable: str, bounds: Retention) -> Iterator[Verdict]:
    return process.requires(
        variable,
        lambda place: place.number is not None and bounds.allows(place.number / 24),
        f"{bounds.minimum_days * 24:g} to {bounds.maximum_days * 24:g} hours",
    )


def _duration(place: Place, bounds: Retention) -> Iterator[Verdict]:
    text = place.text or ""
    parts = _DURATION_PART.findall(text) if _DURATION.fullmatch(text) else []
    days = sum(int(number) * _DAYS[unit] for number, unit in parts)
    return place.must(lambda _: bool(parts) and bounds.allows(days), str(bounds))


def _loki_configurations(resource: Resource) -> Iterator[Place]:
    """Configuration files of Loki in a ConfigMap, recognised by the sections that each must have.

    What is templated so that it is no YAML is none.
    """
    if not is_config_map(resource):
        return
    for _, file in resource.at("data").entries():
        # Most are something else, and parsing YAML takes its time.
        if not all(f"{key}:" in (file.text or "") for key in ("schema_config", "limits_config")):
            continue
        try:
            document = yaml.safe_load(file.text or "")
        except (yaml.YAMLError, ValueError, RecursionError):
            document = Absent.MISSING
        configuration = Place(file.path, document)
        if not configuration.at("schema_config").missing:
            yield configuration
