"""Resources that are computed once, kept in the state, and replaced when an input changes.

Random values, keys and certificates are of this kind: nothing of them exists outside the state,
so deleting does nothing, and reading returns what the state has.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.provider.experimental import provider as framework
from typing_extensions import override

from local.plugins import values
from local.plugins.differences import differences, property_diff
from local.plugins.server import PluginError, StandIn
from local.plugins.values import Properties

Arguments = dict[str, Any]
"""All inputs of a resource as plain Python: defaults filled in, None for what is not set."""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A computed resource."""

    resource_id: str
    outputs: Mapping[str, Any]
    """A value for each of the type's outputs."""
    inputs: Mapping[str, Any]
    """The inputs it was made from."""


class GeneratedResource(ABC):
    """One type of resource: its inputs, its outputs and how it is computed."""

    inputs: ClassVar[Mapping[str, Any]]
    """Every input with its default; None where there is none."""
    required: ClassVar[frozenset[str]] = frozenset()
    """The inputs that must be given."""
    updatable: ClassVar[frozenset[str]] = frozenset()
    """The inputs that can change without a replacement."""
    outputs: ClassVar[frozenset[str]]
    """What is computed."""
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    """The outputs that are encrypted in the state and hidden on screen."""

    @abstractmethod
    def generate(self, arguments: Arguments) -> Generated:
        """Compute a new one; raises `PluginError` where that is impossible."""

    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        """Yield (input, what is wrong and what is allowed) for inputs that are all known."""
        del arguments  # any values will do, unless a type says otherwise
        yield from ()

    def imported(self, resource_id: str) -> Generated:
        """Rebuild one from the ID that the user gave to an import."""
        # The ID stays out of the message, because for some types it is the secret itself.
        del resource_id
        raise PluginError(f"a {type(self).__name__} cannot be imported: create a new one")

    def outdated(self, state: Properties) -> Properties:
        """The outputs that time alone has changed since the state was written; empty for none."""
        del state  # most resources do not age
        return {}


class GeneratedProvider(StandIn):
    """A provider of generated resources."""

    resources: ClassVar[Mapping[str, GeneratedResource]]
    """Type token to type of resource."""

    @override
    async def check(self, request: framework.CheckRequest) -> framework.CheckResponse:
        resource, inputs = self._resource(values.own_type(request.type)), request.new_inputs
        given = {name for name, value in inputs.items() if value.value is not None}
        wrong = [(name, f"{name} is required") for name in sorted(resource.required - given)]
        wrong += [
            (name, f"{name} is not an input of {values.own_type(request.type)} in this stand-in")
            for name in sorted(given - {*resource.inputs})
        ]
        if not wrong and not any(map(values.contains_unknown, inputs.values())):
            wrong += resource.problems(values.plain(_with_defaults(resource, inputs)))
        return framework.CheckResponse(
            inputs=inputs, failures=[framework.CheckFailure(*failure) for failure in wrong]
        )

    @override
    async def diff(self, request: framework.DiffRequest) -> framework.DiffResponse:
        resource, old = self._resource(values.own_type(request.type)), request.old_state
        new = _with_defaults(resource, request.new_inputs)
        # An output that time has changed is made anew, whatever a refresh wrote for it.
        new |= dict.fromkeys(resource.outdated({**old, **new}), values.UNKNOWN)
        detailed: dict[str, framework.PropertyDiff] = {}
        replaced: list[str] = []
        for name, value in sorted(new.items()):
            replaces = name not in resource.updatable
            changed = differences(name, old.get(name), value)
            detailed |= {
                path: property_diff(kind, replaces=replaces) for path, kind in changed.items()
            }
            if changed and replaces:
                replaced.append(name)
        return framework.DiffResponse(
            changes=bool(detailed), replaces=replaced, detailed_diff=detailed
        )

    @override
    async def create(self, request: framework.CreateRequest) -> framework.CreateResponse:
        resource = self._resource(values.own_type(request.type))
        inputs = _with_defaults(resource, request.properties)
        if request.preview:
            unknown = dict.fromkeys(resource.outputs, values.UNKNOWN)
            return framework.CreateResponse(properties=_state(resource, inputs, unknown))
        # A large RSA key takes seconds, and other resources should not wait for it.
        made = await asyncio.to_thread(resource.generate, values.plain(inputs))
        return framework.CreateResponse(
            resource_id=made.resource_id, properties=_state(resource, inputs, made.outputs)
        )

    @override
    async def read(self, request: framework.ReadRequest) -> framework.ReadResponse:
        resource = self._resource(values.own_type(request.type))
        if request.properties:
            return framework.ReadResponse(
                resource_id=request.resource_id,
                properties={**request.properties, **resource.outdated(request.properties)},
                inputs=request.inputs,
            )
        found = resource.imported(request.resource_id)
        inputs = {
            name: values.from_python(value)
            for name, value in found.inputs.items()
            if value is not None
        }
        return framework.ReadResponse(
            resource_id=found.resource_id,
            properties=_state(resource, _with_defaults(resource, inputs), found.outputs),
            inputs=inputs,
        )

    @override
    async def update(self, request: framework.UpdateRequest) -> framework.UpdateResponse:
        resource = self._resource(values.own_type(request.type))
        kept = {name: value for name, value in request.olds.items() if name in resource.outputs}
        return framework.UpdateResponse(
            properties=_state(resource, _with_defaults(resource, request.news), kept)
        )

    @override
    async def delete(self, request: framework.DeleteRequest) -> None:
        self._resource(values.own_type(request.type))

    def _resource(self, token: str) -> GeneratedResource:
        if token in self.resources:
            return self.resources[token]
        raise PluginError(
            f"the stand-in plugin '{self.package}' has no {token}, only "
            f"{', '.join(sorted(self.resources))}; run on a machine with internet access, where "
            "Pulumi downloads the official plugin"
        )


def _with_defaults(resource: GeneratedResource, inputs: Properties) -> Properties:
    """Every input of the type: as given, else its default, else null."""
    return {
        name: given
        if (given := inputs.get(name)) is not None and given.value is not None
        else values.from_python(default)
        for name, default in resource.inputs.items()
    }


def _state(
    resource: GeneratedResource, inputs: Properties, outputs: Mapping[str, Any]
) -> Properties:
    """The state of a resource: its inputs that are set, and its outputs, secret where they must."""
    state = {name: value for name, value in inputs.items() if value.value is not None}
    for name, value in outputs.items():
        state[name] = values.from_python(value, secret=name in resource.secret_outputs)
    return state
