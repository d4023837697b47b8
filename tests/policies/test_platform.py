"""What the packs say of the platform itself, and of the platform with one safeguard less."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import policies
from policies import parameters
from policies.assessment import Assessment
from policies.conditions import ALL
from policies.framework import Framework
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.judgement import Judgement, Result
from policies.resources.resource import Resource, Stack
from policies.soc2.controls import FRAMEWORK as SOC2
from tests.policies.judging import judgements, resource
from tests.policies.mutations import REMOVED, Mutation
from tests.policies.platform import NAME, platform

_REQUIRED = "N8nWatchdog"
PARAMETERS = replace(parameters.load(NAME, [each.id for each in ALL]), required_alerts=(_REQUIRED,))

POD = "spec.template.spec"
N8N = f"{POD}.containers[n8n]"
_DATA = "metadata.labels[n8n-platform/data"


def _env(name: str, value: str, tier: str = "main") -> Mutation:
    return Mutation("Deployment", f"n8n-{tier}", f"{N8N}.env[{name}].value", value)


def _without_link_local(networks: Sequence[str]) -> list[str]:
    return [each for each in networks if not each.startswith("169.254.")]


# For each condition a safeguard of the platform and its removal, in kinds and places that differ.


def _with_another_host(routing: str) -> str:
    document = json.loads(routing)
    target = document["tiers"]["premium"]["targets"][0]["targets"][0]
    target["custom_host"] = "https://eu.api.openai.com/v1"
    return json.dumps(document)


def _without_the_required_alert(groups: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [
        {**group, "rules": [rule for rule in group["rules"] if rule.get("alert") != _REQUIRED]}
        for group in groups
    ]


def _without_breaches(groups: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """No alert says that it may be a breach."""
    return [
        {
            **group,
            "rules": [
                {**rule, "labels": {**rule.get("labels", {}), "gdpr": "no"}}
                for rule in group["rules"]
            ],
        }
        for group in groups
    ]


def _without_breach_routes(routes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [route for route in routes if "gdpr" not in [each["name"] for each in route["matchers"]]]


MUTATIONS = {
    "no-privilege-escalation": Mutation(
        "Deployment", "n8n-main", f"{N8N}.securityContext.allowPrivilegeEscalation", REMOVED
    ),
    "runs-as-non-root": Mutation("StatefulSet", "redis-a", f"{POD}.securityContext.runAsUser", 0),
    "capabilities-are-dropped": Mutation(
        "StatefulSet", "redis-b", f"{POD}.containers[keeper].securityContext.capabilities", REMOVED
    ),
    "seccomp-profile-is-set": Mutation(
        "Job",
        "redis-bootstrap*",
        f"{POD}.containers[bootstrap].securityContext.seccompProfile.type",
        "Unconfined",
    ),
    "root-file-system-is-read-only": Mutation(
        "Deployment",
        "n8n-worker",
        f"{POD}.initContainers[task-runner].securityContext.readOnlyRootFilesystem",
        False,
    ),
    "no-privileged-containers": Mutation(
        "Deployment",
        "n8n-worker",
        f"{POD}.initContainers[task-runner].securityContext.privileged",
        True,
    ),
    "no-host-namespaces": Mutation("StatefulSet", "redis-c", f"{POD}.hostNetwork", True),
    "no-host-path-volumes": Mutation(
        "StatefulSet", "postgres", f"{POD}.volumes[host].hostPath", {"path": "/var/lib/kubelet"}
    ),
    "no-host-ports": Mutation("Deployment", "n8n-webhook", f"{N8N}.ports[http].hostPort", 5678),
    "kernel-protections-are-kept": Mutation(
        "Job",
        "redis-bootstrap*",
        f"{POD}.containers[bootstrap].securityContext.procMount",
        "Unmasked",
    ),
    "probes-stay-in-the-pod": Mutation(
        "Deployment", "n8n-main", f"{N8N}.livenessProbe.httpGet.host", "169.254.169.254"
    ),
    "images-come-from-allowed-registries": Mutation(
        "StatefulSet",
        "postgres",
        f"{POD}.containers[postgres].image",
        lambda image: image.replace("docker.io", "registry.example.com"),
    ),
    "images-name-a-version": Mutation(
        "StatefulSet",
        "redis-a",
        f"{POD}.containers[redis].image",
        lambda image: re.sub(r":[^@:]+(?=@|$)", ":latest", image, count=1),
    ),
    "n8n-has-no-known-flaw": Mutation(
        "Deployment", "n8n-webhook", f"{N8N}.image", partial(re.sub, r":2\.\d+\.\d+", ":2.41.0")
    ),
    "no-literal-secret-in-environment": _env("SMTP_PASSWORD", "c0rrect-h0rse"),
    "no-literal-secret-in-arguments": Mutation(
        "Deployment", "n8n-worker", f"{N8N}.args", lambda args: [*args, "--password=c0rrect-h0rse"]
    ),
    "no-literal-secret-in-config-maps": Mutation(
        "ConfigMap", "postgres", "data[password]", "c0rrect-h0rse"
    ),
    "no-literal-secret-in-annotations": Mutation(
        "Service", "n8n-main", "metadata.annotations.note", "https://me:c0rrect-h0rse@example.com"
    ),
    "secrets-are-filled-from-outside": Mutation(
        "Secret", "n8n-encryption-key", "metadata.name", "another-key"
    ),
    "pods-have-their-own-identity": Mutation(
        "Deployment", "n8n-main", f"{POD}.serviceAccountName", "default"
    ),
    "service-accounts-offer-no-token": Mutation(
        "ServiceAccount", "redis", "automountServiceAccountToken", REMOVED
    ),
    "pods-mount-no-token": Mutation(
        "Job", "redis-bootstrap*", f"{POD}.automountServiceAccountToken", True
    ),
    "recommended-labels-are-set": Mutation(
        "Deployment", "n8n-worker", "metadata.labels[app.kubernetes.io/version]", REMOVED
    ),
    "resources-have-an-owner": Mutation(
        "StatefulSet", "redis-a", "metadata.labels[n8n-platform/owner]", REMOVED
    ),
    "namespaces-name-their-change": Mutation(
        "Namespace", "n8n", "metadata.annotations[n8n-platform/change]", REMOVED
    ),
    "state-is-protected": Mutation(
        "StatefulSet", "postgres", "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "Delete"
    ),
    "no-ignored-security-changes": Mutation(
        "NetworkPolicy", "deny-all", "options.ignoreChanges", ["spec.ingress"]
    ),
    "namespace-denies-by-default": Mutation(
        "NetworkPolicy", "deny-all", "spec.policyTypes", ["Ingress"]
    ),
    # The denial for all pods of the namespace still isolates each of them: only one that leaves
    # the namespace is without.
    "pods-are-isolated": Mutation("Job", "redis-bootstrap*", "metadata.namespace", "default"),
    "namespace-enforces-restricted-pods": Mutation(
        "Namespace", "n8n", "metadata.labels[pod-security.kubernetes.io/enforce]", "baseline"
    ),
    "no-egress-to-metadata-service": Mutation(
        "NetworkPolicy", "n8n-worker", "spec.egress[2].to[0].ipBlock.except", _without_link_local
    ),
    "no-data-port-open-to-all": Mutation(
        "NetworkPolicy", "postgres", "spec.ingress[0].from", REMOVED
    ),
    "no-data-service-outside-the-cluster": Mutation(
        "Service", "postgres", "spec.type", "LoadBalancer"
    ),
    "redis-serves-tls-only": Mutation(
        "ConfigMap",
        "redis-*",
        "data[redis.conf]",
        lambda file: file.replace("\nport 0\n", "\nport 6380\n"),
    ),
    "postgres-serves-tls-only": Mutation(
        "ConfigMap", "postgres", "data[pg_hba.conf]", lambda file: file.replace("hostssl", "host")
    ),
    "n8n-reaches-redis-with-tls": _env("QUEUE_BULL_REDIS_TLS", "false", "worker"),
    "n8n-reaches-postgres-with-tls": _env("DB_POSTGRESDB_SSL_REJECT_UNAUTHORIZED", "false"),
    "certificate-checks-stay-on": _env("NODE_TLS_REJECT_UNAUTHORIZED", "0", "webhook"),
    "workload-has-two-replicas": Mutation(
        "HorizontalPodAutoscaler", "n8n-webhook", "spec.minReplicas", 1
    ),
    "workload-spreads-over-zones": Mutation(
        "Deployment", "n8n-worker", f"{POD}.topologySpreadConstraints", REMOVED
    ),
    "workload-has-one-disruption-budget": Mutation(
        "PodDisruptionBudget", "redis", "spec.selector.matchLabels", {"app": "another"}
    ),
    "disruption-budget-can-be-met": Mutation(
        "PodDisruptionBudget", "n8n-webhook", "spec.maxUnavailable", 0
    ),
    "containers-have-requests-and-limits": Mutation(
        "StatefulSet", "redis-c", f"{POD}.containers[keeper].resources.limits.memory", REMOVED
    ),
    "autoscaler-has-room": Mutation("HorizontalPodAutoscaler", "n8n-worker", "spec.maxReplicas", 2),
    "namespace-has-quota": Mutation("ResourceQuota", "platform", "spec.hard", {}),
    "egress-names-its-processors": Mutation(
        "NetworkPolicy", "redis", "spec.egress[0].to", [{"ipBlock": {"cidr": "1.1.1.0/24"}}]
    ),
    "ai-gateways-are-not-published": Mutation(
        "NetworkPolicy",
        "n8n-worker",
        "spec.ingress",
        [{"from": [{"podSelector": {}}], "ports": [{"port": 8788, "protocol": "TCP"}]}],
    ),
    "ai-gateways-call-registered-processors": Mutation(
        "ConfigMap", "ai-gateway*", "data[routing.json]", _with_another_host
    ),
    "data-stores-are-classified": Mutation(
        "StatefulSet", "redis-b", f"{_DATA}-classification]", REMOVED
    ),
    "data-stores-have-a-purpose": Mutation("StatefulSet", "postgres", f"{_DATA}-purpose]", REMOVED),
    "personal-data-has-a-lawful-basis": Mutation(
        "StatefulSet", "postgres", f"{_DATA}-lawful-basis]", REMOVED
    ),
    "data-stores-have-a-retention": Mutation(
        "StatefulSet", "postgres", f"{_DATA}-retention-days]", "3650"
    ),
    "data-stores-have-an-owner": Mutation("StatefulSet", "redis-c", f"{_DATA}-owner]", REMOVED),
    "n8n-prunes-executions": _env("EXECUTIONS_DATA_PRUNE", "false"),
    "n8n-prunes-workflow-history": _env("N8N_WORKFLOW_HISTORY_PRUNE_TIME", "-1"),
    "n8n-sends-no-telemetry": _env("N8N_DIAGNOSTICS_ENABLED", "true", "worker"),
    "n8n-does-not-call-its-maker": _env("N8N_TEMPLATES_ENABLED", "true"),
    "n8n-keeps-no-successful-executions": _env("EXECUTIONS_DATA_SAVE_ON_SUCCESS", "all", "webhook"),
    "n8n-logs-no-data": _env("N8N_LOG_LEVEL", "debug", "worker"),
    "no-debug-logging": _env("LOG_LEVEL", "debug"),
    "n8n-hides-its-environment": _env("N8N_BLOCK_ENV_ACCESS_IN_NODE", "false", "worker"),
    "n8n-installs-no-packages": _env("N8N_COMMUNITY_PACKAGES_ENABLED", "true"),
    "pods-and-volumes-stay-in-allowed-regions": Mutation(
        "StatefulSet", "redis-b", f"{POD}.nodeSelector[topology.kubernetes.io/zone]", "us-east-1b"
    ),
    "programs-use-allowed-regions": _env("AWS_REGION", "us-east-1", "worker"),
    "language-models-are-in-allowed-regions": _env("COHERE_URL", "https://api.cohere.com/v2"),
    "required-alerts-exist": Mutation(
        "PrometheusRule", "n8n-platform", "spec.groups", _without_the_required_alert
    ),
    "alerts-say-how-bad-and-what-to-do": Mutation(
        "PrometheusRule",
        "n8n-platform",
        "spec.groups[0].rules",
        lambda rules: [*rules, {"alert": "N8nSomething", "labels": {"severity": "critical"}}],
    ),
    "breaches-are-noticed": Mutation(
        "PrometheusRule", "n8n-platform", "spec.groups", _without_breaches
    ),
    "breaches-are-told": Mutation(
        "AlertmanagerConfig", "n8n-platform", "spec.route.routes", _without_breach_routes
    ),
}

# What is wrong with the platform only in company of something that it does not have.
ADDITIONS = {
    "alertmanager-notifies-somebody": resource(
        "kubernetes:core/v1:ConfigMap",
        {"data": {"alertmanager.yaml": "receivers: [{name: nobody}]"}},
        name="alertmanager",
    ),
}

# Without which more than one condition is violated.
NEEDED_BY_SEVERAL = {
    "AlertmanagerConfig": {"alerts-have-a-route", "breaches-are-told"},
}


BROKEN_HERE = {*MUTATIONS, *ADDITIONS, *set().union(*NEEDED_BY_SEVERAL.values())}


def _violated(resources: Sequence[Resource], *alone: Resource) -> set[tuple[str, ...]]:
    """What is violated, and where."""
    return {
        (each.condition.id, each.resource.urn, finding.path, finding.found)
        for each in judgements(resources, *alone, parameters=PARAMETERS)
        for finding in each.findings
    }


@cache
def _as_it_is() -> tuple[Judgement, ...]:
    return tuple(judgements(platform(), *platform(), parameters=PARAMETERS))


@pytest.mark.parametrize("framework", [SOC2, GDPR], ids=lambda framework: framework.id)
def test_the_platform_violates_nothing_but_what_is_excepted(framework: Framework) -> None:
    assessment = Assessment(framework, ALL, NAME, Path(policies.__file__).parent)
    stack = Stack(resources=platform())
    said = [
        message
        for condition in assessment.conditions
        for each in platform()
        for message in assessment.judge(condition, each, stack)
    ]

    assert said == []
    assert list(assessment.unused_exceptions()) == []


def test_everything_about_the_platform_is_known_without_an_engine() -> None:
    undecided = [each for each in _as_it_is() if each.result is Result.UNDECIDED]
    assert [(each.condition.id, each.resource.name) for each in undecided] == []


@pytest.mark.parametrize("removed", MUTATIONS)
def test_a_removed_safeguard_is_named_by_its_condition_and_no_other(removed: str) -> None:
    mutation = MUTATIONS[removed]
    after = mutation.of(platform())
    (before,) = (each for each in platform() if each.urn == after.urn)
    resources = [after if each is before else each for each in platform()]

    new = _violated(resources, after) - _violated(platform(), before)

    assert {condition for condition, *_ in new} == {removed}


@pytest.mark.parametrize("needed", ADDITIONS)
def test_an_addition_without_its_safeguard_is_named_by_its_condition_and_no_other(
    needed: str,
) -> None:
    added = ADDITIONS[needed]

    new = _violated([*platform(), added], added) - _violated(platform())

    assert {condition for condition, *_ in new} == {needed}


@pytest.mark.parametrize("kind", NEEDED_BY_SEVERAL)
def test_a_missing_resource_is_named_by_the_conditions_that_need_it(kind: str) -> None:
    resources = [each for each in platform() if each.kind != kind]

    new = _violated(resources) - _violated(platform())

    assert {condition for condition, *_ in new} == NEEDED_BY_SEVERAL[kind]


def test_every_condition_that_the_platform_meets_is_broken_here_once() -> None:
    met = {each.condition.id for each in _as_it_is() if each.result is Result.PASSED}
    assert sorted(met - BROKEN_HERE) == []
