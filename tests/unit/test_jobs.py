"""The CronJobs for data subjects and for n8n's own backup, as they would be created."""

from typing import Any

import pytest

import settings
from components.base import selector
from components.connections import DatabaseConnection
from components.jobs.backup import Backup
from components.jobs.data_subjects import DataSubjectJobs
from components.secrets import PlatformSecrets
from settings import SettingsError, sizing
from tests.unit.aws.region import primary, standby
from tests.unit.mocks import Recorded, record
from tests.unit.pod_security import violations

ON: dict[str, Any] = {"dataSubjects": {"enabled": True}, "backup": {"enabled": True}}
JOBS = ("n8n-export", "n8n-erasure", "n8n-backup", "n8n-restore-test")


def recorded(*, in_cluster: bool = True, **areas: dict[str, Any]) -> Recorded:
    """The resources of both."""
    stack = settings.parse({**ON, **areas})

    def program() -> None:
        secrets = PlatformSecrets("secrets", settings=stack)
        database = DatabaseConnection(
            host="db.example",
            port=5433,
            database="flows",
            user="n8n",
            password=secrets.database_password,
            certificate_authority=secrets.database_authority,
            pod_labels=dict(selector("database", instance="postgres")) if in_cluster else None,
        )
        DataSubjectJobs("data-subjects", settings=stack, database=database)
        Backup("backup", settings=stack, database=database, secrets=secrets)

    return record(program)


def pod_of(jobs: Recorded, name: str) -> dict[str, Any]:
    return jobs.one("CronJob", name)["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def jobs() -> Recorded:
    return recorded()


@pytest.mark.parametrize("name", JOBS)
def test_pods_may_do_nothing_that_they_need_not(jobs, name):
    pod = pod_of(jobs, name)
    assert violations(pod) == []
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("name", JOBS)
def test_never_two_at_a_time_and_what_a_person_must_do_is_not_tried_again(jobs, name):
    spec = jobs.one("CronJob", name)["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["timeZone"] == "Etc/UTC"
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [3])
    # Which a pod's own restarts would hide.
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_requests_and_answers_are_files_and_nothing_else(jobs):
    for right in ("export", "erasure"):
        pod = pod_of(jobs, f"n8n-{right}")
        (requests,) = (each for each in pod["volumes"] if each["name"] == "requests")
        assert requests["secret"]["secretName"] == "data-subject-requests"
        assert requests["secret"]["optional"] is True
        (container,) = pod["containers"]
        variables = {each["name"]: each for each in container["env"]}
        assert variables["PGSSLMODE"]["value"] == "verify-full"
        assert "valueFrom" in variables["PGPASSWORD"]
    claims = [
        [each for each in pod_of(jobs, name)["volumes"] if "persistentVolumeClaim" in each]
        for name in JOBS
    ]
    # An erasure has no business with answers.
    assert [len(each) for each in claims] == [1, 0, 1, 1]


@pytest.mark.parametrize("in_cluster", [True, False])
def test_jobs_reach_the_database_and_nothing_else(in_cluster):
    jobs = recorded(in_cluster=in_cluster)
    policies = {
        each.inputs["metadata"]["name"]: each.inputs["spec"] for each in jobs.of("NetworkPolicy")
    }
    assert policies.keys() == {"n8n-data-subjects", "n8n-backup"}
    for spec in policies.values():
        (rule,) = spec["egress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": 5433}]
        assert all(("podSelector" if in_cluster else "ipBlock") in each for each in rule["to"])
        assert "ingress" not in spec
    chosen = [spec["podSelector"]["matchLabels"] for spec in policies.values()]
    labels = jobs.one("CronJob", "n8n-restore-test")["spec"]["jobTemplate"]["spec"]["template"][
        "metadata"
    ]["labels"]
    # The namespace refuses the test of a backup everything.
    assert not any(each.items() <= labels.items() for each in chosen)


def test_a_standby_keeps_the_volumes_and_runs_nothing():
    """Pulumi refuses to delete them: a primary could not be deployed as a standby without them."""
    works, waits = recorded(**primary()), recorded(**standby())

    def claims(jobs: Recorded) -> dict[str, Any]:
        return {each.name: each.inputs["spec"] for each in jobs.of("PersistentVolumeClaim")}

    assert claims(works) == claims(waits)
    assert {each.name for each in works.of("CronJob")} == set(JOBS)
    assert waits.of("CronJob") == []


def test_the_key_and_the_password_are_references(jobs):
    for name in ("n8n-backup", "n8n-restore-test"):
        (container,) = pod_of(jobs, name)["containers"]
        secret = {each["name"] for each in container["env"] if "valueFrom" in each}
        assert secret == {"N8N_ENCRYPTION_KEY", "DB_POSTGRESDB_PASSWORD"}
        # Credentials leave n8n as they are stored.
        assert "--decrypted" not in str(container["command"])


def test_what_is_off_is_not_counted_and_what_is_on_is():
    off, on = settings.parse({}), settings.parse(ON)
    assert sizing.peak_need(on).pods == sizing.peak_need(off).pods + 4
    need = sizing.peak_need(on).memory_limits - sizing.peak_need(off).memory_limits
    pods = [pod_of(recorded(), name) for name in JOBS]
    limits = [
        container["resources"]["limits"]["memory"]
        for pod in pods
        for container in (*pod.get("initContainers", []), *pod["containers"])
    ]
    units = {"Mi": 2**20, "Gi": 2**30}
    assert need == sum(int(each[:-2]) * units[each[-2:]] for each in limits)
    connections = sizing.peak_database_connections
    assert connections(on) == connections(off) + 4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"backup": {"days": 6}}, "backup.days"),
        ({"backup": {"days": 36}}, "backup.days"),
        ({"backup": {"minimumDays": 40}}, "backup.minimumDays"),
        ({"backup": {"schedule": "0 3 * * 0"}}, "backup.schedule"),
        ({"backup": {"testSchedule": "0 3 * * *"}}, "backup.testSchedule"),
        ({"dataSubjects": {"erasureSchedule": "0 3 1 * *"}}, "dataSubjects.erasureSchedule"),
        ({"dataSubjects": {"exportSchedule": "61 3 * * *"}}, "dataSubjects.exportSchedule"),
        ({"dataSubjects": {"maximumExecutions": 0}}, "dataSubjects.maximumExecutions"),
    ],
)
def test_a_wrong_setting_is_named(values, said):
    with pytest.raises(SettingsError) as refused:
        settings.parse(values)
    assert said in str(refused.value)
