"""Calls of a provider, as the engine makes them, in few words."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.provider.experimental import provider as framework
from typing_extensions import override

from local.plugins import servicer, values
from local.plugins.server import EngineLog
from local.plugins.values import Properties


class RecordedLog(EngineLog):
    """Keeps what a plugin says instead of sending it to an engine."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    @override
    def warning(self, message: str, *, urn: str = "") -> None:
        self.warnings.append(message)


def properties(plain: Mapping[str, Any]) -> Properties:
    return {name: values.from_python(value) for name, value in plain.items()}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One resource of one provider."""

    provider: framework.Provider
    type: str
    name: str = field(default="it")

    @property
    def urn(self) -> str:
        return f"urn:pulumi:stack::project::{self.type}::{self.name}"

    def problems(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        """What a check finds wrong: input to reason."""
        request = framework.CheckRequest(self.urn, {}, properties(inputs), b"")
        failures = asyncio.run(self.provider.check(request)).failures or []
        return {failure.property: failure.reason for failure in failures}

    def create(
        self, inputs: Mapping[str, Any], *, preview: bool = False
    ) -> framework.CreateResponse:
        request = framework.CreateRequest(self.urn, properties(inputs), 0, preview)
        return asyncio.run(self.provider.create(request))

    def state(self, inputs: Mapping[str, Any]) -> Properties:
        return self.create(inputs).properties

    def diff(
        self,
        state: Mapping[str, Any],
        new: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
    ) -> framework.DiffResponse:
        carried = properties(state) | {servicer.PREVIOUS_INPUTS: values.from_python(old or {})}
        request = framework.DiffRequest(self.urn, "id", carried, properties(new), [])
        return asyncio.run(self.provider.diff(request))

    def update(self, state: Properties, new: Mapping[str, Any]) -> Properties:
        request = framework.UpdateRequest(self.urn, "id", state, properties(new), 0, [], False)
        return asyncio.run(self.provider.update(request)).properties

    def read(self, resource_id: str, state: Properties | None = None) -> framework.ReadResponse:
        request = framework.ReadRequest(self.urn, resource_id, state or {}, {})
        return asyncio.run(self.provider.read(request))
