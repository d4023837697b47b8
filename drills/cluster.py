"""The simulated cluster as drills see it and break it.

A zone is lost as it is when its power fails: its nodes say nothing more. Nobody tells Kubernetes;
its own node lifecycle controller, taints and tolerations decide what happens, and when.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes import client, config

from components.pods import ZONE
from drills import serving
from drills.serving import Sample
from local import commands
from local.environment import Environment
from local.errors import LocalError

_LEASES = "kube-node-lease"
_POLL_SECONDS = 0.5
_DAY = 86_400


class Cluster:
    """The control plane of an environment with simulated nodes."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        api = config.new_client_from_config(str(environment.kubeconfig))
        self._core = client.CoreV1Api(api)
        self._leases = client.CoordinationV1Api(api)
        self._dead: frozenset[str] = frozenset()
        self.zone_of: Mapping[str, str] = {
            node["metadata"]["name"]: node["metadata"]["labels"][ZONE]
            for node in _items(self._core.list_node(_preload_content=False))
        }

    def kubectl(self, *arguments: str) -> str:
        """Run `kubectl`; what it printed.

        Raises:
            LocalError: it failed, with what it said.
        """
        return commands.output(
            (self._environment.bin / "kubectl", *arguments),
            environment=self._environment.pulumi_environment(),
        )

    def objects(self, kind: str, *, namespace: str) -> list[dict[str, Any]]:
        """All objects of a kind in a namespace."""
        listed = self.kubectl("get", kind, "--namespace", namespace, "--output", "json")
        return json.loads(listed)["items"]

    def nodes(self, *zones: str) -> list[str]:
        """The names of the nodes in these zones, or of all."""
        return sorted(name for name, zone in self.zone_of.items() if not zones or zone in zones)

    def sample(self, *, since: float) -> Sample:
        """The pods now.

        Args:
            since: the moment, of the monotonic clock, from which seconds are counted.
        """
        listed = _items(self._core.list_pod_for_all_namespaces(_preload_content=False))
        return Sample(
            seconds=time.monotonic() - since,
            pods=[pod for pod in map(serving.read, listed) if pod is not None],
            dead=self._dead,
        )

    def watch(
        self,
        until: Callable[[Sample], bool],
        *,
        since: float,
        seconds: float,
        report: Callable[[Sample], None],
    ) -> list[Sample]:
        """Samples until one is as wanted or the time is over; the caller looks which it was."""
        samples = [self.sample(since=since)]
        while not until(samples[-1]) and samples[-1].seconds < seconds:
            time.sleep(_POLL_SECONDS)
            samples.append(self.sample(since=since))
            report(samples[-1])
        return samples

    def lose(self, *zones: str) -> float:
        """Cut these zones' nodes off; the moment on the monotonic clock.

        Each node has a lease that it renews while it lives. Somebody else holds it from now on and
        never renews it: kwok's controller then leaves the node and its pods alone, as if it did
        not run, and for Kubernetes the node has fallen silent.
        """
        nodes = self.nodes(*zones)
        moment = time.monotonic()
        for node in nodes:
            self._hold(node, datetime.now(UTC), seconds=_DAY)
        self._dead |= set(nodes)
        return moment

    def give_back(self) -> float:
        """Let all nodes live again; the moment on the monotonic clock."""
        moment = time.monotonic()
        for node in self._dead:
            # A lease that has run out: kwok's controller takes it, and the node is its again.
            self._hold(node, datetime.now(UTC) - timedelta(days=1), seconds=1)
        self._dead = frozenset()
        return moment

    @contextmanager
    def only(self, zone: str) -> Iterator[None]:
        """Place new pods in this zone only while the body runs."""
        others = [node for node in self.nodes() if self.zone_of[node] != zone]
        self.kubectl("cordon", *others)
        try:
            yield
        finally:
            self.kubectl("uncordon", *others)

    def wait(
        self, until: Callable[[Sample], bool], what: str, *, seconds: float = 300
    ) -> list[Sample]:
        """Samples until one is as wanted.

        Raises:
            LocalError: none is in time.
        """
        samples = self.watch(until, since=time.monotonic(), seconds=seconds, report=lambda _: None)
        if not until(samples[-1]):
            raise LocalError(f"After {seconds:.0f} s it is still not so that {what}.")
        return samples

    def _hold(self, node: str, renewed: datetime, *, seconds: int) -> None:
        self._leases.patch_namespaced_lease(
            node,
            _LEASES,
            {
                "spec": {
                    "holderIdentity": "a-drill",
                    "leaseDurationSeconds": seconds,
                    "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                }
            },
        )


def whole(sample: Sample, namespace: str, wanted: Mapping[str, int]) -> bool:
    """Whether every tier has at least the pods that are wanted."""
    found = serving.strength(sample, namespace)
    return all(found[tier] >= pods for tier, pods in wanted.items())


def _items(answer: Any) -> Sequence[dict[str, Any]]:
    return json.loads(answer.data)["items"]
