import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2

from local.plugins import policy_pack
from local.plugins.interpreter import Interpreter
from local.plugins.language_python import LanguageHost
from local.plugins.server import PluginError

from .providers import RecordedLog

VENV = sys.prefix


def program(directory: Path, **options: str) -> language_pb2.ProgramInfo:
    fields = struct_pb2.Struct()
    fields.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(directory),
        program_directory=str(directory),
        entry_point=".",
        options=fields,
    )


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Replaces the script that runs a program with Python code of the test's."""

    def write(code: str) -> None:
        script = tmp_path / "bin" / "pulumi-language-python-exec"
        script.parent.mkdir()
        script.write_text(code)
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")

    return write


def run(directory: Path, log: RecordedLog | None = None) -> language_pb2.RunResponse:
    request = language_pb2.RunRequest(
        project="shop",
        stack="dev",
        dryRun=True,
        parallel=4,
        config={"shop:color": "red"},
        configSecretKeys=["shop:key"],
        info=program(directory, virtualenv=VENV),
    )
    return asyncio.run(LanguageHost("127.0.0.1:1", log or RecordedLog()).Run(request, None))


def test_a_program_gets_its_stack_its_configuration_and_its_virtual_environment(
    tmp_path: Path, runner: Callable[[str], None]
) -> None:
    runner(
        "import json, os, pathlib, sys\n"
        "seen = json.dumps([sys.argv[1:], dict(os.environ), sys.prefix])\n"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(seen)"
    )
    log = RecordedLog()
    response = run(tmp_path, log)
    assert (response.error, response.bail) == ("", False)
    arguments, environment, prefix = json.loads((tmp_path / "seen").read_text())
    assert arguments[-1] == "."
    options = dict(zip(arguments[:-1:2], arguments[1::2], strict=True))
    assert options["--project"] == "shop"
    assert options["--stack"] == "dev"
    assert options["--dry_run"] == "true"
    assert options["--engine"] == "127.0.0.1:1"
    assert json.loads(environment["PULUMI_CONFIG"]) == {"shop:color": "red"}
    assert json.loads(environment["PULUMI_CONFIG_SECRET_KEYS"]) == ["shop:key"]
    assert prefix == environment["VIRTUAL_ENV"] == VENV
    assert "stand-in" in log.warnings[0]


@pytest.mark.parametrize(
    ("code", "error", "bail"),
    [
        ("raise SystemExit(32)", "", True),
        ("raise SystemExit(3)", "the program exited with code 3", False),
        ("import os; os.kill(os.getpid(), 9)", "the program was ended by SIGKILL", False),
    ],
)
def test_how_a_program_ended_is_reported(
    tmp_path: Path, runner: Callable[[str], None], code: str, error: str, bail: bool
) -> None:
    runner(code)
    response = run(tmp_path)
    assert (response.error, response.bail) == (error, bail)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"virtualenv": "missing"}, r"virtualenv is 'missing'.*does not exist; create"),
        ({"toolchain": "poetry"}, r"toolchain is 'poetry'.*only knows 'pip'"),
    ],
)
def test_an_interpreter_that_cannot_be_had_is_a_sentence(
    tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(PluginError, match=sentence):
        Interpreter(program(tmp_path, **options))


def test_a_virtual_environment_is_found_from_the_projects_directory(tmp_path: Path) -> None:
    (tmp_path / "venv").symlink_to(VENV)
    assert Interpreter(program(tmp_path, virtualenv="venv")).executable == (
        tmp_path / "venv" / "bin" / "python"
    )


def test_a_process_does_not_outlive_what_waits_for_it(tmp_path: Path) -> None:
    async def abandon() -> int | None:
        python = Interpreter(program(tmp_path, virtualenv=VENV))
        sleep = ("-c", "import time; time.sleep(600)")
        async with python.running(*sleep, environment=os.environ) as process:
            pass
        return process.returncode

    assert asyncio.run(abandon()) == -signal.SIGTERM


def with_pack(directory: Path, code: str, use: Callable[[Any], Awaitable[None]]) -> None:
    """Run a policy pack as the engine does, use it, and end it."""
    (directory / "__main__.py").write_text(code)
    request = language_pb2.RunPluginRequest(
        kind="analyzer",
        pwd=str(directory),
        args=["127.0.0.1:1"],
        env=[f"{name}={value}" for name, value in os.environ.items()],
        info=program(directory, virtualenv=VENV),
    )

    async def engine() -> None:
        responses = policy_pack.run(request)
        port = int((await anext(responses)).stdout)

        async def show_output() -> None:
            async for _ in responses:
                pass

        output = asyncio.create_task(show_output())
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await use(analyzer_pb2_grpc.AnalyzerStub(channel))
        output.cancel()
        await asyncio.wait([output])

    asyncio.run(engine())


PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def check(args, report_violation):
    report_violation(" ".join(
        [pulumi.get_project(), pulumi.get_stack(), pulumi.Config("shop").require("color")]
    ))

PolicyPack(
    "pack",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[ResourceValidationPolicy(name="says", description="what it sees", validate=check)],
)
"""


def test_a_policy_sees_the_stack_and_its_configuration(tmp_path: Path) -> None:
    seen: list[str] = []

    async def use(pack: Any) -> None:
        await pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest())
        await pack.ConfigureStack(
            analyzer_pb2.AnalyzerStackConfigureRequest(
                project="shop", stack="dev", organization="org", config={"shop:color": "red"}
            )
        )
        await pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
        answer = await pack.Analyze(
            analyzer_pb2.AnalyzeRequest(
                type="t:i:T", urn="urn:pulumi:dev::shop::t:i:T::it", name="it"
            )
        )
        seen.extend(diagnostic.message for diagnostic in answer.diagnostics)

    with_pack(tmp_path, PACK, use)
    assert any("shop dev red" in message for message in seen)


def test_a_policy_pack_that_cannot_start_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    async def use(pack: Any) -> None:
        await pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest())
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await pack.GetAnalyzerInfo(empty_pb2.Empty())
        assert "exited with code 3" in (error.value.details() or "")

    with_pack(tmp_path, "raise SystemExit(3)", use)
