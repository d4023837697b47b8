"""What the packs say of the platform with the jobs for data subjects and with n8n's own backup."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import pulumi
import pytest

import settings
from components.base import selector
from components.connections import DatabaseConnection
from components.jobs.backup import Backup
from components.jobs.data_subjects import DataSubjectJobs
from components.secrets import PlatformSecrets
from policies import exceptions, parameters
from policies.conditions import ALL
from policies.judgement import Result
from policies.resources.resource import Resource
from tests.policies import test_platform
from tests.policies.judging import judgements, resource
from tests.policies.mutations import REMOVED, Mutation
from tests.policies.platform import NAME, of_stack
from tests.unit.mocks import record

PARAMETERS = parameters.load(NAME, [each.id for each in ALL])

_POD = "spec.jobTemplate.spec.template.spec"
_OFF = {"enabled": False}
_TODAY = datetime.now(UTC).date()


@cache
def without() -> tuple[Resource, ...]:
    """All resources of the stack `local`, watched, without these jobs."""
    watched = {"stack": "installed", "slack": {"channel": "#alerts"}}
    return of_stack(NAME, monitoring=watched, dataSubjects=_OFF, backup=_OFF)


@cache
def platform() -> tuple[Resource, ...]:
    """The same with them."""
    stack = settings.parse(
        {
            "governance": {"owner": "platform", "lawfulBasis": "contract"},
            "secrets": {"source": "existing"},
        }
    )

    protected: set[tuple[str, str]] = set()

    def noted(given: pulumi.ResourceTransformationArgs) -> None:
        if given.opts.protect:
            protected.add((given.type_, given.name))

    def jobs() -> None:
        pulumi.runtime.register_stack_transformation(noted)
        secrets = PlatformSecrets("secrets", settings=stack)
        database = DatabaseConnection(
            host="postgres.n8n.svc.cluster.local",
            port=5432,
            database="n8n",
            user="n8n",
            password=secrets.database_password,
            certificate_authority=secrets.database_authority,
            pod_labels=dict(selector("database", instance="postgres")),
        )
        DataSubjectJobs("data-subjects", settings=stack, database=database)
        Backup("backup", settings=stack, database=database, secrets=secrets)

    return (
        *without(),
        *(
            resource(
                each.type,
                each.inputs,
                name=each.name,
                protect=(each.type, each.name) in protected,
            )
            for each in record(jobs)
            if each.type.startswith("kubernetes:")
        ),
    )


def _violated(resources: Sequence[Resource]) -> set[tuple[str, str, str]]:
    """What is violated, and where."""
    return {
        (each.condition.id, each.resource.name, finding.path)
        for each in judgements(resources, *resources, parameters=PARAMETERS)
        for finding in each.findings
    }


def _conditions(violated: set[tuple[str, str, str]]) -> set[str]:
    return {condition for condition, *_ in violated}


def test_with_the_jobs_their_exception_is_needless_and_no_other_is_needed() -> None:
    excepted = {each.condition for each in exceptions.load(NAME, ALL, _TODAY)}

    assert "data-subjects-have-jobs" in _conditions(_violated(without()))
    assert _conditions(_violated(platform())) < _conditions(_violated(without()))
    assert _conditions(_violated(platform())) <= excepted - {"data-subjects-have-jobs"}


def test_in_aws_a_backup_is_copied_and_nothing_new_is_violated() -> None:
    resources = of_stack("production")
    allowed = {each.condition for each in exceptions.load("production", ALL, _TODAY)}
    # The mocks keep no options.
    allowed.add("state-is-protected")
    judged = parameters.load("production", [each.id for each in ALL])

    (job,) = (
        each for each in resources if each.name == "n8n-backup" and each.type.endswith("CronJob")
    )
    (copy,) = job.read()["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert copy["command"][-1] == "s3://n8n-exports-111122223333-eu-central-1/n8n-backup"
    new = [each for each in resources if each.name in ("n8n-backup", "backup-writer")]
    assert {each.type.rpartition(":")[2] for each in new} > {"PodIdentityAssociation", "CronJob"}
    violated = {
        each.condition.id
        for each in judgements(new, *resources, parameters=judged)
        if each.findings
    }
    assert violated <= allowed


MUTATIONS = {
    "data-subjects-have-jobs": Mutation(
        "CronJob", "n8n-erasure", "metadata.labels[n8n-platform/data-subject-rights]", REMOVED
    ),
    "data-subject-jobs-run": Mutation("CronJob", "n8n-export", "spec.suspend", True),
    "data-subject-jobs-reach-the-data": Mutation(
        "NetworkPolicy", "n8n-data-subjects", "spec.egress", REMOVED
    ),
    "data-subject-jobs-alert-on-failure": Mutation(
        "PrometheusRule",
        "n8n-platform",
        "spec.groups",
        lambda groups: [each for each in groups if not each["name"].endswith(".jobs")],
    ),
    "root-file-system-is-read-only": Mutation(
        "CronJob",
        "n8n-restore-test",
        f"{_POD}.initContainers[postgres].securityContext.readOnlyRootFilesystem",
        REMOVED,
    ),
    "runs-as-non-root": Mutation("CronJob", "n8n-backup", f"{_POD}.securityContext.runAsUser", 0),
    "pods-mount-no-token": Mutation(
        "CronJob", "n8n-export", f"{_POD}.automountServiceAccountToken", True
    ),
    "containers-have-requests-and-limits": Mutation(
        "CronJob", "n8n-erasure", f"{_POD}.containers[erasure].resources.limits.memory", REMOVED
    ),
    "data-stores-have-a-retention": Mutation(
        "PersistentVolumeClaim",
        "n8n-data-subjects-exports",
        "metadata.labels[n8n-platform/data-retention-days]",
        "3650",
    ),
    "data-stores-are-classified": Mutation(
        "PersistentVolumeClaim",
        "n8n-backup",
        "metadata.labels[n8n-platform/data-classification]",
        REMOVED,
    ),
    "resources-have-an-owner": Mutation(
        "CronJob", "n8n-restore-test", "metadata.labels[n8n-platform/owner]", REMOVED
    ),
}


@cache
def _violated_with_jobs() -> set[tuple[str, str, str]]:
    return _violated(platform())


@pytest.mark.parametrize("removed", MUTATIONS)
def test_a_removed_safeguard_is_named_by_its_condition_and_no_other(removed: str) -> None:
    after = MUTATIONS[removed].of(platform())
    resources = [after if each.urn == after.urn else each for each in platform()]

    assert _conditions(_violated(resources) - _violated_with_jobs()) == {removed}


def test_every_condition_that_only_these_jobs_meet_is_broken_here_once() -> None:
    met = {
        each.condition.id
        for each in judgements(platform(), *platform(), parameters=PARAMETERS)
        if each.result is Result.PASSED and re.match(r"data-subject", each.condition.id)
    }
    assert met
    assert met - test_platform.MUTATIONS.keys() <= MUTATIONS.keys()
