"""Run a piece of the program without an engine, and look at the resources it would create."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as the engine would be asked to create it.

    Attributes:
        type: its Pulumi type token, for example `kubernetes:apps/v1:Deployment`.
        name: its name in Pulumi.
        inputs: its properties, unwrapped; keys as in Kubernetes' own YAML, numbers as floats.
    """

    type: str
    name: str
    inputs: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The last part of the type, for Kubernetes the object's kind."""
        return self.type.rpartition(":")[2]


class Recorded(list[Resource]):
    """All resources of a program, in the order of their registration."""

    def of(self, kind: str) -> list[Resource]:
        """Those of a kind, for example `Deployment`."""
        return [resource for resource in self if resource.kind == kind]

    def one(self, kind: str, name: str | None = None) -> Mapping[str, Any]:
        """The properties of the only resource of a kind, or of the only one so named in Kubernetes.

        Raises:
            LookupError: if there is none, or more than one.
        """
        found = [
            resource
            for resource in self.of(kind)
            if name is None or resource.inputs["metadata"]["name"] == name
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} resources {kind} {name or ''} among {self!r}")
        return found[0].inputs


_COMPUTED = {
    "RandomPassword": {"result": "generated"},
    "PrivateKey": {"privateKeyPem": "a key"},
    "CertRequest": {"certRequestPem": "a request"},
    "SelfSignedCert": {"certPem": "a certificate"},
    "LocallySignedCert": {"certPem": "a certificate"},
}
"""Outputs that a provider computes and the program uses, by kind."""


def _computed(args: MockResourceArgs) -> dict[str, Any]:
    if args.typ == "aws:eks/cluster:Cluster":
        return {
            "arn": "arn:aws:eks:::cluster",
            "endpoint": "https://cluster.example",
            "certificateAuthority": {"data": "Y2VydGlmaWNhdGU="},
            "vpcConfig": {**args.inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster"},
        }
    package, module, kind = args.typ.split(":")
    if package == "aws":
        return {
            "arn": f"arn:aws:{module.partition('/')[0]}:::{args.name}",
            **({"keyId": f"{args.name}-id"} if module.startswith("kms/") else {}),
        }
    return _COMPUTED.get(kind, {})


class _Recorder(Mocks):
    """Accepts every resource as it is; its outputs are its inputs and what is computed."""

    def __init__(self) -> None:
        self.recorded = Recorded()

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = _without_secret_marks(args.inputs)
        self.recorded.append(Resource(type=args.typ, name=args.name, inputs=inputs))
        return f"{args.name}-id", {**args.inputs, **_computed(args)}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(f"a component asked the provider for {args.token}")


def _without_secret_marks(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return _without_secret_marks(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _without_secret_marks(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secret_marks(each) for each in value]
    return value


def record(program: Callable[[], object]) -> Recorded:
    """Run a program to its end and return what it registered.

    Assertions belong after this, outside any `apply`: there a failing one fails the test, and
    something that is missing is known to be missing, because every registration has ended.
    """
    recorder = _Recorder()

    @pulumi.runtime.test
    def run() -> None:
        program()

    # Pulumi asks for this thread's event loop, of which a test that ran before may have left none.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(recorder, project="n8n-platform", stack="unit")
        run()
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return recorder.recorded
