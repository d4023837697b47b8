"""The plugin process; the Pulumi CLI starts it."""

from typing import Any

from pulumi.runtime import proto
from typing_extensions import override

from local.plugins import server
from local.plugins.kubernetes import naming
from local.plugins.kubernetes.naming import Autonaming
from local.plugins.kubernetes.provider import KubernetesProvider
from local.plugins.servicer import Servicer


class _Servicer(Servicer):
    """Hands over how names are configured, which the framework leaves out."""

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


if __name__ == "__main__":
    server.serve_provider(
        KubernetesProvider, version=server.version_of("pulumi-kubernetes"), servicer=_Servicer
    )
