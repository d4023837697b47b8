"""Stand-in for the `tls` plugin: keys, requests and certificates with its inputs and outputs.

A certificate that has ended, or ends within `earlyRenewalHours`, is replaced by the next update.
"""

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from typing_extensions import override

from local.plugins import certificates, server, values
from local.plugins.generated import Arguments, Generated, GeneratedProvider, GeneratedResource
from local.plugins.values import Properties

_ALGORITHMS = ("ECDSA", "ED25519", "RSA")
# What `cryptography` still makes.
_SMALLEST_RSA_BITS = 1024


class PrivateKey(GeneratedResource):
    """A private key with its public key."""

    inputs: ClassVar = {"algorithm": None, "ecdsaCurve": "P224", "rsaBits": 2048}
    required: ClassVar = frozenset({"algorithm"})
    secret_outputs: ClassVar = frozenset(
        {"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"}
    )
    outputs: ClassVar = secret_outputs | {
        "publicKeyFingerprintMd5",
        "publicKeyFingerprintSha256",
        "publicKeyOpenssh",
        "publicKeyPem",
    }

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        yield from _one_of("algorithm", arguments["algorithm"], _ALGORITHMS)
        yield from _one_of("ecdsaCurve", arguments["ecdsaCurve"], certificates.CURVES)
        yield from _at_least("rsaBits", arguments, _SMALLEST_RSA_BITS)

    @override
    def generate(self, arguments: Arguments) -> Generated:
        match arguments["algorithm"]:
            case "RSA":
                key = rsa.generate_private_key(65537, arguments["rsaBits"])
            case "ECDSA":
                key = ec.generate_private_key(certificates.CURVES[arguments["ecdsaCurve"]]())
            case _:
                key = ed25519.Ed25519PrivateKey.generate()
        return Generated(
            resource_id=certificates.digest(certificates.public_der(key)),
            outputs=certificates.encode(key),
            inputs=arguments,
        )


_NAMES = {"dnsNames": None, "ipAddresses": None, "subject": None, "uris": None}
_CERTIFICATE = {
    "allowedUses": None,
    "earlyRenewalHours": 0,
    "isCaCertificate": False,
    "maxPathLength": None,
    "setSubjectKeyId": False,
    "validityPeriodHours": None,
}


class CertRequest(GeneratedResource):
    """A request for a certificate."""

    inputs: ClassVar = {**_NAMES, "privateKeyPem": None}
    required: ClassVar = frozenset({"privateKeyPem"})
    outputs: ClassVar = frozenset({"certRequestPem", "keyAlgorithm"})

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        yield from _addresses(arguments)

    @override
    def generate(self, arguments: Arguments) -> Generated:
        key = certificates.private_key(arguments["privateKeyPem"], of="privateKeyPem")
        request = certificates.request(
            key,
            certificates.name(arguments["subject"]),
            certificates.alternative_names(arguments),
        )
        return Generated(
            resource_id=certificates.digest(request.public_bytes(Encoding.DER)),
            outputs={
                "certRequestPem": request.public_bytes(Encoding.PEM).decode(),
                "keyAlgorithm": certificates.algorithm_of(key),
            },
            inputs=arguments,
        )


class _Certificate(GeneratedResource):
    """What both kinds of certificates have."""

    updatable: ClassVar = frozenset({"earlyRenewalHours"})
    outputs: ClassVar = frozenset(
        {"certPem", "readyForRenewal", "validityEndTime", "validityStartTime"}
    )

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        for use in arguments["allowedUses"]:
            yield from _one_of("allowedUses", use, certificates.ALLOWED_USES)
        yield from _at_least("validityPeriodHours", arguments, 0)
        yield from _at_least("earlyRenewalHours", arguments, 0)

    @override
    def outdated(self, state: Properties) -> Properties:
        known = [state[name] for name in ("validityEndTime", "earlyRenewalHours") if name in state]
        if len(known) < 2 or any(map(values.contains_unknown, known)):
            return {}
        end, early = map(values.to_python, known)
        renewal = datetime.fromisoformat(end) - timedelta(hours=early)
        return {"readyForRenewal": values.from_python(True)} if datetime.now(UTC) >= renewal else {}

    @staticmethod
    def made(certificate: x509.Certificate, inputs: Arguments, **outputs: str) -> Generated:
        """The resource for a new certificate; `outputs` are those that only one kind has."""
        return Generated(
            resource_id=str(certificate.serial_number),
            outputs={
                "certPem": certificate.public_bytes(Encoding.PEM).decode(),
                "readyForRenewal": False,
                "validityEndTime": _rfc3339(certificate.not_valid_after_utc),
                "validityStartTime": _rfc3339(certificate.not_valid_before_utc),
                **outputs,
            },
            inputs=inputs,
        )


