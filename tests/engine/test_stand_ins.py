"""What the stand-ins do otherwise than the official plugins: they say what they cannot do."""

import pytest
from pulumi.automation import OpType

from tests.engine.stacks import Stack, failure

pytestmark = pytest.mark.usefixtures("stand_ins")

_CHART = """\
import pulumi
import pulumi_kubernetes as kubernetes

cluster = kubernetes.Provider("cluster", context="n8n-platform-local")
kubernetes.helm.v4.Chart(
    "chart",
    chart="oci://registry.example/chart",
    opts=pulumi.ResourceOptions(provider=cluster),
)
"""


def test_the_stand_in_previews_a_chart_as_one_piece_and_refuses_to_deploy_it(
    small_program: Stack,
) -> None:
    small_program.write_program(_CHART)
    preview = small_program.preview()
    assert "neither they nor what policies say about them are in this preview" in preview.stderr
    assert "kubernetes:helm.sh/v4:Chart" in preview.stdout
    assert "chart" in failure(small_program.up)


_BUCKET = """\
import pulumi

pulumi.CustomResource("aws:s3/bucket:Bucket", "bucket", {"forceDestroy": False})
"""


def test_the_stand_in_previews_aws_and_refuses_to_deploy_it(small_program: Stack) -> None:
    small_program.write_program(_BUCKET)
    assert small_program.preview().change_summary[OpType.CREATE] == 2
    assert "only previews" in failure(small_program.up)


_UNKNOWN = """\
import pulumi

pulumi.CustomResource("gcp:storage/bucket:Bucket", "bucket", {})
"""


def test_a_package_without_a_plugin_is_refused_at_once(small_program: Stack) -> None:
    small_program.write_program(_UNKNOWN)
    text = failure(small_program.preview)
    assert "pulumi-resource-gcp" in text
    assert "on your $PATH" in text
