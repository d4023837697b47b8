"""What a failover does with the real Pulumi CLI: a stack's file and its state."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from failover.errors import FailoverError
from failover.plan import GENERATION, ROLE, SOURCE
from failover.programs import Pulumi
from failover.state import without_database
from local.environment import REPOSITORY, Environment
from tests.engine.cluster import Cluster
from tests.engine.stacks import Stack
from tests.failover.world import resources
from tests.unit.aws.region import primary, standby

FILE = """\
# Waits in another region.
config:
  n8n-platform:platform:
    zones: [eu-west-1a, eu-west-1b, eu-west-1c]
  n8n-platform:aws:
    # What it does now.
    role: standby
    database:
      sourceArn: arn:aws:rds:eu-central-1:111122223333:db:n8n-1
      generation: 1
"""


@pytest.fixture
def pulumi(environment: Environment, tmp_path: Path) -> Pulumi:
    """The CLI, on a stack with a file and a state, and a backend of its own."""
    (tmp_path / "backend").mkdir()
    program = tmp_path / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: n8n-platform\nruntime: python\n")
    (program / "Pulumi.two.yaml").write_text(FILE)
    pulumi = Pulumi(
        stack="two",
        folder=program,
        environment={
            **environment.pulumi_environment(),
            "PATH": f"{environment.bin}:{os.environ['PATH']}",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "of this test",
        },
    )
    assert run(pulumi, "stack", "init").returncode == 0
    state = pulumi.state()
    state["deployment"]["resources"] = resources("n8n-1")
    pulumi.replace_state(state)
    return pulumi


def run(pulumi: Pulumi, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pulumi", *arguments, "--stack", "two", "--non-interactive"],
        cwd=pulumi.folder,
        env=dict(pulumi.environment),
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_change_and_everything_else_in_the_file_stays(pulumi: Pulumi) -> None:
    file = pulumi.folder / "Pulumi.two.yaml"
    before = file.read_text()

    pulumi.configure({SOURCE: None, ROLE: "primary"})
    pulumi.configure({SOURCE: None, ROLE: "primary"})

    removed = "      sourceArn: arn:aws:rds:eu-central-1:111122223333:db:n8n-1\n"
    assert file.read_text() == before.replace("standby", "primary").replace(removed, "")

    arn = "arn:aws:rds:eu-west-1:111122223333:db:n8n-1"
    pulumi.configure({ROLE: "standby", GENERATION: "2", SOURCE: arn})
    text = file.read_text()
    assert "generation: 2\n" in text
    assert f"sourceArn: {arn}\n" in text


def test_a_change_that_fails_leaves_the_file_as_it_was(pulumi: Pulumi) -> None:
    file = pulumi.folder / "Pulumi.two.yaml"
    before = file.read_text()
    with pytest.raises(FailoverError):
        pulumi.configure({ROLE: "primary", "n8n-platform:aws[": "x"})
    assert file.read_text() == before
    assert [each.name for each in pulumi.folder.iterdir() if each.is_dir()] == []


def test_the_state_forgets_the_database_and_keeps_what_depends_on_it(pulumi: Pulumi) -> None:
    (instance,) = (
        each["urn"]
        for each in pulumi.state()["deployment"]["resources"]
        if each["type"] == "aws:rds/instance:Instance"
    )
    # Why this is not left to the CLI.
    assert run(pulumi, "state", "delete", instance, "--force", "--yes").returncode != 0

    smaller = without_database(pulumi.state(), "n8n-1")
    assert smaller
    pulumi.replace_state(smaller)

    text = json.dumps(pulumi.state())
    assert instance not in text
    assert "kubernetes:apps/v1:Deployment" in text
    assert without_database(pulumi.state(), "n8n-1") is None


def test_a_database_of_another_generation_is_not_forgotten(pulumi: Pulumi) -> None:
    assert without_database(pulumi.state(), "n8n-2") is None


_MAPS = """\
import pulumi
import pulumi_kubernetes as kubernetes

