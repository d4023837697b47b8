"""Servers with certificates of every kind, on loopback, and the authority that signs them."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "localhost"
_YEARS = timedelta(days=3650)


class Authority:
    """One that signs servers' certificates."""

    def __init__(self, name: str = "authority of this test") -> None:
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = (
            _builder(self._name, self._name, self._key, ends=datetime.now(UTC) + _YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def write(self, file: Path) -> None:
        """Write its certificate, for clients to trust."""
        file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, file: Path, *, ends: datetime, host: str = HOST) -> None:
        """Write a server's certificate, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(host), self._name, key, ends=ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - 2 * _YEARS)
        .not_valid_after(ends)
    )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answers whoever asks."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@contextmanager
def server(certificate: Path, answer: Answer | None = None) -> Iterator[str]:
    """One that listens on loopback with this certificate, as `host:port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), _handler(answer or Answer(status=200))
    )
    # A client that refuses the certificate ends its own connection, no other.
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{HOST}:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def _handler(answer: Answer) -> Callable[..., http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    return Handler
