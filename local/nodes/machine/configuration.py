"""What the programs of a node are told, apart from who they are."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from local.nodes.machine import cgroups
from local.nodes.machine.addresses import DNS, POD_NETWORK, Place

STORE = "images"
"""Which images containerd began with."""


def files(
    place: Place, *, server: str, authority: Path, sandbox_image: str, plugins: Path, store: str
) -> dict[str, str]:
    """File name to content.

    Args:
        place: the node.
        server: address of the API server.
        authority: certificate with which the kubelet recognizes the API server.
        sandbox_image: reference of the image that holds a pod's namespaces.
        plugins: folder of the network plugins.
        store: name of the images that were built here; empty where they are pulled.
    """
    return {
        "containerd.toml": _CONTAINERD.format(sandbox_image=sandbox_image, plugins=plugins),
        "cni/pods.conflist": json.dumps(_pod_network(place), indent=2),
        "kubelet.yaml": yaml.safe_dump(_kubelet(place, authority), sort_keys=False),
        "kube-proxy.yaml": yaml.safe_dump(_kube_proxy(place), sort_keys=False),
        "resolv.conf": _resolver(),
        STORE: store,
        # Which cluster the node's credentials are for.
        "cluster": f"{server}\n{authority.read_text()}",
    }


# systemd's resolver listens on loopback and keeps the servers that it asks itself in a file.
_RESOLVERS = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))

_CONTAINERD = """\
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox_image}"
  # Not every machine lets even root protect a process from the kernel, or has AppArmor.
  restrict_oom_score_adj = true
  disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{plugins}"
  conf_dir = "/run/node/cni"

[plugins."io.containerd.grpc.v1.cri".containerd]
  # An image's layers are there once, unpacked, not packed as well.
  discard_unpacked_layers = true

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
"""


def _pod_network(place: Place) -> dict[str, object]:
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {
                # A cable from each pod to its node: the nodes route, nothing is bridged.
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": place.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }


def _kubelet(place: Place, authority: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": place.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "clusterDNS": [DNS],
        "clusterDomain": "cluster.local",
        "resolvConf": "/run/node/resolv.conf",
        "seccompDefault": True,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroups.path(place.name),
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "oomScoreAdj": 0,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        # The disk is the user's, not the node's: only a full one is a reason to end pods, and
        # images that were built here could not be pulled again.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
    }


def _resolver() -> str:
    """The name servers of this machine that a node reaches: not those on its loopback."""
    for file in _RESOLVERS:
        lines = file.read_text().splitlines() if file.is_file() else []
        kept = [line for line in lines if not line.startswith("nameserver 127.")]
        if any(line.startswith("nameserver") for line in kept):
            return "\n".join(kept) + "\n"
    return ""


def _kube_proxy(place: Place) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": "/run/node/kube-proxy.kubeconfig"},
        "hostnameOverride": place.name,
        "bindAddress": place.address,
        "healthzBindAddress": f"{place.address}:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "clusterCIDR": POD_NETWORK,
        # nftables mode needs a newer nft than Debian 12 has.
        "mode": "iptables",
        # These limits are this machine's, which is not the node's to change.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpCloseWaitTimeout": "0s",
            "tcpEstablishedTimeout": "0s",
        },
    }
