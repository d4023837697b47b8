"""Creating, updating, reading and deleting objects, with what the user is told about it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pulumi.provider.experimental.provider import (
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from local.plugins import values
from local.plugins.kubernetes import (
    annotations,
    applying,
    checkpoint,
    kinds,
    naming,
    normalizing,
)
from local.plugins.kubernetes.applying import Applier, ConflictError, Submission
from local.plugins.kubernetes.cluster import (
    ApiError,
    Cluster,
    Object,
    UnknownKindError,
    UnreachableError,
)
from local.plugins.kubernetes.connection import Connection
from local.plugins.kubernetes.resource_log import ResourceLog
from local.plugins.kubernetes.secrecy import Redactor
from local.plugins.kubernetes.waiting import CancelledByUserError, NotReadyInTimeError, Waits
from local.plugins.server import EngineLog, NotReadyError, PluginError
from local.plugins.values import Properties

_FORGET_HELP = (
    "start it (`make up` for the embedded one), or, if it was deleted, remove its resources from "
    "the state by running this again with PULUMI_K8S_DELETE_UNREACHABLE=true"
)


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A creation or an update."""

    marked: Properties
    """The wanted inputs, with their secret marks."""
    submission: Submission
    api_version: str
    """The apiVersion under which the object was created."""
    timeout: float
    """Seconds to wait for readiness, from the resource option; 0 if it has none."""
    refused: str
    """How to begin the sentence when the API server refuses it."""
    unready: str
    """How to begin the sentence when the object does not become ready."""

    @property
    def inputs(self) -> Object:
        return self.submission.obj

    @property
    def log(self) -> ResourceLog:
        return self.submission.log


