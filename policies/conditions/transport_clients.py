"""Connections to Redis and PostgreSQL use TLS and check whom they reach: the clients' settings."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.kubernetes import containers, has_pods, is_config_map
from policies.resources.n8n import variable
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import runs_pods

_N8N = "https://docs.n8n.io/hosting/configuration/environment-variables/"
_REDIS = "QUEUE_BULL_REDIS_"
_POSTGRES = "DB_POSTGRESDB_"

_NODE_CHECKS = "NODE_TLS_REJECT_UNAUTHORIZED"
_SSL_MODE = "PGSSLMODE"

_TRUE = ("true", "1")
_FALSE = ("false", "0")

_POSTGRES_URL = re.compile(r"(jdbc:)?postgres(ql)?(\+\w+)?://", re.IGNORECASE)
_REDIS_URL = re.compile(r"redis://", re.IGNORECASE)
_LOOPBACK = re.compile(r"[\w:+]+://([^@/]*@)?(localhost|127\.|\[::1\])", re.IGNORECASE)
_THIS_POD = ("localhost", "127.0.0.1", "::1")
_ADDRESS_NAME = re.compile(r"(DSN|UR[IL])$|^\*$", re.IGNORECASE)
_VERIFIED = re.compile(r"[?&]sslmode=verify-full(&|$)")


@condition(
    applies=lambda resource: runs_pods(resource) and any(_told(resource, _REDIS)),
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps=f"Set {_REDIS}TLS to true in the env of the container.",
    url=_N8N + "queue-mode/",
)
def n8n_reaches_redis_with_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """n8n speaks TLS with Redis and checks its certificate."""
    for container in _told(resource, _REDIS):
        yield from _must_be_on(container, f"{_REDIS}TLS")
        yield from _must_not_be_off(container, f"{_REDIS}TLS_VALIDATE_CERTIFICATE")


@condition(
    applies=lambda resource: runs_pods(resource) and any(_told_of_postgres(resource)),
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps=f"Set {_POSTGRES}SSL_ENABLED to true in the env of the container.",
    url=_N8N + "database/",
)
def n8n_reaches_postgres_with_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """n8n speaks TLS with PostgreSQL and checks its certificate."""
    for container in _told_of_postgres(resource):
        yield from _must_be_on(container, f"{_POSTGRES}SSL_ENABLED")
        yield from _must_not_be_off(container, f"{_POSTGRES}SSL_REJECT_UNAUTHORIZED")


@condition(
    applies=lambda resource: has_pods(resource) or any(_settings(resource, _NODE_CHECKS)),
    severity=Severity.CRITICAL,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps=f"Take {_NODE_CHECKS} away, and name the authority that signed the certificate in "
    "NODE_EXTRA_CA_CERTS.",
    url="https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue",
)
def certificate_checks_stay_on(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No Node.js program is told to trust every certificate."""
    for _name, value in _settings(resource, _NODE_CHECKS):
        yield from value.must(
            lambda place: place.text is not None and place.text.strip() != "0", "anything but 0"
        )


@condition(
    applies=lambda resource: any(_addresses(resource)),
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps="Add sslmode=verify-full to PostgreSQL's address or set PGSSLMODE to it; write Redis's "
    "address with rediss://.",
    url="https://www.postgresql.org/docs/current/libpq-ssl.html",
)
def data_store_addresses_ask_for_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Addresses of PostgreSQL and Redis ask for TLS, and PostgreSQL's for a check of the name."""
    for name, value in _addresses(resource):
        if name == _SSL_MODE:
            yield from value.must_be("verify-full")
        else:
            yield from value.must(
                _asks_for_tls,
                "sslmode=verify-full, or rediss://",
                found=f"{value.path} with an address that does not ask for TLS",
            )


def _asks_for_tls(place: Place) -> bool:
    text = place.text or ""
    return bool(_VERIFIED.search(text)) if _POSTGRES_URL.match(text) else not _REDIS_URL.match(text)


def _addresses(resource: Resource) -> Iterator[tuple[str, Place]]:
    """Settings that say how a data store is reached, or may say it: those are not known yet."""
    for name, value in _settings(resource):
        text = value.text or ""
        is_address = (_POSTGRES_URL.match(text) or _REDIS_URL.match(text)) and not (
            # What stays in the pod needs no protection on its way.
            _LOOPBACK.match(text)
        )
        if name == _SSL_MODE or is_address or (value.unknown and _ADDRESS_NAME.search(name)):
            yield name, value


def _settings(resource: Resource, *only: str) -> Iterator[tuple[str, Place]]:
    """What a resource sets environment variables to: in containers, or as a ConfigMap.

    A name that is not known yet is `*`, and may be any.
    """
    if is_config_map(resource):
        found = resource.at("data").entries()
    elif has_pods(resource):
        found = (
            _setting(entry)
            for container in containers(resource)
            for entry in container.at("env").each()
        )
    else:
        return
    for name, value in found:
        if not only or name in only or name == "*":
            yield name, value


def _setting(entry: Place) -> tuple[str, Place]:
    name, source = entry.at("name"), entry.at("valueFrom")
    if name.unknown:
        return "*", name
    return name.text or "", entry.at("value") if source.missing else source


def _told(resource: Resource, prefix: str) -> Iterator[Place]:
    """The containers that are told something about n8n's Redis or PostgreSQL, or may be."""
    for container in containers(resource):
        names = (entry.at("name") for entry in container.at("env").each())
        if any(name.unknown or (name.text or "").startswith(prefix) for name in names):
            yield container


def _told_of_postgres(resource: Resource) -> Iterator[Place]:
    """The same of PostgreSQL, but for one in the same pod, which no network lies between."""
    for container in _told(resource, _POSTGRES):
        if variable(container, f"{_POSTGRES}HOST").text not in _THIS_POD:
            yield container


def _must_be_on(container: Place, name: str) -> Iterator[Verdict]:
    yield from variable(container, name).must(
        lambda place: (place.text or "").strip().lower() in _TRUE, "true"
    )


def _must_not_be_off(container: Place, name: str) -> Iterator[Verdict]:
    # Both are on by default. What comes from elsewhere could be anything.
    yield from variable(container, name).must(
        lambda place: (
            place.missing or (place.text is not None and place.text.strip().lower() not in _FALSE)
        ),
        "true",
    )
