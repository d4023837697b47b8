"""The plugin process as the engine meets it: its start, its errors, its end."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from local.plugins import launchers, server, values
from local.plugins.server import NotReadyError

REPOSITORY = Path(__file__).parents[2]
Plugin = subprocess.Popen[str]


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    """The random plugin, started by its launcher in a directory whose modules must not matter."""
    (launcher,) = launchers.write(
        tmp_path / "bin",
        python=Path(sys.executable),
        repository=REPOSITORY,
        plugins=["pulumi-resource-random"],
        preview_only={},
    )
    (tmp_path / "secrets.py").write_text("raise ImportError('a module of the user')")
    with subprocess.Popen(
        # No engine listens there: nothing needs one before Configure.
        [launcher, "127.0.0.1:1"],
        cwd=tmp_path,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def call(plugin: Plugin) -> provider_pb2_grpc.ResourceProviderStub:
    assert plugin.stdout
    port = int(plugin.stdout.readline())
    return provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))


def test_a_plugin_reports_its_packages_version_and_ends_when_the_engine_is_gone(
    plugin: Plugin,
) -> None:
    engine = call(plugin)
    assert engine.GetPluginInfo(empty_pb2.Empty()).version == server.version_of("pulumi-random")
    assert plugin.stdin
    plugin.stdin.close()
    assert plugin.wait(timeout=10) == 0


def test_a_refusal_reaches_the_engine_as_its_sentence_and_an_interrupt_ends_the_plugin(
    plugin: Plugin,
) -> None:
    urn = "urn:pulumi:s::p::random:index/randomPet:RandomPet::pet"
    with pytest.raises(grpc.RpcError) as error:
        call(plugin).Check(provider_pb2.CheckRequest(urn=urn))
    assert (error.value.details() or "").startswith("the stand-in plugin 'random' has no ")
    plugin.send_signal(signal.SIGINT)
    assert plugin.wait(timeout=10) == 0


def test_a_resource_that_is_not_ready_keeps_its_state_in_the_error() -> None:
    error = NotReadyError(
        ["0 of 1 replicas are ready"],
        resource_id="ns/web",
        properties={"kind": values.from_python("Deployment")},
        inputs={"replicas": values.from_python(1)},
    )
    ((_, packed),) = server.status_of(error).trailing_metadata
    assert isinstance(packed, bytes)
    details = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(packed).details[0].Unpack(details)
    assert details.id == "ns/web"
    assert dict(details.properties) == {"kind": "Deployment"}
    assert dict(details.inputs) == {"replicas": 1}
    assert list(details.reasons) == ["0 of 1 replicas are ready"]
