"""From Pulumi's type tokens to Kubernetes' groups, versions and kinds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.plugins.server import PluginError

HELM_CHART = "kubernetes:helm.sh/v4:Chart"
HELM_RELEASE = "kubernetes:helm.sh/v3:Release"

# Known without asking the API server, so that a preview can tell while it is unreachable.
_CLUSTER_SCOPED = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("external-secrets.io", "ClusterExternalSecret"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of Kubernetes object; `group` is empty for the core group."""

    group: str
    version: str
    name: str

    @property
    def api_version(self) -> str:
        """As manifests write it: `apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_built_in(self) -> bool:
        """Whether Kubernetes itself brings the kind, judged by its group."""
        return "." not in self.group or self.group in _BUILT_IN_GROUPS

    @property
    def is_cluster_scoped_by_name(self) -> bool:
        """Whether it is one of the well-known kinds that live outside namespaces."""
        return (self.group, self.name) in _CLUSTER_SCOPED

    def __str__(self) -> str:
        return f"{self.api_version}/{self.name}"


_BUILT_IN_GROUPS = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)


def of_token(token: str) -> Kind:
    """The kind that a type token such as `kubernetes:apps/v1:Deployment` stands for.

    Raises PluginError for tokens of other packages and for types that are not plain objects.
    """
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    group, _, version = module.partition("/")
    if package != "kubernetes" or not name:
        raise PluginError(f"{token} is not a type of the kubernetes package")
    if group in {"yaml", "kustomize", "helm.sh"} or not version:
        raise PluginError(
            f"{token} is not in the stand-in kubernetes plugin, which applies single objects only; "
            "declare the objects themselves, or run where Pulumi can download the official plugin"
        )
    kind = Kind(group="" if group == "core" else group, version=version, name=name)
    if name.endswith("List"):
        raise PluginError(
            f"{token}: list resources exist for compatibility with YAML manifests and Helm charts, "
            "and cannot be created directly. Use the underlying resource type instead"
        )
    if name.endswith("Patch") and kind.is_built_in:
        raise PluginError(
            f"{token}: patch resources are not in the stand-in kubernetes plugin; "
            "declare the whole object, or run where Pulumi can download the official plugin"
        )
    return kind


def of_object(obj: Mapping[str, Any]) -> Kind:
    """The kind that an object says it is of."""
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    return Kind(
        group="" if group == "core" else group, version=version, name=str(obj.get("kind", ""))
    )


def is_kind(obj: Mapping[str, Any], group: str, name: str) -> bool:
    """Whether the object is of that group and kind, in any version."""
    kind = of_object(obj)
    return (kind.group, kind.name) == (group, name)


def is_secret(obj: Mapping[str, Any]) -> bool:
    """Whether the object is a core Secret."""
    return is_kind(obj, "", "Secret")
