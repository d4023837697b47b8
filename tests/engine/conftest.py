"""The real engine, on a control plane of the tests' own.

One control plane serves the whole run; each stack lives in a folder of its own, where the program
is linked to, so that the CLI writes nothing into the checkout.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.environment import REPOSITORY, Environment
from tests.engine.cluster import Cluster
from tests.engine.stacks import Stack, link_program


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A control plane with simulated nodes, the toolchain and the plugins."""
    environment = Environment(tmp_path_factory.mktemp("environment"))
    try:
        environment.start()
        yield environment
    finally:
        environment.stop()


@pytest.fixture(scope="session")
def cluster(environment: Environment) -> Cluster:
    """What is in that control plane."""
    return Cluster(environment)


@pytest.fixture
def stand_ins(environment: Environment) -> None:
    """Only for tests of what the stand-ins do otherwise than the official plugins."""
    if not (environment.bin / "pulumi-resource-kubernetes").exists():
        pytest.skip("the official plugins are in use here")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's program in a folder without its stack files."""
    return link_program(tmp_path_factory.mktemp("program"))


@pytest.fixture
def small_program(tmp_path: Path, environment: Environment) -> Iterator[Stack]:
    """A stack whose program a test writes itself; destroyed afterwards."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: small\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    stack = Stack(environment, folder, f"small-{tmp_path.name[-24:].strip('_-')}")
    yield stack
    stack.destroy()
    shutil.rmtree(folder)
