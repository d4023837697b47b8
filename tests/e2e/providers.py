"""Providers of language models behind Services of the cluster: stubs, in the world outside.

Real ones cost money, and answer differently each time.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from ai_gateway.stubs import Stubs
from tests.e2e.outside import PUBLIC, PUBLIC_TOO, outside
from tests.e2e.platform import NAMESPACE, Platform

PROVIDERS = {"anthropic": PUBLIC, "openai": PUBLIC_TOO}
"""By name, as Portkey has it, the address that each has outside."""

_PORT = 443
"""Where n8n's network policies let workflows out to; what is spoken there is plain HTTP."""


@dataclass(frozen=True, kw_only=True)
class Providers:
    """The providers while they run.

    Attributes:
        process: of all of them.
    """

    process: subprocess.Popen[bytes]

    def received(self) -> list[tuple[str, str]]:
        """Model and key of each call that came, by provider, each in order."""
        return self._told("")

    def stop(self, provider: str) -> None:
        """Have a provider listen no longer, for good, and its connections broken."""
        self._told(provider)

    def _told(self, stopped: str) -> list[tuple[str, str]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{stopped}\n".encode())
        self.process.stdin.flush()
        return [(model, key) for model, key in json.loads(self.process.stdout.readline())]


@contextmanager
def providers(platform: Platform) -> Iterator[Providers]:
    """Have them run, each behind a Service of its own."""
    with outside(__name__) as process:
        try:
            _apply(platform, *map(_address, PROVIDERS), *map(_endpoint, PROVIDERS))
            yield Providers(process=process)
        finally:
            # An EndpointSlice goes with its Service only where Kubernetes made it.
            kinds = "services,endpointslices"
            platform.kubectl("delete", kinds, "--ignore-not-found", *map(_service, PROVIDERS))


def base_urls() -> list[dict[str, str]]:
    """Where they are, as the setting `ai.baseUrls` says it."""
    return [
        {"provider": name, "url": f"http://{_service(name)}.{NAMESPACE}.svc:{_PORT}/v1"}
        for name in PROVIDERS
    ]


def _service(provider: str) -> str:
    return f"stub-{provider}"


def _address(provider: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _service(provider)},
        "spec": {"ports": [{"port": _PORT}]},
    }


def _endpoint(provider: str) -> dict[str, Any]:
    name = _service(provider)
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": _PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [PROVIDERS[provider]]}],
    }


def _apply(platform: Platform, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    platform.kubectl("apply", "--filename=-", given=json.dumps(listed))


def _serve() -> None:
    running = {name: (ExitStack(), Stubs(address, _PORT)) for name, address in PROVIDERS.items()}
    for stack, stubs in running.values():
        stack.enter_context(stubs)
    _say("listening")
    for line in sys.stdin:
        if stopped := line.strip():
            running[stopped][0].close()
        _say(
            json.dumps([(e.model, e.key) for _, stubs in running.values() for e in stubs.received])
        )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
