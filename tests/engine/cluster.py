"""The cluster as the tests look at it: what `kubectl` says."""

import json
import subprocess
from typing import Any

from local.environment import Environment

Object = dict[str, Any]


class Cluster:
    """The control plane of a test's environment."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def kubectl(self, *arguments: str) -> str:
        """Run `kubectl`; what it printed."""
        return subprocess.run(
            [self._environment.bin / "kubectl", *arguments],
            env=self._environment.pulumi_environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def objects(self, kind: str, *, namespace: str = "n8n") -> list[Object]:
        """All objects of a kind in a namespace."""
        return json.loads(self.kubectl("get", kind, "--namespace", namespace, "-o", "json"))[
            "items"
        ]

    def names(self, kind: str, *, namespace: str = "n8n") -> list[str]:
        """Their names."""
        return [each["metadata"]["name"] for each in self.objects(kind, namespace=namespace)]

    def pods(self, component: str) -> list[Object]:
        """The platform's pods with this `app.kubernetes.io/component`, Jobs' left out."""
        return [
            pod
            for pod in self.objects("pods")
            if pod["metadata"]["labels"]["app.kubernetes.io/component"] == component
            and pod["metadata"]["ownerReferences"][0]["kind"] != "Job"
        ]

    def zones(self, pods: list[Object]) -> list[str]:
        """The zone of each of these pods."""
        zone_of = {
            node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
            for node in self.objects("nodes")
        }
        return [zone_of[pod["spec"]["nodeName"]] for pod in pods]
