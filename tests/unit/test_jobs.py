"""The CronJobs for data subjects and for n8n's own backup, as they would be created."""

from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

import settings
from components.base import selector
from components.connections import BackupBucket, DatabaseConnection
from components.jobs.backup import Backup
from components.jobs.data_subjects import DataSubjectJobs
from components.secrets import PlatformSecrets
from settings import SettingsError, sizing
from tests.unit.aws.region import primary, standby
from tests.unit.mocks import Recorded, record
from tests.unit.pod_security import violations

ON: dict[str, Any] = {"dataSubjects": {"enabled": True}, "backup": {"enabled": True}}
BUCKET = BackupBucket(
    name="n8n-exports-111122223333-eu-central-1", prefix="n8n-backup", region="eu-central-1"
)
JOBS = ("n8n-export", "n8n-erasure", "n8n-backup", "n8n-restore-test")


def recorded(
    *, in_cluster: bool = True, bucket: BackupBucket | None = None, **areas: dict[str, Any]
) -> Recorded:
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
        Backup("backup", settings=stack, database=database, secrets=secrets, bucket=bucket)

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


def test_with_a_bucket_the_backup_comes_first_and_its_copy_fails_the_job():
    with_bucket, without = recorded(bucket=BUCKET), recorded()
    pod = pod_of(with_bucket, "n8n-backup")
    assert violations(pod) == []
    (before,), (copy,) = pod["initContainers"], pod["containers"]
    # Exactly what it is without a bucket, and no sidecar: it has ended when the copy begins.
    assert before == pod_of(without, "n8n-backup")["containers"][0]
    assert "restartPolicy" not in before
    assert copy["image"].startswith("public.ecr.aws/aws-cli/aws-cli:2.")
    assert copy["command"][-1] == f"s3://{BUCKET.name}/n8n-backup"
    variables = {each["name"]: each.get("value") for each in copy["env"]}
    assert variables["AWS_REGION"] == "eu-central-1"
    assert copy["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_copy_sees_no_key_and_changes_no_backup():
    pod = pod_of(recorded(bucket=BUCKET), "n8n-backup")
    (copy,) = pod["containers"]
    assert not [each for each in copy["env"] if "valueFrom" in each]
    memory = {
        each["name"]
        for each in pod["volumes"]
        if each.get("emptyDir", {}).get("medium") == "Memory"
    }
    writable = {each["name"]: each for each in copy["volumeMounts"] if not each.get("readOnly")}
    assert writable.keys() == {"aws"} <= memory
    home = {each["name"]: each.get("value") for each in copy["env"]}["HOME"]
    assert writable["aws"]["mountPath"] == home
    assert "backups" in {each["name"] for each in copy["volumeMounts"]}


def test_the_copy_reaches_the_agent_and_public_addresses_and_the_test_of_a_backup_nobody():
    jobs = recorded(bucket=BUCKET)
    spec = jobs.one("NetworkPolicy", "n8n-backup")["spec"]
    database, agent, s3 = spec["egress"]
    assert database["ports"] == [{"protocol": "TCP", "port": 5433}]
    # The metadata service, at 169.254.169.254, is not in it.
    assert agent["to"] == [{"ipBlock": {"cidr": "169.254.170.23/32"}}]
    assert agent["ports"] == [{"protocol": "TCP", "port": 80}]
    assert s3["ports"] == [{"protocol": "TCP", "port": 443}]
    assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(s3["to"][0]["ipBlock"]["except"])
    labels = jobs.one("CronJob", "n8n-restore-test")["spec"]["jobTemplate"]["spec"]["template"]
    assert not spec["podSelector"]["matchLabels"].items() <= labels["metadata"]["labels"].items()


def test_where_names_are_enforced_the_copy_reaches_its_bucket_alone():
    jobs = recorded(bucket=BUCKET, platform={"egress": "names"})
    by_address = jobs.one("NetworkPolicy", "n8n-backup")["spec"]["egress"]
    assert [each["ports"][0]["port"] for each in by_address] == [5433, 80]
    by_name = jobs.one("CiliumNetworkPolicy", "n8n-backup")["spec"]
    assert by_name["endpointSelector"]["matchLabels"]["app.kubernetes.io/component"] == "backup"
    _, s3, agent = by_name["egress"]
    host = "n8n-exports-111122223333-eu-central-1.s3.eu-central-1.amazonaws.com"
    assert s3["toFQDNs"] == [{"matchName": host}]
    assert agent["toEntities"] == ["host"]
    assert agent["toPorts"] == [{"ports": [{"port": "80", "protocol": "TCP"}]}]


def test_without_a_bucket_nothing_of_the_copy_is_there():
    jobs = recorded(platform={"egress": "names"})
    assert not jobs.of("CiliumNetworkPolicy")
    assert "initContainers" not in pod_of(jobs, "n8n-backup")
    scripts = jobs.one("ConfigMap", "n8n-backup")["data"]
    assert scripts.keys() == {"backup.sh", "test-backup.sh"}


def test_the_copy_needs_no_more_than_the_backup_before_it():
    pod = pod_of(recorded(bucket=BUCKET), "n8n-backup")
    before, copy = (each[0]["resources"] for each in (pod["initContainers"], pod["containers"]))
    for amounts in ("requests", "limits"):
        for kind in ("cpu", "memory"):
            assert parse_quantity(copy[amounts][kind]) <= parse_quantity(before[amounts][kind])


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
