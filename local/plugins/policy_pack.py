"""Runs a policy pack for the engine, with the stack's configuration in its environment.

The engine tells a pack its stack in a call, `ConfigureStack`, once the pack is running. The SDK
wants it in `PULUMI_…` variables when the pack starts. So the engine is first connected to a proxy,
which answers that call, starts the pack with the variables, and from then on hands everything
through.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import grpc
import grpc.aio
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.proto.analyzer_pb2 import (
    AnalyzerHandshakeResponse,
    AnalyzerStackConfigureRequest,
    AnalyzerStackConfigureResponse,
)
from typing_extensions import override

from local.plugins.interpreter import Interpreter, streams
from local.plugins.server import CHANNEL_OPTIONS, PluginError

_CONFIGURE_STACK = "/pulumirpc.Analyzer/ConfigureStack"
_HANDSHAKE = "/pulumirpc.Analyzer/Handshake"


async def run(
    request: language_pb2.RunPluginRequest,
) -> AsyncGenerator[language_pb2.RunPluginResponse, None]:
    """Run the pack of a request of kind `analyzer`; yield what it writes, then its exit code.

    The first thing written is the port on which the engine is to reach the pack.
    """
    proxy = _Proxy()
    server = grpc.aio.server(options=CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers([proxy])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield language_pb2.RunPluginResponse(stdout=f"{port}\n".encode())
        stack = await proxy.stack
        async with Interpreter(request.info).running(
            *("-u", "-m", "pulumi.policy", *request.args, request.info.program_directory),
            environment={**_environment(request), **_variables(stack)},
            directory=request.pwd,
            output=asyncio.subprocess.PIPE,
        ) as pack:
            first_line = b""
            async for name, data in streams(pack):
                if name == "stdout" and not proxy.connected:
                    first_line += data
                    if b"\n" not in first_line:
                        continue
                    pack_port, data = first_line.split(b"\n", 1)
                    await proxy.connect(int(pack_port), stack)
                yield (
                    language_pb2.RunPluginResponse(stdout=data)
                    if name == "stdout"
                    else language_pb2.RunPluginResponse(stderr=data)
                )
            code = await pack.wait()
            proxy.pack_ended(code)
            yield language_pb2.RunPluginResponse(exitcode=code)
    finally:
        await server.stop(grace=None)


def _environment(request: language_pb2.RunPluginRequest) -> dict[str, str]:
    """The environment that the engine wants for a plugin; of a repeated variable, the last."""
    return dict(variable.split("=", 1) for variable in request.env if "=" in variable)


def _variables(stack: AnalyzerStackConfigureRequest | None) -> dict[str, str]:
    """The SDK's variables for a stack; none where the pack runs without one, as to publish it."""
    if stack is None:
        return {}
    return {
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
        "PULUMI_DRY_RUN": "true" if stack.dry_run else "false",
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
    }


class _Proxy(grpc.GenericRpcHandler):
    """Answers the engine until the pack runs, then forwards every call to it as it is."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.stack: asyncio.Future[AnalyzerStackConfigureRequest | None] = loop.create_future()
        """Set by the engine's first call: the stack, or None for a pack without one."""
        self._pack: asyncio.Future[grpc.aio.Channel] = loop.create_future()

    @property
    def connected(self) -> bool:
        """Whether the pack has been reached."""
        return self._pack.done()

    async def connect(self, port: int, stack: AnalyzerStackConfigureRequest | None) -> None:
        """Hand calls through to the pack on this port from now on."""
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        if stack is not None:
            await channel.unary_unary(_CONFIGURE_STACK)(stack.SerializeToString())
        self._pack.set_result(channel)

    def pack_ended(self, code: int) -> None:
        """Fail the calls that still wait for the pack to start."""
        if not self.connected:
            problem = f"the policy pack exited with code {code} before it could be used"
            self._pack.set_exception(PluginError(problem))

    @override
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method

        async def answer(request: bytes, context: Any) -> bytes:
            if method == _HANDSHAKE:
                return AnalyzerHandshakeResponse().SerializeToString()
            if method == _CONFIGURE_STACK:
                self.stack.set_result(AnalyzerStackConfigureRequest.FromString(request))
                return AnalyzerStackConfigureResponse().SerializeToString()
            if not self.stack.done():
                self.stack.set_result(None)
            try:
                pack = await asyncio.shield(self._pack)
                return await pack.unary_unary(method)(request)
            except PluginError as error:
                return await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            except grpc.aio.AioRpcError as error:
                return await context.abort(error.code(), error.details() or "")

        # Without serializers, a request and its response stay bytes.
        return grpc.unary_unary_rpc_method_handler(answer)
