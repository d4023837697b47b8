"""A Prometheus that has scraped the recordings."""

from collections.abc import Iterator

import pytest

from tests.monitoring import binaries, prometheus
from tests.monitoring.prometheus import Prometheus


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus without rules, shared by all tests of a process."""
    try:
        binaries.prometheus()
    except LookupError as error:
        pytest.fail(str(error), pytrace=False)
    with prometheus.running(tmp_path_factory.mktemp("prometheus")) as running:
        yield running
