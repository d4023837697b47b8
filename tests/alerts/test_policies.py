"""The policy packs find in the rules what they look for."""

from policies.conditions import alerts, breach
from policies.resources.resource import STACK
from tests.alerts import promtool
from tests.policies.judging import resource, said
from tests.policies.n8n_pods import n8n

_RULES = resource(
    "kubernetes:monitoring.coreos.com/v1:PrometheusRule", {"spec": {"groups": promtool.GROUPS}}
)


def test_a_stack_with_these_rules_has_the_alerts_that_policies_ask_for():
    stack = resource(STACK)
    for condition in (alerts.required_alerts_exist, breach.breaches_are_noticed):
        assert said(condition, stack, n8n())
        assert said(condition, stack, n8n(), _RULES) == []
    assert said(alerts.alerts_say_how_bad_and_what_to_do, _RULES) == []
