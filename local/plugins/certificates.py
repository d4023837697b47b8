"""Keys, certificates and requests in the official `tls` plugin's words, made by `cryptography`."""

import base64
import hashlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from local.plugins.server import PluginError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
"""The values of `ecdsaCurve`."""

# The order is that of the flags in RFC 5280, and of the arguments of `x509.KeyUsage`.
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "cert_signing",
    "crl_signing",
    "encipher_only",
    "decipher_only",
)
_EXTENDED_KEY_USAGES = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec_end_system": ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec_tunnel": ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec_user": ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "microsoft_commercial_code_signing": ObjectIdentifier("1.3.6.1.4.1.311.2.1.22"),
    "microsoft_kernel_code_signing": ObjectIdentifier("1.3.6.1.4.1.311.61.1.1"),
    "microsoft_server_gated_crypto": ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape_server_gated_crypto": ObjectIdentifier("2.16.840.1.113730.4.1"),
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
}
ALLOWED_USES = frozenset({*_KEY_USAGES, *_EXTENDED_KEY_USAGES})
"""The values of `allowedUses`."""

# In the order in which the official plugin writes them into a distinguished name.
_NAME_ATTRIBUTES = {
    "country": NameOID.COUNTRY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "postalCode": NameOID.POSTAL_CODE,
    "commonName": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}


def algorithm_of(key: PrivateKey) -> str:
    """The value of `algorithm` that makes such a key."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def private_key(pem: str, *, of: str) -> PrivateKey:
    """Read a private key; `of` is the input's name, because the key must not be in an error."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):
        raise PluginError(f"{of} is not an unencrypted private key in PEM") from None
    if isinstance(key, PrivateKey):
        return key
    raise PluginError(f"{of} must be an RSA, ECDSA or ED25519 key")


def load_certificate(pem: str, *, of: str) -> x509.Certificate:
    """Read the certificate given in the input `of`."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise PluginError(f"{of} is not a certificate in PEM") from None


def load_request(pem: str, *, of: str) -> x509.CertificateSigningRequest:
    """Read the certificate request given in the input `of`."""
    try:
        return x509.load_pem_x509_csr(pem.encode())
    except ValueError:
        raise PluginError(f"{of} is not a certificate request in PEM") from None


def encode(key: PrivateKey) -> dict[str, str]:
    """The outputs of a private key: each spelling of it, of its public key and its fingerprints."""
    private, public = serialization.PrivateFormat, serialization.PublicFormat
    public_key = key.public_key()
    # OpenSSH has no P-224.
    openssh = not (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1)
    )
    # The type that PEM calls traditional exists for RSA and ECDSA only.
    traditional = (
        private.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else private.TraditionalOpenSSL
    )
    openssh_key = f"{_public_bytes(public_key, public.OpenSSH).decode()}\n" if openssh else ""
    return {
        "privateKeyPem": _private_bytes(key, traditional).decode(),
        "privateKeyPemPkcs8": _private_bytes(key, private.PKCS8).decode(),
        "privateKeyOpenssh": _private_bytes(key, private.OpenSSH).decode() if openssh else "",
        "publicKeyPem": _public_bytes(public_key, public.SubjectPublicKeyInfo).decode(),
        "publicKeyOpenssh": openssh_key,
        **_fingerprints(openssh_key),
    }


def digest(data: bytes) -> str:
    """The ID of a key or a request, as the official plugin makes it."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def public_der(key: PrivateKey) -> bytes:
    """The public key in DER."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def name(subject: Mapping[str, Any] | None) -> x509.Name:
    """A distinguished name from the `subject` input."""
    try:
        return x509.Name(
            x509.NameAttribute(oid, text)
            for key, oid in _NAME_ATTRIBUTES.items()
            for text in _as_list((subject or {}).get(key))
        )
    except ValueError as error:
        raise PluginError(f"subject is not a distinguished name: {error}") from None


def alternative_names(arguments: Mapping[str, Any]) -> x509.SubjectAlternativeName | None:
    """The names from `dnsNames`, `ipAddresses` and `uris`; None if there are none."""
    names: list[x509.GeneralName] = [
        *(x509.DNSName(text) for text in arguments["dnsNames"] or ()),
        *(x509.IPAddress(ipaddress.ip_address(text)) for text in arguments["ipAddresses"] or ()),
        *(x509.UniformResourceIdentifier(text) for text in arguments["uris"] or ()),
    ]
    return x509.SubjectAlternativeName(names) if names else None


def request(
    key: PrivateKey, subject: x509.Name, names: x509.SubjectAlternativeName | None
) -> x509.CertificateSigningRequest:
    """A certificate request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        builder = builder.add_extension(names, critical=not list(subject))
    return builder.sign(key, _hash(key))