class Lifecycle:
    """What can happen to the objects of one cluster."""

    def __init__(self, connection: Connection, waits: Waits, log: EngineLog) -> None:
        self._connection = connection
        self._waits = waits
        self._log = log

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Create the object and wait until it is ready; at preview, ask what it would become."""
        inputs = normalizing.inputs(values.plain(request.properties))
        name = naming.object_id(inputs)
        change = _Change(
            marked=request.properties,
            submission=Submission(
                obj=inputs,
                manager=checkpoint.field_manager(inputs),
                log=self._log_of(request.urn, request.properties),
                is_preview=request.preview,
            ),
            api_version=inputs["apiVersion"],
            timeout=request.timeout,
            refused=f"resource {name} was not successfully created by the Kubernetes API server",
            unready=f"resource {name} was successfully created, but the Kubernetes API server "
            "reported that it failed to fully initialize or become live",
        )

        async def send(cluster: Cluster) -> Object:
            return await Applier(cluster, self._waits).create(change.submission)

        state, resource_id = await self._make(change, send)
        return CreateResponse(resource_id=resource_id, properties=state)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Change the object and wait until it is ready; at preview, ask what it would become."""
        inputs = normalizing.inputs(values.plain(request.news))
        name = naming.object_id(inputs)
        change = _Change(
            marked=request.news,
            submission=Submission(
                obj=inputs,
                manager=checkpoint.field_manager(inputs, request.olds),
                log=self._log_of(request.urn, request.olds, request.news),
                is_preview=request.preview,
            ),
            api_version=checkpoint.api_version(request.olds, inputs),
            timeout=request.timeout,
            refused=f"update of resource {name} failed",
            unready=f'the Kubernetes API server reported that "{name}" failed to fully initialize '
            "or become live",
        )

        async def send(cluster: Cluster) -> Object:
            address = naming.parse_id(request.resource_id)
            live = await cluster.get(kinds.of_object(inputs), *address)
            return await Applier(cluster, self._waits).update(
                change.submission, live, ignored=request.ignore_changes
            )

        state, _ = await self._make(change, send)
        return UpdateResponse(properties=state)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """The object as it is now, for a refresh or an import; an empty response if it is gone."""
        try:
            cluster = await self._connection.cluster()
        except UnreachableError as error:
            if self._forgets(request.urn, error):
                return ReadResponse()
            raise PluginError(f"failed to read resource state: {error}; {_FORGET_HELP}") from error
        inputs = normalizing.inputs(values.plain(request.inputs))
        kind = kinds.of_object(inputs) if inputs else kinds.of_token(values.own_type(request.type))
        namespace, name = naming.parse_id(request.resource_id)
        log = self._log_of(request.urn, request.properties, request.inputs)
        with _in_sentences(f"failed to read {kind} {request.resource_id}", log.redactor):
            try:
                live = await cluster.get(kind, namespace, name)
            except UnknownKindError:
                return ReadResponse()
            except ApiError as error:
                if error.is_not_found:
                    return ReadResponse()
                raise
            problems = await self._waits.problems_now(cluster, live, inputs) if inputs else ()
        seen = (
            normalizing.seen(live, inputs, typed=kind.is_built_in)
            if inputs
            else checkpoint.imported_inputs(live)
        )
        marked = checkpoint.marked_inputs(seen, request.inputs)
        state = checkpoint.state(
            live=live,
            inputs=seen,
            marked=marked,
            api_version=checkpoint.api_version(request.properties, seen),
            manager=checkpoint.field_manager(seen, request.properties),
        )
        if problems:
            raise NotReadyError(
                [
                    f"Resource '{name}' was created but failed to initialize",
                    *map(log.redactor.redact, problems),
                ],
                resource_id=request.resource_id,
                properties=state,
                inputs=marked,
            )
        return ReadResponse(resource_id=request.resource_id, properties=state, inputs=marked)

    async def delete(self, request: DeleteRequest) -> None:
        """Delete the object and wait until it is gone."""
        try:
            cluster = await self._connection.cluster()
        except UnreachableError as error:
            if self._forgets(request.urn, error):
                return
            raise PluginError(
                f"configured Kubernetes cluster is unreachable: {error}; {_FORGET_HELP}"
            ) from error
        state = checkpoint.live_object(request.properties)
        kind = kinds.of_object(state)
        log = self._log_of(request.urn, request.properties)
        with _in_sentences(f"deletion of resource {request.resource_id} failed", log.redactor):
            try:
                await cluster.delete(
                    kind,
                    *naming.parse_id(request.resource_id),
                    propagation=annotations.deletion_propagation(state),
                )
            except UnknownKindError:
                return
            except ApiError as error:
                if error.is_not_found:
                    return
                raise
            try:
                await self._waits.until_gone(
                    cluster,
                    kind,
                    request.resource_id,
                    state=state,
                    log=log,
                    custom_timeout=request.timeout,
                )
            except NotReadyInTimeError as error:
                raise PluginError(
                    log.redactor.redact(": ".join([str(error), *error.problems]))
                ) from error

    async def _make(
        self, change: _Change, send: Callable[[Cluster], Awaitable[Object]]
    ) -> tuple[Properties, str | None]:
        """Send a change and see it through; the new state and, unless it is a preview, the ID."""
        is_preview = change.submission.is_preview
        if is_preview:
            cluster = await self._cluster_to_preview(change)
            if cluster is None:
                return change.marked, None
        else:
            cluster = await self._connection.cluster_for_change()
        failure = None
        with _in_sentences(change.refused, change.log.redactor):
            try:
                live = await send(cluster)
            except ApiError as error:
                if is_preview and self._may_pass_later(error, change):
                    return change.marked, None
                raise
            if not is_preview:
                try:
                    live = await self._waits.until_ready(
                        cluster,
                        live,
                        inputs=change.inputs,
                        log=change.log,
                        custom_timeout=change.timeout,
                    )
                except NotReadyInTimeError as error:
                    failure, live = error, error.live
        resource_id = naming.object_id(live)
        state = checkpoint.state(
            live=_foreseen(live, change.inputs) if is_preview else live,
            inputs=change.inputs,
            marked=change.marked,
            api_version=change.api_version,
            manager=change.submission.manager,
        )
        if failure is not None:
            reasons = [f"{change.unready}: {failure}", *failure.problems]
            raise NotReadyError(
                [change.log.redactor.redact(reason) for reason in reasons],
                resource_id=resource_id,
                properties=state,
                inputs=change.marked,
            )
        return state, None if is_preview else resource_id

    async def _cluster_to_preview(self, change: _Change) -> Cluster | None:
        """The cluster to ask, or None when it cannot be reached or could not tell."""
        if any(values.contains_unknown(value) for value in change.marked.values()):
            return None
        cluster = await self._connection.cluster_for_preview()
        if cluster is None:
            return None
        with _in_sentences(change.refused, change.log.redactor):
            # An unknown kind's CRD may be created in the same update.
            return cluster if await cluster.knows(kinds.of_object(change.inputs)) else None

    def _may_pass_later(self, error: ApiError, change: _Change) -> bool:
        """Whether a preview's refusal says little about the update itself."""
        if error.is_namespace_missing or applying.is_forbidden_to_user(error):
            # The namespace may be created in the same update; a user who may not ask for a dry run
            # gets a preview without it.
            return True
        if error.code == 403:
            # A quota or policy that the same update may change before.
            change.log.warning(f"the API server would refuse this now: {error}")
            return True
        return False

    def _forgets(self, urn: str, error: UnreachableError) -> bool:
        """Whether a resource that cannot be reached is to be removed from the state."""
        self._log.warning(f"configured Kubernetes cluster is unreachable: {error}", urn=urn)
        if self._connection.settings.delete_unreachable:
            self._log.info(
                "configured Kubernetes cluster is unreachable and the `deleteUnreachable` option "
                "is enabled. Deleting the unreachable resource from Pulumi state",
                urn=urn,
            )
        return self._connection.settings.delete_unreachable

    def _log_of(self, urn: str, *sources: Properties) -> ResourceLog:
        return ResourceLog(engine=self._log, urn=urn, redactor=Redactor(*sources))


def _foreseen(live: Object, inputs: Object) -> Object:
    """What a preview shows of a dry run's result: nothing that a controller has yet to write."""
    result = {key: value for key, value in live.items() if key != "status"}
    if not inputs["metadata"].get("name"):
        # The API server makes up another name next time.
        result["metadata"] = {**live["metadata"], "name": values.UNKNOWN}
    return result


@contextmanager
def _in_sentences(beginning: str, redactor: Redactor) -> Iterator[None]:
    """Turn what the API server says into an error for the user, without secret values."""
    try:
        yield
    except UnknownKindError as error:
        raise PluginError(
            f"{beginning}: the API server does not know the kind ({error}); "
            "verify that any required CRDs have been created"
        ) from None
    except CancelledByUserError:
        raise PluginError(f"{beginning}: the operation was cancelled") from None
    except (ApiError, ConflictError, UnreachableError) as error:
        raise PluginError(redactor.redact(f"{beginning}: {error}")) from None
