"""Stacks whose secrets come from Pulumi ESC, previewed against the operator's real definitions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import REPOSITORY, Environment
from tests.engine.stacks import Stack

PACKS = [str(REPOSITORY / "policies" / name) for name in ("soc2", "gdpr")]


@pytest.fixture
def stack(
    environment: Environment, program: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """The committed stack, on this cluster, and with what its definitions know.

    `environment:` needs Pulumi Cloud. The operator whose definitions are here takes a token only,
    and its chart cannot be rendered.
    """
    committed = yaml.safe_load((REPOSITORY / "Pulumi.staging.yaml").read_text())["config"]
    values: dict[str, Any] = {
        key.removeprefix("n8n-platform:"): value for key, value in committed.items()
    }
    monkeypatch.setenv("N8N_PLATFORM_CHANGE", "tested")
    values["platform"]["context"] = "n8n-platform-local"
    values["esc"] |= {"authentication": "token", "operator": "installed"}
    stack = Stack(environment, program, "staging")
    stack.configure(values)
    yield stack
    stack.destroy()


def test_both_packs_are_clean_and_the_cluster_accepts_every_object(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    monkeypatch.setenv("POLICY_RECORD", str(record))
    preview = stack.preview(policy_packs=PACKS)

    assert set(preview.change_summary) == {"create"}
    judged = [
        json.loads(line) for file in record.iterdir() for line in file.read_text().splitlines()
    ]
    kinds = {each["type"].rpartition(":")[2] for each in judged if "type" in each}
    assert {"SecretStore", "ExternalSecret"} <= kinds
    assert not [each for each in judged if each.get("result") == "violated"]
