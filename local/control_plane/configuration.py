"""What kwokctl is told: which programs, which ports, loopback only, Kubernetes' own timing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.control_plane.ports import LOOPBACK
from local.nodes import Manifest
from local.toolchain.pins import ETCD, KUBERNETES, KWOK, METRICS_SERVER

SERVERS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok-controller",
    "metrics-server",
)
"""The servers of a control plane, by the names under which kwokctl starts them."""

PORTS = (
    "etcdPort",
    "etcdPeerPort",
    "kubeApiserverPort",
    "kubeControllerManagerPort",
    "kubeSchedulerPort",
    "kwokControllerPort",
    "metricsServerPort",
)
"""kwokctl's options that take a port."""

METRICS_API = "v1beta1.metrics.k8s.io"
"""The name of metrics-server's APIService."""

# Defaults of kube-controller-manager and kubelet 1.36; kwokctl multiplies them by five otherwise.
_NODE_MONITOR_PERIOD_MS = 5_000
_NODE_MONITOR_GRACE_PERIOD_MS = 50_000
_NODE_LEASE_SECONDS = 40


def kwokctl(
    programs: Mapping[str, Path], ports: Mapping[str, int], data: Path, manifests: Path
) -> Manifest:
    """The KwokctlConfiguration.

    Args:
        programs: program name to its file.
        ports: a port for each of `PORTS`.
        data: folder of etcd's data. It is not kwokctl's own, which removes its folder when a start
            fails.
        manifests: folder of metrics-server's own manifests, of which kwokctl applies what fits.
    """
    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {
            "runtime": "binary",
            "kubeVersion": f"v{KUBERNETES}",
            "etcdVersion": ETCD,
            "kwokVersion": f"v{KWOK}",
            "metricsServerVersion": f"v{METRICS_SERVER}",
            "etcdBinary": str(programs["etcd"]),
            "kubeApiserverBinary": str(programs["kube-apiserver"]),
            "kubeControllerManagerBinary": str(programs["kube-controller-manager"]),
            "kubeSchedulerBinary": str(programs["kube-scheduler"]),
            "kubectlBinary": str(programs["kubectl"]),
            "kwokControllerBinary": str(programs["kwok"]),
            "metricsServerBinary": str(programs["metrics-server"]),
            "metricsServerManifests": [str(manifests)],
            "enable": ["metrics-server"],
            "bindAddress": LOOPBACK,
            "securePort": True,
            "kubeAuthorization": True,
            "kubeAdmission": True,
            "heartbeatFactor": 1,
            "kubeControllerManagerNodeMonitorPeriodMilliseconds": _NODE_MONITOR_PERIOD_MS,
            "kubeControllerManagerNodeMonitorGracePeriodMilliseconds": (
                _NODE_MONITOR_GRACE_PERIOD_MS
            ),
            "nodeLeaseDurationSeconds": _NODE_LEASE_SECONDS,
            **ports,
        },
        "componentsPatches": [
            {
                "name": "etcd",
                "extraArgs": [{"key": "data-dir", "value": str(data), "override": True}],
            },
            {
                # Only nodes that say they are simulated, so that real ones can join.
                "name": "kwok-controller",
                "extraArgs": [
                    {"key": "manage-all-nodes", "value": "false", "override": True},
                    {
                        "key": "manage-nodes-with-annotation-selector",
                        "value": "kwok.x-k8s.io/node=fake",
                    },
                ],
            },
        ],
    }


def metrics_service(port: int) -> Manifest:
    """Where the API server finds metrics-server; kwokctl writes it once, for the first port."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": METRICS_API},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics-server", "namespace": "kube-system", "port": port},
        },
    }
