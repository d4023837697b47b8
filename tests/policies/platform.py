"""The platform's own program, run without an engine, as the policies see its resources."""

import json
import os
import runpy
from collections.abc import Mapping
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
    return of_stack(NAME)


def of_stack(stack: str, **areas: Mapping[str, Any]) -> tuple[Resource, ...]:
    """The same of any stack, with more settings by their area."""
    with patch.dict(os.environ, PULUMI_CONFIG=json.dumps(_settings(stack, areas))):
        recorded = record(partial(runpy.run_path, str(_REPOSITORY / "__main__.py")))
    (provider,) = (Place("provider", each.inputs) for each in recorded if each.type == _PROVIDER)
    return (
        resource(STACK, name=f"n8n-platform-{stack}"),
        *(
            Resource(
                type=each.type,
                name=each.name,
                # The mocks keep no parents, without which two resources would share theirs.
                urn=f"urn:pulumi:{stack}::n8n-platform::{position}${each.type}::{each.name}",
                read=partial(dict, each.inputs),
                provider=provider,
            )
            for position, each in enumerate(recorded)
        ),
    )


def _settings(stack: str, areas: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The settings as the CLI hands them to the program: each area as JSON."""
    document = yaml.safe_load((_REPOSITORY / f"Pulumi.{stack}.yaml").read_text())
    settings: dict[str, dict[str, Any]] = document["config"]
    settings["n8n-platform:governance"]["change"] = "0123abc"
    for name, area in areas.items():
        settings.setdefault(f"n8n-platform:{name}", {}).update(area)
    return {key: json.dumps(area) for key, area in settings.items()}
