"""Who the programs of a node are to the API server: certificates of the cluster's own authority."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.control_plane import kubeconfig
from local.nodes import Manifest
from local.nodes.machine.addresses import Place

_VALID = timedelta(days=365)
_NETWORK_POLICIES = "system:kube-router"


def write(folder: Path, place: Place, *, server: str, authority: Path) -> None:
    """Write a kubeconfig for each program of a node.

    Args:
        folder: of the node.
        place: the node.
        server: address of the API server as the node sees it.
        authority: folder of `ca.crt` and `ca.key`.
    """
    identities = {
        "kubelet": (f"system:node:{place.name}", "system:nodes"),
        "kube-proxy": ("system:kube-proxy", None),
        "kube-router": (_NETWORK_POLICIES, None),
    }
    for program, (user, group) in identities.items():
        certificate, key = _client_certificate(authority, user, group)
        kubeconfig.write(
            folder / f"{program}.kubeconfig",
            server=server,
            authority=(authority / "ca.crt").read_bytes(),
            certificate=certificate,
            key=key,
        )


def permissions() -> list[Manifest]:
    """What these identities may do, where Kubernetes does not know them by itself."""
    name = "local:kube-router"
    watched = ["namespaces", "pods", "services", "nodes", "endpoints"]
    rules = [
        {"apiGroups": [""], "resources": watched},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"]},
    ]
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{**rule, "verbs": ["get", "list", "watch"]} for rule in rules],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": name,
            },
            "subjects": [
                {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "User",
                    "name": _NETWORK_POLICIES,
                }
            ],
        },
    ]


def _client_certificate(authority: Path, user: str, group: str | None) -> tuple[bytes, bytes]:
    """Certificate and key of a user, in PEM."""
    with warnings.catch_warnings():
        # kwokctl numbers its authority 0, which a later cryptography will refuse.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        issuer = x509.load_pem_x509_certificate((authority / "ca.crt").read_bytes())
    # The authority is kwokctl's, which makes RSA keys.
    issuer_key = cast(
        rsa.RSAPrivateKey,
        serialization.load_pem_private_key((authority / "ca.key").read_bytes(), None),
    )
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
