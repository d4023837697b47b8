"""The environment that `make up` made, and what all scenarios share."""

from collections.abc import Iterator

import pytest

from local.environment import REPOSITORY, Environment
from local.n8n import addresses, owner
from local.n8n.api import N8n
from local.n8n.first_use import OWNER_FILE
from local.nodes.real import RealNodes
from local.progress import Steps
from tests.e2e.platform import Platform
from tests.e2e.results import Results

_FOLDER = REPOSITORY / ".local"
_RESULTS = pytest.StashKey[Results]()


@pytest.fixture(scope="session")
def nodes() -> RealNodes:
    """The nodes of this checkout's environment."""
    return RealNodes(_FOLDER)


@pytest.fixture(scope="session")
def environment(nodes: RealNodes) -> Environment:
    """The environment of this checkout; the tests fail where it does not run on real nodes."""
    found = Environment(_FOLDER, nodes=nodes)
    if found.started_with() != nodes.kind or nodes.missing():
        pytest.fail("The platform does not run on real nodes: `make up` first.", pytrace=False)
    nodes.prepare(found.toolchain, Steps())
    return found


@pytest.fixture(scope="session")
def platform(environment: Environment) -> Platform:
    """The platform, with the owner logged in to n8n."""
    public = addresses.read(REPOSITORY / "Pulumi.local.yaml")
    n8n = N8n(public.editor)
    n8n.wait_until_open(lambda _: None)
    owner.sign_in(n8n, environment.directory / OWNER_FILE)
    return Platform(environment, n8n, public.webhooks)


@pytest.fixture(scope="session")
def results(environment: Environment, request: pytest.FixtureRequest) -> Iterator[Results]:
    """The table of all scenarios, written at the end and printed after it."""
    found = request.config.stash.setdefault(_RESULTS, Results())
    yield found
    found.write(environment.directory / "e2e.json")


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Print the table of all scenarios."""
    if found := config.stash.get(_RESULTS, None):
        found.show()
