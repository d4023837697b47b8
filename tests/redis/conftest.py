"""Redis itself, six nodes that are not started, and a cluster that is whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis import binaries
from tests.redis.binaries import Redis
from tests.redis.machines import PODS, Machines, machines
from tests.waiting import eventually


@pytest.fixture(scope="session")
def redis() -> Redis:
    """Redis 7 or newer; the tests fail with what to install where there is none."""
    try:
        return binaries.find()
    except LookupError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def site(redis: Redis, tmp_path: Path) -> Iterator[Machines]:
    """Six pods of this test alone, not started."""
    with machines(redis, tmp_path) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def _shared_cluster(redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(redis, tmp_path_factory.mktemp("redis")) as nodes:
        nodes.start(*PODS)
        outcome = nodes.bootstrap()
        assert outcome.returncode == 0, outcome.stdout
        yield nodes


@pytest.fixture
def cluster(_shared_cluster: Machines) -> Machines:
    """A cluster in its declared places; tests share it, and each leaves six pods running."""
    return _settled(_shared_cluster)


@pytest.fixture(scope="module")
def steady_cluster(_shared_cluster: Machines) -> Machines:
    """The same, for a module whose tests start and stop nothing."""
    return _settled(_shared_cluster)


def _settled(nodes: Machines) -> Machines:
    eventually(nodes.is_as_declared, "all nodes are in their places", seconds=30)
    return nodes
