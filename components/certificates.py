"""A private certificate authority for the connections inside the platform."""

from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

from components.base import Component

_AUTHORITY_HOURS = 10 * 365 * 24
"""Ten years: replacing the authority means restarting everything that trusts it at once."""

_CERTIFICATE_HOURS = 365 * 24
_RENEWAL_HOURS = 60 * 24
"""A certificate is valid for a year; the first `pulumi up` in its last 60 days renews it."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A server's certificate and its private key, both PEM."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]


class CertificateAuthority(Component):
    """Signs the certificates of servers that only the platform itself talks to.

    Attributes:
        certificate: the authority's own certificate, PEM; clients trust it and nothing else.
    """

    area = "secrets"

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._key = self._create_key("authority")
        self.certificate = tls.SelfSignedCert(
            "authority",
            private_key_pem=self._key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(common_name="n8n-platform internal authority"),
            is_ca_certificate=True,
            set_subject_key_id=True,
            validity_period_hours=_AUTHORITY_HOURS,
            allowed_uses=["cert_signing", "crl_signing"],
            opts=self.child_options(),
        ).cert_pem
        self.register_outputs({"certificate": self.certificate})

    def issue(self, server: str, *, hosts: list[str]) -> Certificate:
        """A certificate for a server.

        Args:
            server: its name, also the certificate's common name.
            hosts: every DNS name under which clients reach it.
        """
        key = self._create_key(server)
        request = tls.CertRequest(
            server,
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name=server),
            dns_names=hosts,
            opts=self.child_options(),
        )
        signed = tls.LocallySignedCert(
            server,
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=self._key.private_key_pem,
            ca_cert_pem=self.certificate,
            validity_period_hours=_CERTIFICATE_HOURS,
            early_renewal_hours=_RENEWAL_HOURS,
            set_subject_key_id=True,
            # Redis's nodes are each other's clients.
            allowed_uses=["digital_signature", "server_auth", "client_auth"],
            opts=self.child_options(),
        )
        return Certificate(certificate=signed.cert_pem, private_key=key.private_key_pem)

    def _create_key(self, name: str) -> tls.PrivateKey:
        return tls.PrivateKey(
            name, algorithm="ECDSA", ecdsa_curve="P256", opts=self.child_options()
        )
