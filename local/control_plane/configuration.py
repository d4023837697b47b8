"""What kwokctl is told: which programs, which ports, loopback only, Kubernetes' own timing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.control_plane import audit
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

# Flags that kwokctl itself gives; it adds any other, and drops one that should replace nothing.
_GIVEN = {"data-dir", "manage-all-nodes"}

SERVICE_NETWORK = "10.96.0.0/16"
SERVER_SERVICE = "10.96.0.1"
"""The service `kubernetes`, always the first address of its network."""

METRICS_API = "v1beta1.metrics.k8s.io"
"""The name of metrics-server's APIService."""

# Defaults of kube-controller-manager and kubelet 1.36; kwokctl multiplies them by five otherwise.
_NODE_MONITOR_PERIOD_MS = 5_000
_NODE_MONITOR_GRACE_PERIOD_MS = 50_000
_NODE_LEASE_SECONDS = 40


def kwokctl(
    programs: Mapping[str, Path],
    ports: Mapping[str, int],
    *,
    data: Path,
    manifests: Path,
    authority: Path,
    audit_log: Path,
    address: str | None,
) -> Manifest:
    """The KwokctlConfiguration.

    Args:
        programs: program name to its file.
        ports: a port for each of `PORTS`.
        data: folder of etcd's data. It is not kwokctl's own, which removes its folder when a start
            fails.
        manifests: folder of metrics-server's own manifests, of which kwokctl applies what fits.
        authority: folder in which kwokctl keeps the servers' certificate and key.
        audit_log: folder of the audit log and its policy; for the same reason not kwokctl's own.
        address: where nodes reach the API server, if not on loopback.
    """
    patches: dict[str, dict[str, str]] = {
        "etcd": {"data-dir": str(data)},
        # Only nodes that say they are simulated, so that real ones can join.
        "kwok-controller": {
            "manage-all-nodes": "false",
            "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
        },
    }
    patches["kube-apiserver"] = {
        "service-cluster-ip-range": SERVICE_NETWORK,
        # Who the API server is to kubelets.
        "kubelet-client-certificate": str(authority / "admin.crt"),
        "kubelet-client-key": str(authority / "admin.key"),
        "kubelet-preferred-address-types": "InternalIP",
        **audit.flags(audit_log),
    }
    if address:
        # Something forwards from there: the server itself listens on loopback only.
        patches["kube-apiserver"]["advertise-address"] = address
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
            "kubeApiserverCertSANs": [address, SERVER_SERVICE] if address else [],
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
                "name": server,
                "extraArgs": [
                    {"key": flag, "value": value, "override": flag in _GIVEN}
                    for flag, value in flags.items()
                ],
            }
            for server, flags in patches.items()
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
