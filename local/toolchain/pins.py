"""Every version of the embedded environment, in one place.

A version that is already pinned elsewhere is read from there, so that the two cannot differ: the
Pulumi CLI and the provider plugins have the versions of their Python packages in requirements.txt.
The Go modules beside this file (`<tool>/go.mod`, `go.sum`) pin what a build compiles, and a test
compares them with this page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import metadata

import versions

KUBERNETES = "1.36.3"
ETCD = "3.6.16"
KWOK = "0.8.0"
METRICS_SERVER = "0.9.0"
COREDNS = "1.14.6"
KUBE_ROUTER = "2.2.1"
LOCAL_PATH_PROVISIONER = "0.0.30"
ENVOY_GATEWAY = "1.9.1"
PROMETHEUS = "3.16.0"
PROMETHEUS_OPERATOR = "0.85.0"
POSTGRES_EXPORTER = versions.POSTGRES_EXPORTER.rpartition(":v")[2]
PULUMI = metadata.version("pulumi")

PLUGINS = {
    "kubernetes": metadata.version("pulumi-kubernetes"),
    "random": metadata.version("pulumi-random"),
    "tls": metadata.version("pulumi-tls"),
    "aws": metadata.version("pulumi-aws"),
}
"""Pulumi provider plugins by package name."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """Official release files of one tool.

    In both addresses, `{version}`, `{os}` (linux, darwin), `{arch}` (amd64, arm64), `{x64}` (x64,
    arm64), `{archive}` (tar.gz on Linux, zip on macOS) and `{program}` (a program's name, where
    each is a file of its own) are filled in.
    """

    url: str
    checksums: str
    """Address of the published SHA-256: one sum, or lines of a sum and a file name."""
    systems: tuple[str, ...] = ("linux", "darwin")
    """Operating systems that it is published for."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Programs that are had together.

    A tool without a download is one whose project publishes no checksums beside its files: it is
    built, and the build is checked against go.sum.
    """

    name: str
    version: str
    module: str
    """Folder of the go.mod that builds it, beside this file."""
    packages: dict[str, str]
    """Program name to the Go package that it is built from."""
    ask: tuple[str, ...]
    """Arguments that make a program print its version."""
    stamp: dict[str, str]
    """Go variables that a release carries its version in, and their values."""
    tags: tuple[str, ...] = ()
    """Go's build tags."""
    download: Download | None = None


_KUBERNETES_STAMP = {
    f"k8s.io/component-base/version.{variable}": value
    for variable, value in {
        "gitVersion": f"v{KUBERNETES}",
        "gitMajor": KUBERNETES.split(".")[0],
        "gitMinor": KUBERNETES.split(".")[1],
    }.items()
}

_KUBERNETES_SERVERS = Download(
    url="https://dl.k8s.io/v{version}/bin/{os}/{arch}/{program}",
    checksums="https://dl.k8s.io/v{version}/bin/{os}/{arch}/{program}.sha256",
    systems=("linux",),
)

