"""n8n keeps, tells and logs no more than it needs."""

import pytest

from policies.condition import Condition
from policies.conditions import minimisation
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.n8n_pods import ENV, env, n8n

MAKER = (
    "N8N_DYNAMIC_BANNERS_ENABLED",
    "N8N_PERSONALIZATION_ENABLED",
    "N8N_TEMPLATES_ENABLED",
    "N8N_VERSION_NOTIFICATIONS_ENABLED",
    "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED",
)


def finding(control: str, condition: Condition, place: str, state: str, requires: str) -> str:
    return (
        f"[{control}] kubernetes:apps/v1:Deployment 'example': found {place} {state}; "
        f"requires {requires}. Fix: {place}. Exception: policies/exceptions.yaml, "
        f"condition {condition.id}, with owner and expiry."
    )


@pytest.mark.parametrize(
    ("condition", "name", "good", "bad", "state", "requires", "control"),
    [
        (
            minimisation.n8n_sends_no_telemetry,
            "N8N_DIAGNOSTICS_ENABLED",
            "false",
            "true",
            "true",
            "false",
            "GDPR 25",
        ),
        (
            minimisation.n8n_keeps_no_successful_executions,
            "EXECUTIONS_DATA_SAVE_ON_SUCCESS",
            "none",
            "all",
            "set otherwise",
            "none",
            "SOC2 C1.2",
        ),
        (
            minimisation.n8n_hides_its_environment,
            "N8N_BLOCK_ENV_ACCESS_IN_NODE",
            "True",
            "false",
            "false",
            "true",
            "SOC2 CC6.1",
        ),
        (
            minimisation.n8n_installs_no_packages,
            "N8N_COMMUNITY_PACKAGES_ENABLED",
            "0",
            "1",
            "1",
            "false",
            "SOC2 CC6.8",
        ),
    ],
)
def test_every_process_of_n8n_says_what_it_leaves_out(
    condition: Condition,
    name: str,
    good: str,
    bad: str,
    state: str,
    requires: str,
    control: str,
) -> None:
    place = f"{ENV}[{name}]"

    assert said(condition, n8n(*env(**{name: good}), args=("worker",))) == []
    assert said(condition, n8n(args=("worker",))) == [
        finding(control, condition, place, "not set", requires)
    ]
    assert said(condition, n8n(*env(**{name: bad}))) == [
        finding(control, condition, f"{place}.value", state, requires)
    ]
    assert said(condition, n8n(*env(**{name: UNKNOWN}))) == [
        f"[{control}] kubernetes:apps/v1:Deployment 'example': undecided until up, as "
        f"{place}.value is not known at preview; will require {requires}."
    ]


def test_main_asks_its_maker_for_nothing() -> None:
    condition = minimisation.n8n_does_not_call_its_maker
    off = dict.fromkeys(MAKER, "false")

    assert said(condition, n8n(*env(**off))) == []
    for name in MAKER:
        place = f"{ENV}[{name}].value"
        assert said(condition, n8n(*env(**{**off, name: "true"}))) == [
            finding("GDPR 25", condition, place, "true", "false")
        ]
    assert said(condition, n8n(*env(**{**off, MAKER[0]: UNKNOWN}))) == [
        "[GDPR 25] kubernetes:apps/v1:Deployment 'example': undecided until up, as "
        f"{ENV}[{MAKER[0]}].value is not known at preview; will require false."
    ]
    assert judgement(condition, n8n(args=("worker",))) is None


@pytest.mark.parametrize(
    ("name", "good", "bad", "state", "requires"),
    [
        ("N8N_LOG_LEVEL", "info", "Debug", "set otherwise", "info, warn, error or silent"),
        ("DB_LOGGING_ENABLED", "false", "true", "true", "false"),
        ("CODE_ENABLE_STDOUT", "false", "true", "true", "false"),
    ],
)
def test_n8n_logs_no_data(name: str, good: str, bad: str, state: str, requires: str) -> None:
    condition = minimisation.n8n_logs_no_data
    place = f"{ENV}[{name}].value"

    assert said(condition, n8n()) == []
    assert said(condition, n8n(*env(**{name: good}))) == []
    assert said(condition, n8n(*env(**{name: bad}))) == [
        finding("GDPR 25", condition, place, state, requires)
    ]
    assert said(condition, n8n(*env(**{name: UNKNOWN}))) == [
        f"[GDPR 25] kubernetes:apps/v1:Deployment 'example': undecided until up, as {place} is "
        f"not known at preview; will require {requires}."
    ]


def test_other_programs_log_no_debugging_details() -> None:
    condition = minimisation.no_debug_logging
    place = "spec.template.spec.containers[app].env[LOG_LEVEL].value"

    def app(*variables: object) -> Resource:
        spec = {"containers": [{"name": "app", "env": list(variables)}]}
        return resource("kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": spec}}})

    assert said(condition, app()) == []
    assert said(condition, app({"name": "LOG_LEVEL", "valueFrom": {}})) == []
    assert said(condition, app(*env(LOG_LEVEL="warn"))) == []
    assert said(condition, app(*env(LOG_LEVEL="TRACE"))) == [
        finding("GDPR 25", condition, place, "set otherwise", "info or less")
    ]
    assert said(condition, app(*env(LOG_LEVEL=UNKNOWN))) == [
        "[GDPR 25] kubernetes:apps/v1:Deployment 'example': undecided until up, as "
        f"{place} is not known at preview; will require info or less."
    ]
