"""The committed stacks of production, with the roles that a failover and the way back give them."""

import json
import os
import runpy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pulumi
import pytest
import yaml

from tests.unit.mocks import record

_REPOSITORY = Path(__file__).parents[3]

Names = frozenset[tuple[str, str]]


@cache
def protected(stack: str, *, role: str) -> Names:
    """Type and name of what Pulumi refuses to delete, with a role of the stack's."""
    found: set[tuple[str, str]] = set()

    def note(given: pulumi.ResourceTransformationArgs) -> None:
        if given.opts.protect:
            found.add((given.type_, given.name))

    def program() -> None:
        pulumi.runtime.register_stack_transformation(note)
        runpy.run_path(str(_REPOSITORY / "__main__.py"))

    with patch.dict(os.environ, PULUMI_CONFIG=json.dumps(_settings(stack, role))):
        record(program)
    return frozenset(found)


def _settings(stack: str, role: str) -> Mapping[str, str]:
    document: dict[str, Any] = yaml.safe_load((_REPOSITORY / f"Pulumi.{stack}.yaml").read_text())
    areas = document["config"]
    aws = areas["n8n-platform:aws"]
    source = f"arn:aws:rds:{aws['peer']['region']}:{aws['accountId']}:db:n8n-1"
    aws |= {"role": role, "database": {"sourceArn": source} if role == "standby" else {}}
    return {name: json.dumps(area) for name, area in areas.items()}


@pytest.mark.parametrize("stack", ["production", "production-standby"])
def test_no_change_of_roles_deletes_what_pulumi_protects(stack: str) -> None:
    # Or the deployment stops there, and what had to be done after that is not.
    works, waits = (protected(stack, role=role) for role in ("primary", "standby"))
    assert works
    assert works == waits
