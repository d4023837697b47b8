"""What the packs say of the stack `staging`: outside services, ESC, and an AI gateway beside."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies import exceptions, parameters
from policies.conditions import ALL
from policies.judgement import Result
from policies.resources.resource import Resource
from settings.integrations import IntegrationsSettings
from tests.policies import test_platform
from tests.policies.judging import judgements
from tests.policies.mutations import Mutation
from tests.policies.platform import of_stack

_REPOSITORY = Path(__file__).parents[2]
_IDS = [each.id for each in ALL]
_EUROPEAN = "eu.api.openai.com"

# One regional host is left out, which may be called for its region and not for an agreement.
REGISTERED = parameters.load("staging", _IDS)
PARAMETERS = replace(
    REGISTERED, processors=tuple(each for each in REGISTERED.processors if each != _EUROPEAN)
)


@cache
def platform() -> tuple[Resource, ...]:
    """The stack `staging` with hosts that are reached by name, and without an operator's chart."""
    return of_stack(
        "staging",
        platform={"egress": "names"},
        esc={"operator": "installed"},
    )


def violated(resources: Sequence[Resource], *alone: Resource) -> set[tuple[str, str, str]]:
    """What is violated, and where."""
    return {
        (each.condition.id, each.resource.urn, finding.path)
        for each in judgements(resources, *alone, parameters=PARAMETERS)
        for finding in each.findings
    }


def test_the_register_of_staging_is_what_it_has_chosen() -> None:
    stack = yaml.safe_load((_REPOSITORY / "Pulumi.staging.yaml").read_text())["config"]
    selection = IntegrationsSettings.model_validate_json(
        json.dumps(stack["n8n-platform:integrations"])
    ).selection
    by_name = {
        each.processor
        for each in selection.integrations
        if each.processor and not any(egress.host for egress in each.egress)
    }

    assert set(REGISTERED.processors) == {*selection.processor_hosts()} | by_name


def test_what_staging_has_chosen_violates_nothing_but_what_is_excepted() -> None:
    excepted = {
        each.condition for each in exceptions.load("staging", ALL, datetime.now(UTC).date())
    }
    found = {
        (each.condition.id, each.resource.name, finding.found)
        for each in judgements(platform(), *platform(), parameters=REGISTERED)
        for finding in each.findings
        if each.condition.id not in excepted
    }
    assert found == set()


def _without_rotation(groups: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [
        {
            **group,
            "rules": [rule for rule in group["rules"] if "Rotation" not in rule.get("alert", "")],
        }
        for group in groups
    ]


def _with_key(text: str) -> str:
    return text.replace('"provider": "openai"', '"provider": "openai", "api_key": "hunter2hunter2"')


_ROUTING = "data[routing.json]"
_ROLE = "Role", "grafana-dashboards"

MUTATIONS = {
    "gateway-listeners-use-tls": Mutation(
        "Gateway", "*", "spec.listeners[0].tls.certificateRefs", []
    ),
    "chosen-integrations-are-registered": Mutation(
        "Namespace",
        "sophia-ai",
        "metadata.annotations[n8n-platform/integrations]",
        "openai,datadog",
    ),
    "egress-goes-to-registered-processors": Mutation(
        "CiliumNetworkPolicy",
        "n8n-egress",
        "spec.egress[1].toFQDNs",
        lambda hosts: [*hosts, {"matchName": "api.example.org"}],
    ),
    "copied-secrets-have-one-source": Mutation(
        "ExternalSecret", "redis-auth", "spec.target.creationPolicy", "Orphan"
    ),
    "secrets-are-copied-from-stores-of-their-namespace": Mutation(
        "ExternalSecret", "redis-auth", "spec.secretStoreRef.kind", "ClusterSecretStore"
    ),
    "no-literal-secret-in-secret-templates": Mutation(
        "ExternalSecret",
        "n8n-encryption-key",
        "spec.target.template.data",
        {"password": "hunter2hunter2"},
    ),
    "old-keys-alert": Mutation("PrometheusRule", "n8n-platform", "spec.groups", _without_rotation),
    "no-wildcard-permissions": Mutation(*_ROLE, "rules[0].apiGroups", ["*"]),
    "no-privilege-granting-verbs": Mutation(*_ROLE, "rules[0].verbs", ["get", "escalate"]),
    "no-running-commands-in-pods": Mutation(*_ROLE, "rules[0].resources", ["pods/exec"]),
    "secrets-are-read-by-name": Mutation(*_ROLE, "rules[0].resources", ["configmaps", "secrets"]),
    "no-literal-secret-in-config-maps": Mutation("ConfigMap", "ai-gateway*", _ROUTING, _with_key),
}


@pytest.mark.parametrize("removed", MUTATIONS)
def test_a_removed_safeguard_is_named_by_its_condition_and_no_other(removed: str) -> None:
    after = MUTATIONS[removed].of(platform())
    (before,) = (each for each in platform() if each.urn == after.urn)
    resources = [after if each is before else each for each in platform()]

    new = violated(resources, after) - violated(platform(), before)

    assert {condition for condition, *_ in new} == {removed}


def test_every_condition_that_only_staging_meets_is_broken_here_once() -> None:
    met = {
        each.condition.id
        for each in judgements(platform(), *platform(), parameters=PARAMETERS)
        if each.result is Result.PASSED
    }
    assert sorted(met - test_platform.BROKEN_HERE - MUTATIONS.keys()) == []
