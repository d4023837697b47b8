"""Which cluster to talk to: the provider's configuration, KUBECONFIG, or ~/.kube/config."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

from local.plugins.server import PluginError

_PREFIX = "kubernetes:config:"
_CONNECTIONS = 32

# Relative paths in a kubeconfig start at the file they stand in. The loader's stubs know no other
# way to say so than its default, which is the working directory.
_OWN_PATHS: dict[str, Any] = {"config_base_path": None}

# What the official provider can be told and this one cannot do; ignoring it would be worse.
_REFUSED_WHEN = {
    "cluster": bool,
    "renderYamlToDirectory": bool,
    "enableServerSideApply": lambda value: value == "false",
    "skipUpdateUnreachable": lambda value: value == "true",
    "strictMode": lambda value: value == "true",
}


class NoKubeconfigError(Exception):
    """There is no kubeconfig, perhaps because there is no cluster yet; the message says where."""


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """The provider's configuration (`kubernetes:…` in a stack file, or a Provider's arguments)."""

    kubeconfig: str = ""
    """A path or the contents of a kubeconfig; empty for KUBECONFIG or ~/.kube/config."""
    context: str = ""
    """A context of the kubeconfig; empty for its current one."""
    namespace: str = ""
    """For namespaced objects without one; empty for the context's, which defaults to `default`."""
    delete_unreachable: bool = False
    """Forget resources of a cluster that cannot be reached when they are refreshed or deleted."""
    mutable_config_maps: bool = False
    """Update ConfigMaps in place instead of replacing them."""
    mutable_secrets: bool = False
    """Update Secrets in place instead of replacing them."""

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> "ProviderSettings":
        """Read the `kubernetes:config:…` variables of a configure request.

        Raises PluginError for a setting that this stand-in cannot honour.
        """
        settings = {name.removeprefix(_PREFIX): value for name, value in variables.items()}
        for name, is_refused in _REFUSED_WHEN.items():
            if is_refused(settings.get(name, "")):
                raise PluginError(
                    f"kubernetes:{name} is not in the stand-in kubernetes plugin; remove the "
                    "setting, or run where Pulumi can download the official plugin"
                )

        def is_on(name: str, variable: str) -> bool:
            return settings.get(name, os.environ.get(variable, "")) == "true"

        return cls(
            kubeconfig=settings.get("kubeconfig", ""),
            context=settings.get("context", ""),
            namespace=settings.get("namespace", ""),
            delete_unreachable=is_on("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
            mutable_config_maps=is_on(
                "enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"
            ),
            mutable_secrets=is_on("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        )


def connect(settings: ProviderSettings) -> tuple[ApiClient, str]:
    """A client for the cluster, and the default namespace; nothing is sent yet.

    Raises NoKubeconfigError, and PluginError for one that is wrong or lacks the context.
    """
    loader = _load(settings)
    # Only a connection that was never made is tried again, so that no change is made twice.
    configuration = Configuration()
    configuration.connection_pool_maxsize = _CONNECTIONS
    configuration.retries = urllib3.Retry(connect=2, read=0, status=0, other=0, redirect=5)
    try:
        loader.load_and_set(configuration)
    except (ConfigException, OSError, ValueError) as error:
        raise PluginError(
            f"the kubeconfig {_origin(settings)} cannot be used: {_one_line(error)}"
        ) from error
    if not configuration.verify_ssl:
        # The kubeconfig says so; a warning with every request would not help.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    context_namespace = (loader.current_context.get("context") or {}).get("namespace")
    return ApiClient(configuration), settings.namespace or context_namespace or "default"


def server_of(settings: ProviderSettings) -> str | None:
    """The address of the API server that the settings lead to; None if they lead to none."""
    configuration = Configuration()
    try:
        _load(settings).load_and_set(configuration)
    except (NoKubeconfigError, PluginError, ConfigException, OSError, ValueError):
        return None
    return configuration.host


def _load(settings: ProviderSettings) -> KubeConfigLoader:
    try:
        merged = KubeConfigMerger(
            io.StringIO(settings.kubeconfig)
            if _is_contents(settings.kubeconfig)
            else _path(settings)
        ).config
    except (ConfigException, OSError, yaml.YAMLError, TypeError, KeyError) as error:
        # Not with the parser's message: it quotes the contents, which hold credentials.
        raise PluginError(
            f"the kubeconfig {_origin(settings)} is not readable as YAML with clusters, users and "
            "contexts"
        ) from error
    if merged is None:
        raise NoKubeconfigError(f"there is no kubeconfig {_origin(settings)}")
    try:
        return KubeConfigLoader(
            config_dict=merged, active_context=settings.context or None, **_OWN_PATHS
        )
    except ConfigException as error:
        context = f"context {settings.context!r}" if settings.context else "usable current context"
        raise PluginError(
            f"the kubeconfig {_origin(settings)} has no {context}; "
            "set kubernetes:context to one that it has"
        ) from error


def _is_contents(path_or_contents: str) -> bool:
    return "\n" in path_or_contents or path_or_contents.lstrip().startswith("{")


def _path(settings: ProviderSettings) -> str:
    return settings.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


def _origin(settings: ProviderSettings) -> str:
    if _is_contents(settings.kubeconfig):
        return "given in kubernetes:kubeconfig"
    return f"at {_path(settings)}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
