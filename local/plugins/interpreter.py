"""The Python that a project asks for, and processes run by it."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from pulumi.runtime.proto.language_pb2 import ProgramInfo

from local.plugins.server import PluginError


class Interpreter:
    """The interpreter named in `runtime.options` of Pulumi.yaml, PulumiPolicy.yaml or the like.

    `virtualenv` is a path from the directory of that file; without it, `python3` on PATH is used.
    """

    def __init__(self, info: ProgramInfo) -> None:
        """Raises `PluginError` if there is no such interpreter."""
        options: Mapping[str, Any] = json_format.MessageToDict(info.options)
        if (toolchain := options.get("toolchain", "pip")) != "pip":
            raise PluginError(
                f"runtime.options.toolchain is {toolchain!r}, but this stand-in for the Python "
                "language host only knows 'pip'"
            )
        self._virtualenv: Path | None = None
        if name := options.get("virtualenv"):
            self._virtualenv = Path(info.root_directory, name)
            self.executable = self._virtualenv / "bin" / "python"
            if not self.executable.exists():
                raise PluginError(
                    f"runtime.options.virtualenv is {name!r}, but {self.executable} does not "
                    "exist; create that virtual environment with requirements.txt installed"
                )
        elif found := shutil.which("python3"):
            self.executable = Path(found)
        else:
            raise PluginError(
                "there is no python3 on PATH; install it or set runtime.options.virtualenv"
            )

    @contextlib.asynccontextmanager
    async def running(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        directory: str | None = None,
        output: int | None = None,
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run Python; whatever ends the block early (the engine, a signal) ends the process too.

        `directory` None means this process' own, `output` None its stdout and stderr.
        """
        process = await asyncio.create_subprocess_exec(
            self.executable,
            *arguments,
            env=self._activated(environment),
            cwd=directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    async def output(self, *arguments: str) -> str:
        """What Python prints, without surrounding space; raises `PluginError` if it fails."""
        pipe = asyncio.subprocess.PIPE
        async with self.running(*arguments, environment=os.environ, output=pipe) as process:
            printed, problem = await process.communicate()
        if process.returncode:
            raise PluginError(f"{self.executable} failed: {problem.decode().strip()}")
        return printed.decode().strip()

    def _activated(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment with the virtual environment active, if there is one."""
        active = dict(environment)
        if self._virtualenv:
            active.pop("PYTHONHOME", None)
            active["VIRTUAL_ENV"] = str(self._virtualenv)
            active["PATH"] = os.pathsep.join(
                [str(self._virtualenv / "bin"), *filter(None, [active.get("PATH")])]
            )
        return active


async def streams(process: asyncio.subprocess.Process) -> AsyncIterator[tuple[str, bytes]]:
    """Yield ("stdout" or "stderr", what was written), as it comes, until both have ended."""
    queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def pump(name: str, stream: asyncio.StreamReader | None) -> None:
        while stream and (data := await stream.read(65536)):
            await queue.put((name, data))
        await queue.put((name, b""))

    pumps = [
        asyncio.create_task(pump("stdout", process.stdout)),
        asyncio.create_task(pump("stderr", process.stderr)),
    ]
    ended = 0
    while ended < len(pumps):
        name, data = await queue.get()
        if data:
            yield name, data
        else:
            ended += 1
