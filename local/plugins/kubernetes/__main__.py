"""The plugin process; the Pulumi CLI starts it."""

import sys
from typing import Any

import grpc.aio
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc
from typing_extensions import override

from local.plugins import server
from local.plugins.kubernetes import naming
from local.plugins.kubernetes.naming import Autonaming
from local.plugins.kubernetes.provider import KubernetesProvider


class _Servicer(server._Servicer):
    """Adds what the framework leaves out: configured names, and a clear "it does not exist"."""

    @override
    async def Configure(
        self, request: proto.ConfigureRequest, context: Any
    ) -> proto.ConfigureResponse:
        response = await super().Configure(request, context)
        response.supports_autonaming_configuration = True
        return response

    @override
    async def Check(self, request: proto.CheckRequest, context: Any) -> proto.CheckResponse:
        wanted = request.autonaming
        naming.WANTED.set(
            Autonaming(
                proposed_name=wanted.proposed_name,
                is_disabled=wanted.mode == proto.CheckRequest.AutonamingOptions.DISABLE,
            )
        )
        return await super().Check(request, context)

    @override
    async def Read(self, request: proto.ReadRequest, context: Any) -> proto.ReadResponse:
        response = await super().Read(request, context)
        # To an import, properties say that there is a resource, even if they are empty.
        return response if response.id else proto.ReadResponse()


def _register(grpc_server: grpc.aio.Server, engine_address: str) -> None:
    provider = KubernetesProvider(server.EngineLog(engine_address))
    version = server.version_of("pulumi-kubernetes")
    servicer = _Servicer(sys.argv[1:], version, provider, engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, grpc_server)


if __name__ == "__main__":
    server.serve(_register)