def requested_names(
    csr: x509.CertificateSigningRequest,
) -> x509.SubjectAlternativeName | None:
    """The alternative names that a request asks for."""
    try:
        return csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def requested_key(csr: x509.CertificateSigningRequest) -> PublicKey:
    """The key that a request is for."""
    key = csr.public_key()
    if isinstance(key, PublicKey):
        return key
    raise PluginError("a certificate request must be for an RSA, ECDSA or ED25519 key")


def certificate(
    arguments: Mapping[str, Any],
    *,
    public_key: PublicKey,
    subject: x509.Name,
    names: x509.SubjectAlternativeName | None,
    signer: PrivateKey,
    authority: x509.Certificate | None,
) -> x509.Certificate:
    """A certificate from the inputs that both kinds have; `authority` None signs itself."""
    start = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(subject)
        .issuer_name(authority.subject if authority else subject)
        .public_key(public_key)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(hours=arguments["validityPeriodHours"]))
    )
    for extension, critical in _extensions(arguments, public_key, authority):
        builder = builder.add_extension(extension, critical)
    if names:
        builder = builder.add_extension(names, critical=not list(subject))
    return builder.sign(signer, _hash(signer))


def _extensions(
    arguments: Mapping[str, Any], public_key: PublicKey, authority: x509.Certificate | None
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """Each extension, and whether it is critical."""
    is_ca, uses = arguments["isCaCertificate"], arguments["allowedUses"]
    flags = [use in uses for use in _KEY_USAGES]
    if any(flags):
        # The last two only mean something together with key agreement.
        agreement = flags[_KEY_USAGES.index("key_agreement")]
        yield x509.KeyUsage(*flags[:7], *(flag and agreement for flag in flags[7:])), True
    if extended := [_EXTENDED_KEY_USAGES[use] for use in uses if use in _EXTENDED_KEY_USAGES]:
        yield x509.ExtendedKeyUsage(extended), False
    yield x509.BasicConstraints(is_ca, arguments["maxPathLength"] if is_ca else None), True
    own_id = None
    if is_ca or arguments["setSubjectKeyId"]:
        own_id = x509.SubjectKeyIdentifier.from_public_key(public_key)
        yield own_id, False
    if authority:
        authority_id = _key_id(authority)
    else:
        authority_id = own_id if arguments["setAuthorityKeyId"] else None
        if arguments["setAuthorityKeyId"] and not own_id:
            raise PluginError("setAuthorityKeyId needs setSubjectKeyId or isCaCertificate")
    if authority_id:
        yield x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), False


def _key_id(authority: x509.Certificate) -> x509.SubjectKeyIdentifier | None:
    try:
        return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None


def _hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The signature's hash function that goes with a key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256:
        return hashes.SHA384() if key.key_size == 384 else hashes.SHA512()
    return hashes.SHA256()


def _private_bytes(key: PrivateKey, form: serialization.PrivateFormat) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _public_bytes(key: PublicKey, form: serialization.PublicFormat) -> bytes:
    openssh = form is serialization.PublicFormat.OpenSSH
    encoding = serialization.Encoding.OpenSSH if openssh else serialization.Encoding.PEM
    return key.public_bytes(encoding, form)


def _fingerprints(openssh_key: str) -> dict[str, str]:
    """OpenSSH's two fingerprints of a public key in its own spelling; empty for an empty key."""
    if not openssh_key:
        return {"publicKeyFingerprintMd5": "", "publicKeyFingerprintSha256": ""}
    blob = base64.b64decode(openssh_key.split()[1])
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {
        "publicKeyFingerprintMd5": hashlib.md5(blob, usedforsecurity=False).digest().hex(":"),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }


def _as_list(value: str | Sequence[str] | None) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or ()
