"""A rotation with the real CLI and a real API server.

Pulumi Cloud is a stand-in, tests/esc/pulumi_cloud.py. The operator is played: it copies as External
Secrets does (pkg/controllers/externalsecret/externalsecret_controller.go, v1.3.2), noting in the
status the generation and the annotations that it copied with.
"""

import hashlib
import json
import stat
import subprocess
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from esc.rotated import record
from esc.rotation.__main__ import replace
from esc.rotation.errors import RotationError
from esc.rotation.keys import VendorKey
from esc.rotation.programs import Kubectl, PulumiEsc
from esc.rotation.run import Runner
from integrations.catalogue import load as catalogue
from local.environment import Environment
from local.progress import Steps
from tests.esc.pulumi_cloud import NAME, PulumiCloud, serving
from tests.esc.test_definition import write

KEY = "OPENAI_API_KEY"
OLD, NEW = "sk-old-value-of-the-key", "sk-new-value-of-the-key"
NAMESPACE = "rotation"


@pytest.fixture
def cloud() -> Iterator[PulumiCloud]:
    cloud = PulumiCloud({KEY: OLD})
    with serving(cloud):
        yield cloud


@pytest.fixture
def variables(environment: Environment, cloud: PulumiCloud, tmp_path: Path) -> dict[str, str]:
    """Environment variables with which both programs are found and write down their arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pulumi", "kubectl"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\nprintf "%s " "$@" >> {tmp_path}/arguments; echo >> {tmp_path}/arguments\n'
            f'exec {environment.bin / name} "$@"\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    inherited = environment.pulumi_environment()
    return inherited | {
        # A login of the CLI's own, not that of whoever runs the tests.
        **{"HOME": str(tmp_path), "PULUMI_HOME": str(tmp_path / "home")},
        "PATH": f"{folder}:{inherited['PATH']}",
        **cloud.variables(),
    }


@pytest.fixture
def esc(variables: dict[str, str]) -> PulumiEsc:
    esc = PulumiEsc(name=NAME, environment=variables)
    esc.check()
    return esc


class TestCli:
    """What the real CLI does with a value."""

    @pytest.mark.parametrize(
        "value", [NEW, "12345678", "true", "a: b # c", 'with "quotes"\\n', "é"]
    )
    def test_a_value_arrives_as_it_is(self, esc: PulumiEsc, cloud: PulumiCloud, value: str) -> None:
        esc.write(KEY, value)

        assert cloud.values[KEY] == value
        assert esc.read(KEY) == value

    def test_a_refusal_is_noticed(self, esc: PulumiEsc, cloud: PulumiCloud) -> None:
        cloud.refusal = "the definition is not valid"

        with pytest.raises(RotationError, match="the definition is not valid"):
            esc.write(KEY, NEW)

    def test_another_environment_is_not_there(self, esc: PulumiEsc) -> None:
        with pytest.raises(RotationError, match="not found"):
            PulumiEsc(name="acme/n8n/other", environment=esc.environment).check()


@pytest.fixture
def kubectl(variables: dict[str, str]) -> Iterator[Kubectl]:
    """A namespace with an ExternalSecret, what it has copied, and two workloads."""
    kubectl = Kubectl(context="n8n-platform-local", namespace=NAMESPACE, environment=variables)
    kubectl("create", "namespace", NAMESPACE)
    try:
        for each in (_EXTERNAL_SECRET, *(_deployment(name) for name in ("consumer", "other"))):
            apply(kubectl, each)
        copy(kubectl, OLD)
        for name in ("consumer", "other"):
            kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")
        yield kubectl
    finally:
        kubectl("delete", "namespace", NAMESPACE)


_EXTERNAL_SECRET = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ExternalSecret",
    "metadata": {"name": "keys"},
    "spec": {
        "secretStoreRef": {"name": "pulumi-esc", "kind": "SecretStore"},
        "target": {"name": "made-keys"},
        "data": [{"secretKey": "openai", "remoteRef": {"key": KEY}}],
    },
}


def _deployment(name: str) -> dict[str, Any]:
    reference = {"name": "made-keys" if name == "consumer" else "others-keys", "key": "openai"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "main",
                            "image": "example.org/main:1",
                            "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": reference}}],
                        }
                    ]
                },
            },
        },
    }


def apply(kubectl: Kubectl, document: dict[str, Any], *arguments: str) -> None:
    """Write an object without its content in an argument."""
    subprocess.run(
        ["kubectl", "--namespace", NAMESPACE, "apply", "--filename", "-", *arguments],
        input=json.dumps(document),
        env=dict(kubectl.environment),
        check=True,
        capture_output=True,
        text=True,
    )


def copy(kubectl: Kubectl, value: str) -> None:
    """What the operator does once."""
    item = kubectl.object("get", "externalsecret", "keys")
    metadata = {"name": "made-keys", "namespace": NAMESPACE}
    apply(
        kubectl,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "stringData": {"openai": value},
        },
    )
    annotations = json.dumps(item["metadata"].get("annotations") or {}, sort_keys=True)
    digest = hashlib.sha256(annotations.encode()).hexdigest()
    ready = {"type": "Ready", "status": "True", "reason": "SecretSynced"}
    status = {
        "syncedResourceVersion": f"{item['metadata']['generation']}-{digest}",
        "conditions": [ready],
    }
    kubectl(
        *("patch", "externalsecret", "keys", "--subresource=status", "--type=merge"),
        f"--patch={json.dumps({'status': status})}",
    )


class Operator:
    """Copies once its annotation changes; writes down what it saw then.

    Attributes:
        restarted: at each copy, whether the workload had been restarted already.
    """

    def __init__(self, kubectl: Kubectl, cloud: PulumiCloud) -> None:
        self.restarted: list[bool] = []
        self._kubectl = kubectl
        self._cloud = cloud
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Operator":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        last = None
        while not self._ended.wait(0.2):
            item = self._kubectl.object("get", "externalsecret", "keys")
            asked = item["metadata"].get("annotations", {}).get("force-sync")
            if asked and asked != last:
                last = asked
                self.restarted.append(is_restarted(self._kubectl, "consumer"))
                copy(self._kubectl, self._cloud.values[KEY])


def is_restarted(kubectl: Kubectl, name: str) -> bool:
    template = kubectl.object("get", "deployment", name)["spec"]["template"]["metadata"]
    return "kubectl.kubernetes.io/restartedAt" in template.get("annotations", {})


def pods(kubectl: Kubectl, name: str) -> set[str]:
    return {each["metadata"]["uid"] for each in kubectl.items("pods", "--selector", f"app={name}")}


def rotate(kubectl: Kubectl, esc: PulumiEsc, folder: Path, **more: Any) -> tuple[int, str]:
    """Replace the key of the environment that a folder defines; exit code and output."""
    _, project, environment = NAME.split("/")
    write(folder, {f"{project}/{environment}": {"values": {KEY: {"fn::secret": ""}}}})
    (folder / record.FILE).write_text("")
    output = StringIO()
    console = Console(file=output, soft_wrap=True)
    runner = Runner(esc=esc, kubectl=kubectl, ask=lambda _: NEW, steps=Steps(console), **more)
    rotated = VendorKey(names=(KEY,), service=catalogue().by_id["openai"])
    return replace(runner, rotated, console, folder=folder), output.getvalue()


def test_the_key_is_written_then_copied_then_used_and_never_seen(
    kubectl: Kubectl, esc: PulumiEsc, cloud: PulumiCloud, tmp_path: Path
) -> None:
    before = pods(kubectl, "consumer"), pods(kubectl, "other")

    with Operator(kubectl, cloud) as operator:
        code, output = rotate(kubectl, esc, tmp_path)

    assert code == 0, output
    assert cloud.values[KEY] == NEW
    assert operator.restarted == [False]
    assert is_restarted(kubectl, "consumer")
    assert pods(kubectl, "consumer").isdisjoint(before[0])
    assert pods(kubectl, "other") == before[1]
    arguments = (tmp_path / "arguments").read_text()
    assert f"env set {NAME} {KEY}" in arguments
    assert NEW not in arguments + output
    assert "deployment/consumer" in output
    assert "deployment/other" not in output
    assert f"  {KEY}: 20" in (tmp_path / record.FILE).read_text()


def test_without_the_operator_nothing_is_restarted(
    kubectl: Kubectl, esc: PulumiEsc, tmp_path: Path
) -> None:
    before = pods(kubectl, "consumer")

    code, output = rotate(kubectl, esc, tmp_path, sync_seconds=1)

    assert code == 1
    assert "did not copy keys" in output
    assert "The old key is still valid" in output
    assert pods(kubectl, "consumer") == before
    assert not (tmp_path / record.FILE).read_text()