TOOLS = (
    Tool(
        name="Pulumi",
        version=PULUMI,
        module="pulumi",
        packages={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        ask=("version",),
        stamp={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": PULUMI},
        download=Download(
            url="https://github.com/pulumi/pulumi/releases/download/v{version}/pulumi-v{version}-{os}-{x64}.tar.gz",
            checksums="https://github.com/pulumi/pulumi/releases/download/v{version}/pulumi-{version}-checksums.txt",
        ),
    ),
    Tool(
        name="Kubernetes",
        version=KUBERNETES,
        module="kubernetes",
        packages={
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        },
        ask=("--version",),
        stamp=_KUBERNETES_STAMP,
        download=_KUBERNETES_SERVERS,
    ),
    Tool(
        name="kubectl",
        version=KUBERNETES,
        module="kubernetes",
        packages={"kubectl": "k8s.io/kubernetes/cmd/kubectl"},
        ask=("version", "--client"),
        stamp=_KUBERNETES_STAMP,
        download=replace(_KUBERNETES_SERVERS, systems=("linux", "darwin")),
    ),
    Tool(
        name="etcd",
        version=ETCD,
        module="etcd",
        packages={"etcd": "go.etcd.io/etcd/server/v3"},
        ask=("--version",),
        stamp={},
        download=Download(
            url="https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-{os}-{arch}.{archive}",
            checksums="https://github.com/etcd-io/etcd/releases/download/v{version}/SHA256SUMS",
        ),
    ),
    Tool(
        name="kwok",
        version=KWOK,
        module="kwok",
        packages={
            "kwok": "sigs.k8s.io/kwok/cmd/kwok",
            "kwokctl": "sigs.k8s.io/kwok/cmd/kwokctl",
        },
        ask=("--version",),
        stamp={"sigs.k8s.io/kwok/pkg/consts.Version": KWOK},
    ),
    Tool(
        name="metrics-server",
        version=METRICS_SERVER,
        module="metrics-server",
        packages={"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
        ask=("--version",),
        stamp={"k8s.io/client-go/pkg/version.gitVersion": f"v{METRICS_SERVER}"},
    ),
)
"""What a control plane and simulated nodes need."""

NODE_TOOLS = (
    Tool(
        name="kubelet",
        version=KUBERNETES,
        module="kubernetes",
        packages={
            "kubelet": "k8s.io/kubernetes/cmd/kubelet",
            "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
        },
        ask=("--version",),
        stamp=_KUBERNETES_STAMP,
        download=_KUBERNETES_SERVERS,
    ),
    Tool(
        name="kube-router",
        version=KUBE_ROUTER,
        module="kube-router",
        packages={"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"},
        ask=("--version",),
        stamp={"github.com/cloudnativelabs/kube-router/v2/pkg/version.Version": KUBE_ROUTER},
    ),
)
"""What real nodes need besides."""

_PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
_POSTGRES_EXPORTER = "github.com/prometheus-community/postgres_exporter"
_PROMETHEUS_STAMP = "github.com/prometheus/common/version.Version"

POSTGRES_EXPORTER_TOOL = Tool(
    name="postgres_exporter",
    version=POSTGRES_EXPORTER,
    module="postgres-exporter",
    packages={"postgres-exporter": f"{_POSTGRES_EXPORTER}/cmd/postgres_exporter"},
    ask=("--version",),
    stamp={_PROMETHEUS_STAMP: POSTGRES_EXPORTER},
)
"""Also for the recordings that tests of monitoring use."""

IMAGE_TOOLS = (
    Tool(
        name="CoreDNS",
        version=COREDNS,
        module="coredns",
        # Our own main function beside go.mod: with the plugins that are used, and no others.
        packages={"coredns": "."},
        ask=("-version",),
        stamp={},
    ),
    Tool(
        name="local-path-provisioner",
        version=LOCAL_PATH_PROVISIONER,
        module="local-path-provisioner",
        packages={"local-path-provisioner": "github.com/rancher/local-path-provisioner"},
        ask=("--version",),
        stamp={"main.VERSION": f"v{LOCAL_PATH_PROVISIONER}"},
    ),
    Tool(
        name="Envoy Gateway",
        version=ENVOY_GATEWAY,
        module="envoy-gateway",
        packages={"envoy-gateway": "github.com/envoyproxy/gateway/cmd/envoy-gateway"},
        ask=("version",),
        stamp={
            "github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion": (
                f"v{ENVOY_GATEWAY}"
            )
        },
    ),
    Tool(
        name="Prometheus",
        version=PROMETHEUS,
        module="prometheus",
        packages={"prometheus": "github.com/prometheus/prometheus/cmd/prometheus"},
        ask=("--version",),
        stamp={_PROMETHEUS_STAMP: PROMETHEUS},
        # It knows every cloud's machines. Debian's knows none, nor Kubernetes' pods.
        tags=("remove_all_sd", "enable_kubernetes_sd"),
    ),
    Tool(
        name="Prometheus operator",
        version=PROMETHEUS_OPERATOR,
        module="prometheus-operator",
        packages={
            "prometheus-operator": f"{_PROMETHEUS_OPERATOR}/cmd/operator",
            "prometheus-config-reloader": f"{_PROMETHEUS_OPERATOR}/cmd/prometheus-config-reloader",
        },
        ask=("--version",),
        stamp={_PROMETHEUS_STAMP: PROMETHEUS_OPERATOR},
    ),
    POSTGRES_EXPORTER_TOOL,
)
"""What stand-ins for published images are made of, where no registry can be reached."""
