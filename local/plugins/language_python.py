"""Stand-in for the Python language host: runs Pulumi programs and policy packs.

The engine asks it to run a program, which then talks to the engine by itself through the SDK.
"""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import language_pb2, language_pb2_grpc
from typing_extensions import override

from local.plugins import policy_pack, server
from local.plugins.interpreter import Interpreter
from local.plugins.server import EngineLog, PluginError

# What the program's runner exits with when it has told the user what is wrong.
_ERROR_WAS_SHOWN = 32
_RUNNER = "pulumi-language-python-exec"
_LIMITS = (
    "It runs programs and policy packs; it does not run a type checker, attach a debugger, "
    "install dependencies or generate code."
)
_LIST_PACKAGES = """
import importlib.metadata, json
print(json.dumps([[d.metadata["Name"], d.version] for d in importlib.metadata.distributions()]))
"""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The calls that the engine makes for a Python program."""

    def __init__(self, engine_address: str, log: EngineLog) -> None:
        self._engine_address = engine_address
        self._log = log

    @override
    async def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: Any
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    @override
    async def GetPluginInfo(self, request: empty_pb2.Empty, context: Any) -> proto.PluginInfo:
        return proto.PluginInfo(version=server.version_of("pulumi"))

    @override
    async def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: Any
    ) -> language_pb2.GetRequiredPackagesResponse:
        # None. The engine downloads every reported package that has no plugin yet, used or not, and
        # where this stand-in runs a download can only fail. Plugins that the program does use are
        # found on PATH when their first resource is registered.
        return language_pb2.GetRequiredPackagesResponse()

    @override
    async def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: Any
    ) -> language_pb2.GetProgramDependenciesResponse:
        python = Interpreter(request.info)
        packages = json.loads(await python.output("-c", _LIST_PACKAGES))
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version in sorted(packages)
            ]
        )

    @override
    async def About(
        self, request: language_pb2.AboutRequest, context: Any
    ) -> language_pb2.AboutResponse:
        python = Interpreter(request.info)
        version = await python.output("-c", "import platform; print(platform.python_version())")
        return language_pb2.AboutResponse(executable=str(python.executable), version=version)

    @override
    async def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: Any
    ) -> AsyncIterator[language_pb2.InstallDependenciesResponse]:
        raise PluginError(
            "this stand-in for the Python language host does not install dependencies; "
            "install requirements.txt into the project's virtual environment, as `make up` does"
        )
        yield  # makes this a stream, which the engine expects

    @override
    async def Run(self, request: language_pb2.RunRequest, context: Any) -> language_pb2.RunResponse:
        if request.attach_debugger:
            raise PluginError("this stand-in for the Python language host attaches no debugger")
        self._log.warning(server.notice("Python language host", _LIMITS))
        python = Interpreter(request.info)
        variables = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [_runner(), *self._runner_arguments(request)]
        # The program writes to this process' stdout and stderr, which the engine shows.
        async with python.running(*command, environment=os.environ | variables) as program:
            code = await program.wait()
        if code == _ERROR_WAS_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=_exit_error(code))

    @override
    async def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: Any
    ) -> AsyncIterator[language_pb2.RunPluginResponse]:
        if request.kind != "analyzer":
            raise PluginError(
                f"this stand-in for the Python language host runs policy packs, not a plugin of "
                f"kind {request.kind!r} ({request.info.program_directory})"
            )
        async with contextlib.aclosing(policy_pack.run(request)) as responses:
            async for response in responses:
                yield response

    @override
    async def Cancel(self, request: empty_pb2.Empty, context: Any) -> empty_pb2.Empty:
        # The program ends by itself: from now on the engine refuses what it asks for.
        return empty_pb2.Empty()

    def _runner_arguments(self, request: language_pb2.RunRequest) -> list[str]:
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        given = [item for name, value in options.items() if value for item in (f"--{name}", value)]
        return [*given, request.info.entry_point, *request.args]


def _runner() -> str:
    if found := shutil.which(_RUNNER):
        return found
    raise PluginError(f"{_RUNNER} is not on PATH; it belongs beside the pulumi executable")


def _exit_error(code: int) -> str:
    if code < 0:
        return f"the program was ended by {signal.Signals(-code).name}"
    return f"the program exited with code {code}" if code else ""


def _register(grpc_server: grpc.aio.Server, engine_address: str) -> None:
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(
        LanguageHost(engine_address, EngineLog(engine_address)), grpc_server
    )


if __name__ == "__main__":
    server.serve(_register)
