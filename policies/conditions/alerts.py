"""What goes wrong raises an alert, and the alert reaches somebody who knows what to do."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.alerts import alerts, alerts_of, configurations, is_rule_set, notifies
from policies.resources.answers import decide, known, no, some
from policies.resources.aws import stands_by
from policies.resources.place import Verdict
from policies.resources.resource import Resource, is_stack
from policies.resources.workloads import runs_pods

_RULES = "https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/"


@condition(
    applies=is_rule_set,
    severity=Severity.MEDIUM,
    soc2=("CC7.3", "CC7.4", "P6"),
    gdpr=("33", "34"),
    steps="Give the alert a label `severity` and an annotation `runbook_url`.",
    url=_RULES,
)
def alerts_say_how_bad_and_what_to_do(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every alert says how severe it is, and where its runbook is."""
    for alert in alerts(resource):
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
    names = [alert.at("alert") for alert in alerts_of(context.stack)]
    required = [
        *context.parameters.required_alerts,
        *(() if stands_by(context.stack) else context.parameters.required_alerts_of_primaries),
    ]
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
    applies=lambda resource: any(configurations(resource)),
    severity=Severity.HIGH,
    soc2=("CC7.4", "CC7.3"),
    gdpr=("33",),
    steps="Add a receiver with somewhere to send to, such as slack_configs, and route to it.",
    url="https://prometheus.io/docs/alerting/latest/configuration/#receiver",
)
def alertmanager_notifies_somebody(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Alertmanager has a receiver that sends alerts somewhere."""
    for configuration in configurations(resource):
        receivers = configuration.at("receivers")
        yield from decide(
            some(notifies(receiver) for receiver in receivers.each()),
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
    raises = some(known(alert.at("alert"), True) for alert in alerts_of(context.stack))
    configured = any(any(configurations(each)) for each in context.stack.resources)
    yield from decide(
        some([no(raises), configured]),
        "receivers of an AlertmanagerConfig",
        found="alerts, and no configuration of Alertmanager",
        requires="one with a receiver",
        unknown="which alerts there are",
    )
