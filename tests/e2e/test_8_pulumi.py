"""What `pulumi` says of the running platform, and what it leaves behind. The last of all."""

from local.environment import Environment
from tests.e2e.platform import NAMESPACE, Platform
from tests.e2e.pulumi import pulumi
from tests.e2e.results import Results, stopwatch
from tests.waiting import eventually


def test_a_second_up_changes_nothing(environment: Environment, results: Results) -> None:
    said = pulumi(environment, "up", "--yes", "--skip-preview", "--expect-no-changes")
    unchanged = next(line.strip() for line in said.splitlines() if "unchanged" in line)
    results.add("pulumi up again", unchanged)


def test_destroy_leaves_nothing(
    environment: Environment, platform: Platform, results: Results
) -> None:
    with stopwatch() as watch:
        pulumi(environment, "destroy", "--yes", "--skip-preview")
        eventually(
            lambda: NAMESPACE not in platform.kubectl("get", "namespaces", "--output", "name"),
            "the namespace is gone",
        )
        eventually(
            lambda: NAMESPACE not in _namespaces_of_volumes(platform), "the volumes are gone"
        )
    results.add("pulumi destroy", "namespace and volumes gone", seconds=watch.seconds)


def _namespaces_of_volumes(platform: Platform) -> set[str]:
    """The namespaces whose claims have volumes: monitoring keeps its own."""
    volumes = platform.objects("persistentvolumes")
    return {volume["spec"]["claimRef"]["namespace"] for volume in volumes}
