"""The provider: what the engine asks, answered with the modules beside this one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pulumi.provider.experimental.provider import (
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    ConstructRequest,
    ConstructResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)
from typing_extensions import override

from local.plugins import values
from local.plugins.kubernetes import (
    annotations,
    charts,
    checkpoint,
    diffing,
    kinds,
    kubeconfig,
    naming,
    normalizing,
    readiness,
    replacement,
    wait_for,
)
from local.plugins.kubernetes.cluster import ApiError, Object, UnknownKindError, UnreachableError
from local.plugins.kubernetes.connection import Connection
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.kubeconfig import ProviderSettings
from local.plugins.kubernetes.lifecycle import Lifecycle
from local.plugins.kubernetes.readiness import Related
from local.plugins.kubernetes.waiting import Waits
from local.plugins.server import EngineLog, PluginError, StandIn


class KubernetesProvider(StandIn):
    """Kubernetes objects, applied and watched as the official provider does."""

    package = "kubernetes"
    limits: ClassVar[str] = (
        "It applies single objects; it does not render Helm charts, YAML files or Kustomize "
        "directories."
    )

    def __init__(self, log: EngineLog) -> None:
        super().__init__(log)
        self._waits = Waits()
        self._connection = Connection(ProviderSettings(), log)
        self._lifecycle = Lifecycle(self._connection, self._waits, log)

    @override
    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        response = await super().configure(request)
        self._connection = Connection(ProviderSettings.parse(request.variables), self.log)
        self._connection.open()
        self._lifecycle = Lifecycle(self._connection, self._waits, self.log)
        return response

    @override
    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        """Another cluster is another provider, so that everything on the old one is replaced."""
        olds, news = values.plain(request.old_state), values.plain(request.new_inputs)
        before, after = (kubeconfig.server_of(_location(side)) for side in (olds, news))
        has_moved = before is not None and after is not None and before != after
        changed = [key for key in ("kubeconfig", "context") if olds.get(key) != news.get(key)]
        return DiffResponse(replaces=changed if has_moved else [])

    @override
    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """There is none, which only the code generation of an import misses."""
        raise PluginError(
            "the stand-in kubernetes plugin has no schema to generate code from; "
            "run `pulumi import` with --generate-code=false and write the resource by hand"
        )

    @override
    async def check(self, request: CheckRequest) -> CheckResponse:
        """Complete the inputs: one spelling, a name, a namespace."""
        if values.own_type(request.type) == kinds.HELM_RELEASE:
            return CheckResponse(inputs=request.new_inputs)
        kind = kinds.of_token(values.own_type(request.type))
        news = normalizing.inputs(values.plain(request.new_inputs))
        if wanted := annotations.value(news, annotations.WAIT_FOR):
            wait_for.parse(wanted)  # complains before anything is changed
        news.setdefault("apiVersion", kind.api_version)
        news.setdefault("kind", kind.name)
        if request.old_inputs:
            naming.adopt(news, values.plain(request.old_inputs))
        naming.assign(news, resource=request.name, seed=request.random_seed)
        metadata = news["metadata"]
        if (
            isinstance(metadata, dict)
            and not metadata.get("namespace")
            and await self._is_namespaced(kinds.of_object(news))
        ):
            metadata["namespace"] = self._connection.default_namespace
        return CheckResponse(inputs=checkpoint.marked_inputs(news, request.new_inputs))

    @override
    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Compare what is wanted now with what is there."""
        if values.own_type(request.type) == kinds.HELM_RELEASE:
            previous = values.plain(request.old_state).get(checkpoint.INPUTS)
            return DiffResponse(changes=previous != values.plain(request.new_inputs))
        new_inputs = normalizing.inputs(values.plain(request.new_inputs))
        live = checkpoint.live_object(request.old_state)
        settings = self._connection.settings
        found = diffing.compare(
            old_inputs=checkpoint.old_inputs(request.old_state),
            old_live=live,
            new_inputs=new_inputs,
            immutable=replacement.fields(
                new_inputs,
                mutable_config_maps=settings.mutable_config_maps,
                mutable_secrets=settings.mutable_secrets,
            ),
            ignored=request.ignore_changes,
        )
        replaces = [*found.replaces]
        if await self._is_unready_job(new_inputs):
            replaces.append(f'metadata.annotations["{annotations.REPLACE_UNREADY}"]')
        return DiffResponse(
            changes=bool(found.properties or replaces),
            replaces=replaces,
            delete_before_replace=bool(replaces) and diffing.keeps_its_name(live, new_inputs),
            detailed_diff=found.properties,
        )

    @override
    async def create(self, request: CreateRequest) -> CreateResponse:
        if values.own_type(request.type) == kinds.HELM_RELEASE:
            state = charts.release(
                request.properties, urn=request.urn, is_preview=request.preview, log=self.log
            )
            return CreateResponse(properties=state)
        return await self._lifecycle.create(request)

    @override
    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if values.own_type(request.type) == kinds.HELM_RELEASE:
            state = charts.release(
                request.news, urn=request.urn, is_preview=request.preview, log=self.log
            )
            return UpdateResponse(properties=state)
        return await self._lifecycle.update(request)

    @override
    async def read(self, request: ReadRequest) -> ReadResponse:
        return await self._lifecycle.read(request)

    @override
    async def delete(self, request: DeleteRequest) -> None:
        await self._lifecycle.delete(request)

    @override
    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        return await charts.construct(request, self.log)

    @override
    async def cancel(self) -> None:
        self._waits.cancel()

    async def _is_namespaced(self, kind: Kind) -> bool:
        """Whether objects of the kind live in namespaces; assumed of those nobody knows yet."""
        if kind.is_cluster_scoped_by_name:
            return False
        try:
            cluster = await self._connection.cluster()
            return (await cluster.resource(kind)).namespaced
        except (ApiError, UnknownKindError, UnreachableError):
            return True

    async def _is_unready_job(self, inputs: Object) -> bool:
        """Whether this is a Job that asks to be replaced while it is not complete."""
        if not annotations.is_true(inputs, annotations.REPLACE_UNREADY):
            return False
        if not kinds.is_kind(inputs, "batch", "Job"):
            return False
        metadata = inputs["metadata"]
        try:
            cluster = await self._connection.cluster()
            live = await cluster.get(
                kinds.of_object(inputs), metadata.get("namespace", ""), metadata["name"]
            )
        except (ApiError, UnknownKindError, UnreachableError):
            return False
        return not readiness.job(live, Related()).ready


def _location(config: Mapping[str, Any]) -> ProviderSettings:
    """Where the provider resource with these arguments finds its cluster."""
    kubeconfig_argument, context = (str(config.get(key) or "") for key in ("kubeconfig", "context"))
    return ProviderSettings(kubeconfig=kubeconfig_argument, context=context)
