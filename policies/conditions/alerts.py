"""What goes wrong raises an alert, and the alert reaches somebody who knows what to do."""

import base64
import binascii
from collections.abc import Iterator

import yaml
from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, decide, known, no, some
from policies.resources.place import Absent, Place, Verdict
from policies.resources.resource import Resource, Stack, is_stack, of_type
from policies.resources.workloads import runs_pods

_RULES = "https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/"

_is_rule_set = of_type("kubernetes:monitoring.coreos.com/*:PrometheusRule")
_is_alertmanager_config = of_type("kubernetes:monitoring.coreos.com/*:AlertmanagerConfig")
_is_file_holder = of_type("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret")

_FILES = ("alertmanager.yaml", "alertmanager.yml")


@condition(
    applies=_is_rule_set,
    severity=Severity.MEDIUM,
    soc2=("CC7.3", "CC7.4", "P6"),
    gdpr=("33", "34"),
    steps="Give the alert a label `severity` and an annotation `runbook_url`.",
    url=_RULES,
)
def alerts_say_how_bad_and_what_to_do(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every alert says how severe it is, and where its runbook is."""
    for alert in _alerts(resource):
        for place in (alert.at("labels", "severity"), alert.at("annotations", "runbook_url")):
            yield from place.must(lambda place: bool(place.text), "a text")


@condition(
    applies=is_stack,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC7.3", "CC7.4"),
    gdpr=("33",),
    steps="Add the alert to a PrometheusRule, or take it from requiredAlerts in "
    "policies/config/<stack>.json.",
    url=_RULES,
)
def required_alerts_exist(_: Resource, context: Context) -> Iterator[Verdict]:
    """A stack with workloads has alerts, and those that the configuration requires."""
    names = [alert.at("alert") for alert in _alerts_of(context.stack)]
    required = context.parameters.required_alerts
    for name in required:
        yield from decide(
            some(known(each, each.text == name) for each in names),
            "spec.groups of a PrometheusRule",
            found=f"no alert {name}",
            requires="an alert of that name",
            unknown="which alerts there are",
        )
    # A required one that is missing says it already.
    if not required and any(context.stack.where(runs_pods)):
        yield from decide(
            some(known(each, True) for each in names),
            "spec.groups of a PrometheusRule",
            found="workloads without any alert",
            requires="an alert on what they do",
            unknown="which alerts there are",
        )


@condition(
    applies=lambda resource: any(_configurations(resource)),
    severity=Severity.HIGH,
    soc2=("CC7.4", "CC7.3"),
    gdpr=("33",),
    steps="Add a receiver with somewhere to send to, such as slack_configs, and route to it.",
    url="https://prometheus.io/docs/alerting/latest/configuration/#receiver",
)
def alertmanager_notifies_somebody(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Alertmanager has a receiver that sends alerts somewhere."""
    for configuration in _configurations(resource):
        receivers = configuration.at("receivers")
        yield from decide(
            some(_notifies(receiver) for receiver in receivers.each()),
            receivers.path,
            found=f"no receiver that sends anywhere in {receivers.path}",
            requires="one with somewhere to send to",
        )


@condition(
    applies=is_stack,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("CC7.4", "CC7.3"),
    gdpr=("33",),
    steps="Add an AlertmanagerConfig, or a Secret with alertmanager.yaml, to the stack.",
    url="https://prometheus-operator.dev/docs/developer/alerting/",
)
def alerts_have_a_route(_: Resource, context: Context) -> Iterator[Verdict]:
    """A stack with alerts also says whom Alertmanager sends them to."""
    raises = some(known(alert.at("alert"), True) for alert in _alerts_of(context.stack))
    configured = any(any(_configurations(each)) for each in context.stack.resources)
    yield from decide(
        some([no(raises), configured]),
        "receivers of an AlertmanagerConfig",
        found="alerts, and no configuration of Alertmanager",
        requires="one with a receiver",
        unknown="which alerts there are",
    )


def _alerts_of(stack: Stack) -> Iterator[Place]:
    for rule_set in stack.where(_is_rule_set):
        yield from _alerts(rule_set)


def _alerts(rule_set: Resource) -> Iterator[Place]:
    """The rules that alert, or may; recording rules have no alert."""
    for group in rule_set.at("spec", "groups").each():
        for rule in group.at("rules").each():
            if not rule.at("alert").missing:
                yield rule


def _configurations(resource: Resource) -> Iterator[Place]:
    """Alertmanager's configuration in a resource, whatever holds it."""
    if _is_alertmanager_config(resource):
        yield resource.at("spec")
    elif _is_file_holder(resource):
        for holder in ("data", "stringData"):
            encoded = holder == "data" and resource.kind == "Secret"
            for key, file in resource.at(holder).entries():
                if key in _FILES:
                    yield _parsed(file, encoded)
                elif _is_alertmanagers(resource) and key.endswith((".yaml", ".yml")):
                    parsed = _parsed(file, encoded)
                    if not parsed.at("receivers").missing:
                        yield parsed


def _is_alertmanagers(resource: Resource) -> bool:
    return "alertmanager" in (resource.at("metadata", "name").text or "")


def _parsed(file: Place, encoded: bool) -> Place:
    """What is in a file of YAML; nothing if it is none."""
    if file.unknown:
        return file
    try:
        text = file.text or ""
        content = yaml.safe_load(base64.b64decode(text).decode() if encoded else text)
    except (yaml.YAMLError, binascii.Error, ValueError, RecursionError):
        content = None
    return Place(file.path, Absent.MISSING if content is None else content)


def _notifies(receiver: Place) -> Answer:
    """Whether a receiver sends somewhere: in Alertmanager's own words, or in the operator's."""
    return some(
        known(sinks, any(sinks.each()))
        for key, sinks in receiver.entries()
        if key == "*" or key.endswith(("_configs", "Configs"))
    )
