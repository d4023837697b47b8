"""What every stand-in plugin shares: how it is started, heard, and ended.

The SDK's provider framework (`pulumi.provider.experimental`) does most of it. A provider is a
subclass of `StandIn`, and its module ends in::

    if __name__ == "__main__":
        server.serve_provider(MyProvider, version=server.version_of("pulumi-random"))

What this module adds to the framework (`servicer.py` has what concerns single methods):

- **Start**: the port on stdout, the engine's address from the arguments.
- **End**: on SIGINT and SIGTERM, and when the engine is gone, so that no plugin is left behind.
- **Errors**: a `PluginError` reaches the user as its sentence, without Python's class names and
  tracebacks; a `NotReadyError` keeps what was created in the state.
- **The engine's log**, from any thread, and a notice, once per process, that this is a stand-in.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar

import grpc
import grpc.aio
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    ConfigureRequest,
    ConfigureResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
)
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS as CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc, status_pb2
from typing_extensions import override

from local.plugins.servicer import Servicer
from local.plugins.values import Properties


class PluginError(Exception):
    """A failure in one sentence that tells the user what to do; shown to them as it is."""


class NotReadyError(PluginError):
    """The resource exists but did not become ready: the state keeps it, and the update fails."""

    def __init__(
        self,
        reasons: Sequence[str],
        *,
        resource_id: str,
        properties: Properties,
        inputs: Properties,
    ) -> None:
        super().__init__("; ".join(reasons))
        self.details = proto.ErrorResourceInitFailed(
            id=resource_id,
            properties=PropertyValue.marshal_map(properties),
            inputs=PropertyValue.marshal_map(inputs),
            reasons=reasons,
        )


class EngineLog:
    """The engine's log: what a plugin says there is shown to the user. Usable from any thread."""

    def __init__(self, address: str) -> None:
        """`address` is the engine's, host:port."""
        channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._engine = engine_pb2_grpc.EngineStub(channel)

    def info(self, message: str, *, urn: str = "", ephemeral: bool = False) -> None:
        """Say something about the resource `urn`; ephemeral messages only show as its status."""
        self._log(engine_pb2.INFO, message, urn, ephemeral)

    def warning(self, message: str, *, urn: str = "") -> None:
        """Warn about the resource `urn`, or about the whole stack."""
        self._log(engine_pb2.WARNING, message, urn, False)

    def _log(
        self, severity: engine_pb2.LogSeverity.ValueType, message: str, urn: str, ephemeral: bool
    ) -> None:
        request = engine_pb2.LogRequest(
            severity=severity, message=message, urn=urn, ephemeral=ephemeral
        )
        self._engine.Log(request)


class StandIn(Provider):
    """A provider that stands in for an official one and says so when it is configured."""

    package: str
    """The Pulumi package it stands in for, such as `random`."""
    limits: ClassVar[str]
    """What it does not do, as a sentence."""

    def __init__(self, log: EngineLog) -> None:
        self.log = log
        self._announced = False

    @override
    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Say once what this is, and accept secrets and previews."""
        if not self._announced:
            self._announced = True
            self.log.warning(notice(f"resource plugin '{self.package}'", self.limits))
        # Output values are not asked for: the framework cannot read an unknown one, while plain
        # unknowns and secrets say all that is needed here.
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    @override
    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """Refuse a function that this stand-in does not have."""
        raise PluginError(
            f"the function {request.tok} is not in the stand-in plugin '{self.package}'; "
            "run on a machine with internet access, where Pulumi downloads the official plugin"
        )


def notice(what: str, limits: str) -> str:
    """The sentences with which a stand-in announces itself."""
    return (
        f"The {what} is a stand-in from this repository, because the official one could not be "
        f"downloaded. {limits}"
    )


def version_of(distribution: str) -> str:
    """The version of an installed Python package, which is also its plugin's version."""
    return importlib.metadata.version(distribution)


def serve_provider(
    provider: Callable[[EngineLog], Provider],
    *,
    version: str,
    servicer: type[Servicer] = Servicer,
) -> None:
    """Be the plugin process of a provider until the engine ends it.

    `provider` is called once with the engine's log; `version` is what the plugin reports;
    `servicer` has the gRPC methods.
    """

    def register(server: grpc.aio.Server, engine_address: str) -> None:
        log = EngineLog(engine_address)
        methods = servicer(sys.argv[1:], version, provider(log), engine_address)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(methods, server)

    serve(register)


def serve(register: Callable[[grpc.aio.Server, str], None]) -> None:
    """Serve gRPC for the engine named in the arguments until it ends this process or is gone.

    `register` adds the services to the server; it gets the server and the engine's address.
    """
    parser = argparse.ArgumentParser(description="A Pulumi plugin; the Pulumi CLI starts it.")
    parser.add_argument("engine", help="address of the engine, host:port")
    parser.add_argument("--tracing", help="accepted and ignored")
    engine_address: str = parser.parse_known_args()[0].engine
    asyncio.run(_serve(lambda server: register(server, engine_address)))


async def _serve(register: Callable[[grpc.aio.Server], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    # The engine holds the other end of a plugin's stdin and never writes to it: it becomes readable
    # when the engine is gone, however it went.
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        loop.add_reader(sys.stdin.fileno(), ended.set)

    server = grpc.aio.server(options=CHANNEL_OPTIONS, interceptors=[_Sentences()])
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await ended.wait()
    await server.stop(grace=None)


class _Status(grpc.Status):
    """A failed call's status."""

    def __init__(self, details: str, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = details
        self.trailing_metadata = metadata


def status_of(error: PluginError) -> _Status:
    """The status that carries an error to the engine, with the details of a `NotReadyError`."""
    if not isinstance(error, NotReadyError):
        return _Status(str(error), ())
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(error.details)
    return _Status(str(error), (("grpc-status-details-bin", status.SerializeToString()),))


class _Sentences(grpc.aio.ServerInterceptor):
    """Turns a `PluginError` of any call into the call's error message."""

    @override
    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)

        async def call(request: Any, context: Any) -> Any:
            try:
                return await handler.unary_unary(request, context)
            except PluginError as error:
                await context.abort_with_status(status_of(error))

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                async with contextlib.aclosing(handler.unary_stream(request, context)) as responses:
                    async for response in responses:
                        yield response
            except PluginError as error:
                await context.abort_with_status(status_of(error))

        # No plugin's service has other kinds of calls; no handler means an unknown method.
        if handler is None:
            return None
        codec = handler.request_deserializer, handler.response_serializer
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, *codec)
        return grpc.unary_unary_rpc_method_handler(call, *codec)
