"""The gRPC methods of a stand-in, where the SDK's provider framework leaves something out.

- **Previous inputs**: `request.old_state["__inputs"]` of a diff (`request.olds["__inputs"]` of an
  update, `request.properties["__inputs"]` of a delete). Use `previous_inputs`.
- **Reads** that find nothing say so.
- **Components**: `construct` gets unknown inputs as `values.UNKNOWN` instead of a failure.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto, rpc
from typing_extensions import override

from local.plugins.values import Properties

PREVIOUS_INPUTS = "__inputs"
"""The property of an old state in which requests carry the inputs that made it."""


def previous_inputs(state: Properties) -> Properties:
    """The inputs that made the old state of a diff, update or delete request."""
    inputs = state[PREVIOUS_INPUTS].value if PREVIOUS_INPUTS in state else None
    return dict(inputs) if isinstance(inputs, Mapping) else {}


class Servicer(ProviderServicer):
    """The framework's servicer with what it leaves out."""

    @override
    async def Diff(self, request: proto.DiffRequest, context: Any) -> proto.DiffResponse:
        _carry_inputs(request.olds, request.old_inputs)
        return await super().Diff(request, context)

    @override
    async def Update(self, request: proto.UpdateRequest, context: Any) -> proto.UpdateResponse:
        _carry_inputs(request.olds, request.old_inputs)
        return await super().Update(request, context)

    @override
    async def Delete(self, request: proto.DeleteRequest, context: Any) -> Any:
        _carry_inputs(request.properties, request.old_inputs)
        return await super().Delete(request, context)

    @override
    async def Read(self, request: proto.ReadRequest, context: Any) -> proto.ReadResponse:
        response = await super().Read(request, context)
        # To an import, properties say that there is a resource, even if they are empty.
        return response if response.id else proto.ReadResponse()

    @override
    async def Construct(
        self, request: proto.ConstructRequest, context: Any
    ) -> proto.ConstructResponse:
        for value in request.inputs.fields.values():
            _fill_unknown(value)
        # Not the framework's own Construct: it would append a traceback to a PluginError.
        return await self._construct(request, context)


def _carry_inputs(state: struct_pb2.Struct, inputs: struct_pb2.Struct) -> None:
    state.fields[PREVIOUS_INPUTS].struct_value.CopyFrom(inputs)


def _fill_unknown(value: struct_pb2.Value) -> None:
    """Give every output value without a value the sentinel for unknown; the framework wants one."""
    match value.WhichOneof("kind"):
        case "list_value":
            for item in value.list_value.values:
                _fill_unknown(item)
        case "struct_value":
            fields = value.struct_value.fields
            signature = (
                fields[rpc._special_sig_key].string_value if rpc._special_sig_key in fields else ""
            )
            if signature == rpc._special_output_value_sig:
                # The framework reads these three without asking whether they are there.
                if "value" not in fields:
                    fields["value"].string_value = rpc.UNKNOWN
                if "secret" not in fields:
                    fields["secret"].bool_value = False
                if "dependencies" not in fields:
                    fields["dependencies"].list_value.SetInParent()
            for item in list(fields.values()):
                _fill_unknown(item)
