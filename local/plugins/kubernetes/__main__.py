"""The plugin process; the Pulumi CLI starts it."""

from local.plugins import server
from local.plugins.kubernetes.provider import KubernetesProvider

if __name__ == "__main__":
    server.serve_provider(KubernetesProvider, version=server.version_of("pulumi-kubernetes"))
