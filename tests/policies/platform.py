"""The platform's own program, run without an engine, as the policies see its resources."""

import json
import os
import runpy
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from policies.resources.place import Place
from policies.resources.resource import STACK, Resource
from tests.policies.judging import resource
from tests.unit.mocks import record

NAME = "local"

_REPOSITORY = Path(__file__).parents[2]
_PROVIDER = "pulumi:providers:kubernetes"


@cache
def platform() -> tuple[Resource, ...]:
    """All resources of the stack `local`, with the settings that `make up` adds."""
    with patch.dict(os.environ, PULUMI_CONFIG=json.dumps(_settings())):
        recorded = record(partial(runpy.run_path, str(_REPOSITORY / "__main__.py")))
    (provider,) = (Place("provider", each.inputs) for each in recorded if each.type == _PROVIDER)
    return (
        resource(STACK, name=f"n8n-platform-{NAME}"),
        *(
            Resource(
                type=each.type,
                name=each.name,
                # The mocks keep no parents, without which two resources would share theirs.
                urn=f"urn:pulumi:{NAME}::n8n-platform::{position}${each.type}::{each.name}",
                read=partial(dict, each.inputs),
                provider=provider,
            )
            for position, each in enumerate(recorded)
        ),
    )


def _settings() -> dict[str, str]:
    """The settings as the CLI hands them to the program: each area as JSON."""
    document = yaml.safe_load((_REPOSITORY / f"Pulumi.{NAME}.yaml").read_text())
    settings: dict[str, dict[str, Any]] = document["config"]
    settings["n8n-platform:governance"]["change"] = "0123abc"
    return {key: json.dumps(area) for key, area in settings.items()}
