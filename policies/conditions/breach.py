"""A breach of personal data is noticed, and told to those who must report it within 72 hours.

One convention finds these alerts: the label `gdpr: breach`, on which a route of Alertmanager
matches. That they, as all alerts, link to a runbook is a condition of the module `alerts`.
"""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.alerts import alerts_of, is_routed
from policies.resources.answers import Answer, decide, known, no, some
from policies.resources.classification import holds_personal_data
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource, is_stack

_LABEL, _BREACH = "gdpr", "breach"

_GDPR = "https://eur-lex.europa.eu/eli/reg/2016/679/oj"
_ALERTMANAGER = "https://prometheus.io/docs/alerting/latest/configuration/"


@condition(
    applies=is_stack,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("P6", "CC7.3"),
    gdpr=("33", "34"),
    steps=f"Label the alerts that may mean a breach of personal data {_LABEL}: {_BREACH}, as those "
    "on failed logins, on credentials that were read, or on data that left.",
    url=_GDPR,
)
def breaches_are_noticed(_: Resource, context: Context) -> Iterator[Verdict]:
    """Where personal data is stored, there is an alert for what may be a breach of it."""
    exists = some(map(_is_about_a_breach, alerts_of(context.stack)))
    yield from decide(
        some([no(holds_personal_data(context.stack)), exists]),
        f"spec.groups[*].rules[*].labels.{_LABEL}",
        found=f"no alert with {_LABEL}: {_BREACH}",
        requires="one in a PrometheusRule, as personal data is stored",
    )


@condition(
    applies=is_stack,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("P6", "CC7.4"),
    gdpr=("33", "34"),
    steps=f"Add a route to Alertmanager that matches {_LABEL}: {_BREACH} and has a receiver of "
    "those who report a breach: in an AlertmanagerConfig or in alertmanager.yaml.",
    url=_ALERTMANAGER,
)
def breaches_are_told(_: Resource, context: Context) -> Iterator[Verdict]:
    """Where personal data is stored, alerts for a breach are routed to somebody."""
    yield from decide(
        some([no(holds_personal_data(context.stack)), is_routed(context.stack, _LABEL, _BREACH)]),
        "spec.route.routes[*].matchers",
        found=f"no route for {_LABEL}: {_BREACH} to a receiver",
        requires="one in Alertmanager's configuration, as personal data is stored",
    )


def _is_about_a_breach(alert: Place) -> Answer:
    label = alert.at("labels", _LABEL)
    return known(label, label.text == _BREACH)