cluster = kubernetes.Provider("cluster", context="n8n-platform-local", namespace="default")
for name in ("one", "two", "other"):
    kubernetes.core.v1.ConfigMap(
        name,
        metadata={"name": name},
        data={"key": "deployed"},
        opts=pulumi.ResourceOptions(provider=cluster),
    )
"""


def test_some_resources_are_brought_up_to_what_there_is(
    small_program: Stack, cluster: Cluster, environment: Environment
) -> None:
    small_program.write_program(_MAPS)
    small_program.up()
    for name in ("one", "two", "other"):
        cluster.kubectl(
            "patch", "configmap", name, "--patch", json.dumps({"data": {"key": "changed"}})
        )
    pulumi = Pulumi(
        stack=small_program.name,
        folder=small_program.folder,
        environment={
            **environment.pulumi_environment(),
            "PATH": f"{environment.bin}:{os.environ['PATH']}",
        },
    )

    def known() -> dict[str, str]:
        return {
            each["urn"].rpartition("::")[2]: each["outputs"]["data"]["key"]
            for each in pulumi.state()["deployment"]["resources"]
            if each["type"].endswith(":ConfigMap")
        }

    assert known() == {"one": "deployed", "two": "deployed", "other": "deployed"}
    urns = [
        each["urn"]
        for each in pulumi.state()["deployment"]["resources"]
        if each["urn"].endswith(("::one", "::two"))
    ]
    pulumi.refresh(urns)
    assert known() == {"one": "changed", "two": "changed", "other": "deployed"}


_JOBS = """\
import json
import sys

sys.path.insert(0, {repository!r})

import pulumi
import pulumi_kubernetes as kubernetes

import settings
from components.connections import external_database
from components.jobs.backup import Backup
from components.jobs.data_subjects import DataSubjectJobs
from components.secrets import PlatformSecrets

stack = settings.parse(json.loads({values!r}))
cluster = kubernetes.Provider(
    "cluster", context="n8n-platform-local", namespace=stack.platform.namespace
)
namespace = kubernetes.core.v1.Namespace(
    "namespace",
    metadata={{"name": stack.platform.namespace}},
    opts=pulumi.ResourceOptions(provider=cluster),
)
within = pulumi.ResourceOptions(provider=cluster, depends_on=[namespace])
secrets = PlatformSecrets("secrets", settings=stack, opts=within)
database = external_database(
    stack.database, secrets.database_password, secrets.database_authority
)
DataSubjectJobs("data-subjects", settings=stack, database=database, opts=within)
Backup("backup", settings=stack, database=database, secrets=secrets, opts=within)
"""
"""The part of the platform that a standby has less of, and that keeps data."""


def test_a_role_is_deployed_both_ways_and_volumes_stay(
    small_program: Stack, cluster: Cluster
) -> None:
    here = "of-two-roles"
    platform = {"namespace": here, "storageClass": "standard"}

    def deploy(values: dict) -> None:
        given = {
            **values,
            "platform": {**values["platform"], **platform},
            "secrets": {"source": "existing"},
        }
        small_program.write_program(
            _JOBS.format(repository=str(REPOSITORY), values=json.dumps(given))
        )
        small_program.up()

    def claims() -> dict[str, str]:
        return {
            each["metadata"]["name"]: each["metadata"]["uid"]
            for each in cluster.objects("persistentvolumeclaims", namespace=here)
        }

    try:
        deploy(primary())
        first = claims()
        assert len(first) == 2
        assert len(cluster.names("cronjobs", namespace=here)) == 4

        deploy(standby())
        assert claims() == first
        assert cluster.names("cronjobs", namespace=here) == []

        deploy(primary())
        assert claims() == first
        assert len(cluster.names("cronjobs", namespace=here)) == 4
    finally:
        # Or what is made for this test could not be taken away.
        small_program.unprotect()
