"""A stack of another cluster, with the real CLI: without a login to Pulumi, and with one."""

import os
from pathlib import Path

import pytest

from local import commands
from local.elsewhere import Elsewhere
from local.environment import Environment
from local.errors import LocalError
from local.progress import Steps
from tests.engine.stacks import link_program

STACK = "elsewhere"
SETTINGS = """\
environment:
  - n8n-platform/production-deploy
config:
  n8n-platform:platform: {namespace: of-this-stack}
"""
PROGRAM = """\
import pulumi

pulumi.export("namespace", pulumi.Config().require_object("platform")["namespace"])
"""


@pytest.fixture
def elsewhere(
    tmp_path: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> Elsewhere:
    """A stack of a small program, in a CLI that nobody has used before."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for variable in ("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.delenv(variable, raising=False)
    program = link_program(tmp_path / "program")
    (program / "__main__.py").unlink()
    (program / "__main__.py").write_text(PROGRAM)
    (program / f"Pulumi.{STACK}.yaml").write_text(SETTINGS)
    return Elsewhere(environment, program, STACK, Steps())


def test_without_a_login_the_stack_is_shown_from_nothing(
    elsewhere: Elsewhere, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert elsewhere.preview("--color", "never") == 0
    said = "".join(capfd.readouterr())
    assert "Nobody is logged in to Pulumi." in said
    assert "without ESC's n8n-platform/production-deploy" in said
    assert "of-this-stack" in said
    assert "+ 1 to create" in said
    # The committed file is as it was, and no later command finds a login or a stack.
    assert (tmp_path / "program" / f"Pulumi.{STACK}.yaml").read_text() == SETTINGS
    with elsewhere.ready() as (_, state):
        assert not state


def test_without_a_login_nothing_is_deployed(elsewhere: Elsewhere) -> None:
    with pytest.raises(LocalError, match="`pulumi login` first"):
        elsewhere.up()


def test_with_a_login_the_stack_is_in_the_users_own_backend(
    elsewhere: Elsewhere,
    environment: Environment,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "backend").mkdir()
    commands.output(
        (environment.bin / "pulumi", "login", (tmp_path / "backend").as_uri()),
        environment=os.environ,
    )
    assert elsewhere.preview("--color", "never") != 0
    said = "".join(capfd.readouterr())
    assert f"no stack named '{STACK}' found" in said
    assert "Nobody is logged in" not in said