class SelfSignedCert(_Certificate):
    """A certificate signed with its own key."""

    inputs: ClassVar = {
        **_NAMES,
        **_CERTIFICATE,
        "privateKeyPem": None,
        "setAuthorityKeyId": False,
    }
    required: ClassVar = frozenset({"allowedUses", "privateKeyPem", "validityPeriodHours"})
    outputs: ClassVar = _Certificate.outputs | {"keyAlgorithm"}

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        yield from super().problems(arguments)
        yield from _addresses(arguments)
        if arguments["isCaCertificate"] and not any((arguments["subject"] or {}).values()):
            yield "subject", "a certificate authority needs a subject, such as a commonName"

    @override
    def generate(self, arguments: Arguments) -> Generated:
        key = certificates.private_key(arguments["privateKeyPem"], of="privateKeyPem")
        certificate = certificates.certificate(
            arguments,
            public_key=key.public_key(),
            subject=certificates.name(arguments["subject"]),
            names=certificates.alternative_names(arguments),
            signer=key,
            authority=None,
        )
        return self.made(certificate, arguments, keyAlgorithm=certificates.algorithm_of(key))


class LocallySignedCert(_Certificate):
    """A certificate for a request, signed with the key of an authority."""

    inputs: ClassVar = {
        **_CERTIFICATE,
        "caCertPem": None,
        "caPrivateKeyPem": None,
        "certRequestPem": None,
    }
    required: ClassVar = frozenset(
        {"allowedUses", "caCertPem", "caPrivateKeyPem", "certRequestPem", "validityPeriodHours"}
    )
    outputs: ClassVar = _Certificate.outputs | {"caKeyAlgorithm"}

    @override
    def generate(self, arguments: Arguments) -> Generated:
        signer = certificates.private_key(arguments["caPrivateKeyPem"], of="caPrivateKeyPem")
        authority = certificates.load_certificate(arguments["caCertPem"], of="caCertPem")
        request = certificates.load_request(arguments["certRequestPem"], of="certRequestPem")
        certificate = certificates.certificate(
            arguments,
            public_key=certificates.requested_key(request),
            subject=request.subject,
            names=certificates.requested_names(request),
            signer=signer,
            authority=authority,
        )
        return self.made(certificate, arguments, caKeyAlgorithm=certificates.algorithm_of(signer))


class TlsProvider(GeneratedProvider):
    """The `tls` package."""

    package = "tls"
    limits: ClassVar = (
        "It has keys, requests and certificates; it refuses write-only keys and every function."
    )
    resources: ClassVar = {
        "tls:index/certRequest:CertRequest": CertRequest(),
        "tls:index/locallySignedCert:LocallySignedCert": LocallySignedCert(),
        "tls:index/privateKey:PrivateKey": PrivateKey(),
        "tls:index/selfSignedCert:SelfSignedCert": SelfSignedCert(),
    }


def _one_of(name: str, value: Any, allowed: Any) -> Iterator[tuple[str, str]]:
    if value not in allowed:
        yield name, f"{name} must be one of {', '.join(sorted(allowed))}, got {value!r}"


def _at_least(name: str, arguments: Arguments, minimum: int) -> Iterator[tuple[str, str]]:
    if arguments[name] < minimum:
        yield name, f"{name} must be at least {minimum}, got {arguments[name]}"


def _addresses(arguments: Arguments) -> Iterator[tuple[str, str]]:
    for address in arguments["ipAddresses"] or ():
        try:
            ipaddress.ip_address(address)
        except ValueError:
            yield "ipAddresses", f"ipAddresses must be IP addresses, got {address!r}"


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    server.serve_provider(TlsProvider, version=server.version_of("pulumi-tls"))
