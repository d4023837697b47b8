"""Simulated nodes: kwok keeps them alive and plays what kubelets would report about their pods.

Scheduling, quotas, rollouts, evictions, autoscaling and volumes are the real control plane's; no
pod runs a program, nothing listens, and network policies are stored but not enforced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.addons import monitoring
from local.nodes import ZONES, Access, Manifest
from local.progress import Steps
from local.toolchain import build
from local.toolchain.pins import KUBERNETES
from local.toolchain.resolve import Toolchain

_HERE = Path(__file__).parent / "simulation"
_NODES_PER_ZONE = 2
# One zone carries the whole platform at its maximum: 20 workers of 2 CPU and 2 GiB, and the rest.
_CAPACITY = {"cpu": "32", "memory": "64Gi", "pods": "110", "ephemeral-storage": "200Gi"}
# What kwok itself says about pods and nodes, from the Go module that its binaries are built from.
_KWOK = "sigs.k8s.io/kwok"
_KWOK_FILES = (
    "kustomize/stage/node/fast/node-initialize.yaml",
    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "kustomize/stage/pod/fast/pod-ready.yaml",
    "kustomize/stage/pod/fast/pod-complete.yaml",
    "kustomize/stage/pod/fast/pod-delete.yaml",
    "kustomize/metrics/resource/metrics-resource.yaml",
)


class SimulatedNodes:
    """Two nodes in each of three zones."""

    kind = "simulated"
    description = "simulated nodes: pods are placed and scaled, and do not run programs"
    tools = ()
    server_address = None

    def begin(self) -> None:
        """There is nothing to begin."""

    def prepare(self, toolchain: Toolchain, steps: Steps) -> None:
        """There is nothing to have."""

    def stack_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Nothing: images are not pulled."""
        return {}

    def controller_configuration(self) -> list[Manifest]:
        """kwok's stages for nodes and pods, ours for volumes, and what pods appear to use."""
        kwok = build.module_folder("kwok", _KWOK)
        files = [kwok / file for file in _KWOK_FILES]
        files += [_HERE / "volumes.yaml", _HERE / "usage.yaml"]
        return [document for file in files for document in yaml.safe_load_all(file.read_text())]

    def manifests(self) -> list[Manifest]:
        """The nodes and the storage class whose volumes they have."""
        return [*_nodes(), _storage_class()]

    def start(self, access: Access, toolchain: Toolchain, steps: Steps) -> None:
        """They are objects only: kwok's controller, a server of the control plane, plays them."""

    def addons(self) -> list[Manifest]:
        """No programs, which would not run: only what the stack's objects are put in."""
        return [monitoring.namespace()]

    def missing(self) -> list[str]:
        """Nothing of theirs could."""
        return []

    def stop(self) -> None:
        """They end with the control plane."""


def _nodes() -> Iterator[Manifest]:
    for number, zone in enumerate(ZONES):
        for index in range(1, _NODES_PER_ZONE + 1):
            name = f"{zone}-{index}"
            subnet = number * _NODES_PER_ZONE + index
            yield {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {
                    "name": name,
                    "annotations": {
                        "kwok.x-k8s.io/node": "fake",
                        "metrics.k8s.io/resource-metrics-path": (
                            f"/metrics/nodes/{name}/metrics/resource"
                        ),
                    },
                    "labels": {
                        "kubernetes.io/arch": "amd64",
                        "kubernetes.io/hostname": name,
                        "kubernetes.io/os": "linux",
                        "topology.kubernetes.io/region": "local",
                        "topology.kubernetes.io/zone": zone,
                    },
                },
                "spec": {"podCIDR": f"10.88.{subnet}.0/24", "podCIDRs": [f"10.88.{subnet}.0/24"]},
                "status": {
                    # Where metrics-server asks for this node's figures: the kwok controller.
                    "addresses": [
                        {"type": "InternalIP", "address": "127.0.0.1"},
                        {"type": "Hostname", "address": name},
                    ],
                    "allocatable": _CAPACITY,
                    "capacity": _CAPACITY,
                    "nodeInfo": {"kubeletVersion": f"v{KUBERNETES}"},
                },
            }


def _storage_class() -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "simulated",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "simulated.n8n-platform",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
