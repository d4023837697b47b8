import functools

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from local.plugins import values
from local.plugins.server import PluginError
from local.plugins.tls_provider import TlsProvider
from local.plugins.values import UNKNOWN, plain

from .providers import Caller, RecordedLog


def resource(kind: str) -> Caller:
    token = f"tls:index/{kind[0].lower()}{kind[1:]}:{kind}"
    return Caller(provider=TlsProvider(RecordedLog()), type=token)


@functools.cache
def key(algorithm: str = "ECDSA", curve: str = "P256") -> str:
    made = resource("PrivateKey").state({"algorithm": algorithm, "ecdsaCurve": curve})
    return plain(made)["privateKeyPem"]


def authority(**inputs: object) -> dict[str, object]:
    return {
        "privateKeyPem": key(),
        "subject": {"commonName": "authority", "organization": "n8n"},
        "allowedUses": ["cert_signing", "crl_signing"],
        "isCaCertificate": True,
        "validityPeriodHours": 24,
        **inputs,
    }


def certificate(state: dict[str, values.PropertyValue]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(plain(state)["certPem"].encode())


@pytest.mark.parametrize(
    ("algorithm", "curve", "header", "openssh"),
    [
        ("RSA", "P224", "RSA PRIVATE KEY", "ssh-rsa "),
        ("ECDSA", "P224", "EC PRIVATE KEY", ""),
        ("ECDSA", "P256", "EC PRIVATE KEY", "ecdsa-sha2-nistp256 "),
        ("ECDSA", "P384", "EC PRIVATE KEY", "ecdsa-sha2-nistp384 "),
        ("ECDSA", "P521", "EC PRIVATE KEY", "ecdsa-sha2-nistp521 "),
        ("ED25519", "P224", "PRIVATE KEY", "ssh-ed25519 "),
    ],
)
def test_every_spelling_of_a_key_is_the_same_key(
    algorithm: str, curve: str, header: str, openssh: str
) -> None:
    state = resource("PrivateKey").state({"algorithm": algorithm, "ecdsaCurve": curve})
    made = plain(state)
    assert made["privateKeyPem"].startswith(f"-----BEGIN {header}-----")
    assert made["publicKeyOpenssh"].startswith(openssh)
    privates = [made["privateKeyPem"], made["privateKeyPemPkcs8"]]
    publics = {
        serialization.load_pem_private_key(pem.encode(), None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        for pem in privates
    }
    assert publics == {made["publicKeyPem"].encode()}
    if openssh:
        # Known to `ssh-keygen -l`: the digest of the key in base64, 43 characters.
        assert len(made["publicKeyFingerprintSha256"]) == len("SHA256:") + 43


def test_a_private_key_is_secret_in_every_spelling_and_its_public_key_is_not() -> None:
    state = resource("PrivateKey").state({"algorithm": "ED25519"})
    secret = {name for name, value in state.items() if value.is_secret}
    assert secret == {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"}


@pytest.mark.parametrize(("algorithm", "curve"), [("ECDSA", "P384"), ("ED25519", "P224")])
def test_an_authority_signs_what_a_request_asks_for(algorithm: str, curve: str) -> None:
    ca = resource("SelfSignedCert").state(authority())
    request = resource("CertRequest").state(
        {
            "privateKeyPem": key(algorithm, curve),
            "dnsNames": ["redis.svc"],
            "ipAddresses": ["127.0.0.1"],
            "subject": {"commonName": "redis"},
        }
    )
    signed = resource("LocallySignedCert").state(
        {
            "caCertPem": plain(ca)["certPem"],
            "caPrivateKeyPem": key(),
            "certRequestPem": plain(request)["certRequestPem"],
            "allowedUses": ["server_auth", "digital_signature"],
            "validityPeriodHours": 12,
        }
    )
    leaf = certificate(signed)
    leaf.verify_directly_issued_by(certificate(ca))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["redis.svc"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert plain(request)["keyAlgorithm"] == algorithm
    assert plain(signed)["caKeyAlgorithm"] == "ECDSA"


def test_an_authority_can_be_limited_and_names_itself_by_its_key() -> None:
    made = certificate(
        resource("SelfSignedCert").state(authority(maxPathLength=0, setAuthorityKeyId=True))
    )
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    own = made.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert issuer.key_identifier == own.digest


def test_the_validity_in_the_state_is_the_certificates() -> None:
    state = resource("SelfSignedCert").state(authority(validityPeriodHours=5))
    made = certificate(state)
    assert (made.not_valid_after_utc - made.not_valid_before_utc).total_seconds() == 5 * 3600
    assert plain(state)["validityEndTime"] == f"{made.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"


def test_a_certificate_outside_its_early_renewal_is_kept() -> None:
    inputs = authority(validityPeriodHours=24, earlyRenewalHours=23)
    assert (
        not resource("SelfSignedCert")
        .diff(resource("SelfSignedCert").state(inputs), inputs)
        .changes
    )


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_certificate_inside_its_early_renewal_is_replaced(refreshed: bool) -> None:
    inputs = authority(validityPeriodHours=24, earlyRenewalHours=24)
    state = resource("SelfSignedCert").state(inputs)
    if refreshed:
        state = resource("SelfSignedCert").read("id", state).properties
        assert plain(state)["readyForRenewal"] is True
    assert resource("SelfSignedCert").diff(state, inputs).replaces == ["readyForRenewal"]


def test_another_renewal_time_is_an_update_that_keeps_the_certificate() -> None:
    state = resource("SelfSignedCert").state(authority())
    inputs = authority(earlyRenewalHours=2)
    diff = resource("SelfSignedCert").diff(state, inputs)
    assert (diff.changes, diff.replaces) == (True, [])
    updated = resource("SelfSignedCert").update(state, inputs)
    assert updated["certPem"] == state["certPem"]
    assert plain(updated)["earlyRenewalHours"] == 2


def test_a_certificate_whose_key_is_still_unknown_is_replaced() -> None:
    state = resource("SelfSignedCert").state(authority())
    diff = resource("SelfSignedCert").diff(state, authority(privateKeyPem=UNKNOWN))
    assert diff.replaces == ["privateKeyPem"]


@pytest.mark.parametrize(
    ("kind", "inputs", "wrong"),
    [
        ("PrivateKey", {"algorithm": "DSA"}, "algorithm"),
        ("PrivateKey", {"algorithm": "ECDSA", "ecdsaCurve": "P255"}, "ecdsaCurve"),
        ("PrivateKey", {"algorithm": "RSA", "rsaBits": 512}, "rsaBits"),
        ("SelfSignedCert", authority(allowedUses=["server-auth"]), "allowedUses"),
        ("SelfSignedCert", authority(subject={}), "subject"),
        ("SelfSignedCert", authority(ipAddresses=["localhost"]), "ipAddresses"),
        ("SelfSignedCert", authority(validityPeriodHours=-1), "validityPeriodHours"),
        ("SelfSignedCert", authority(privateKeyPemWo="key"), "privateKeyPemWo"),
    ],
)
def test_wrong_inputs_are_named(kind: str, inputs: dict[str, object], wrong: str) -> None:
    assert list(resource(kind).problems(inputs)) == [wrong]


def test_a_key_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(PluginError) as error:
        resource("SelfSignedCert").create(authority(privateKeyPem="hunter2"))
    assert "privateKeyPem" in str(error.value)
    assert "hunter2" not in str(error.value)
