"""Redis and PostgreSQL in the cluster take connections with TLS only: their own configuration.

Judged are the files that a ConfigMap holds. What a program passes on a command line, or an image
brings along, is not seen.
"""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.kubernetes import is_config_map
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource

_REDIS_DIRECTIVE = re.compile(
    r"^\s*(aclfile|appendonly|cluster-enabled|maxmemory-policy|protected-mode|requirepass"
    r"|sentinel\s+monitor|tls-port)\s",
    re.MULTILINE | re.IGNORECASE,
)
"""What tells a configuration of Redis from another program's."""

_LOOPBACK = re.compile(r"127\.|::1|localhost$|samehost$")
_TRUE = ("on", "true", "yes", "1")


def _redis_files(resource: Resource) -> Iterator[Place]:
    for key, file in resource.at("data").entries():
        name = key.rpartition("/")[2]
        is_redis = name in ("redis.conf", "sentinel.conf") or (
            name.endswith(".conf") and (file.unknown or _REDIS_DIRECTIVE.search(file.text or ""))
        )
        if is_redis and (file.unknown or file.text):
            yield file


def _postgres_files(resource: Resource) -> Iterator[Place]:
    for key in ("postgresql.conf", "pg_hba.conf"):
        file = resource.at("data", key)
        if file.unknown or file.text:
            yield file


def _holds_redis_configuration(resource: Resource) -> bool:
    return is_config_map(resource) and any(_redis_files(resource))


def _holds_postgres_configuration(resource: Resource) -> bool:
    return is_config_map(resource) and any(_postgres_files(resource))


@condition(
    applies=_holds_redis_configuration,
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps="Write `port 0` and `tls-port 6379` with a certificate into the configuration of Redis.",
    url="https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/",
)
def redis_serves_tls_only(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Redis listens for TLS and has no port without it."""
    for file in _redis_files(resource):
        plain = _last(file, r"port\s+(\d{1,5})")
        # Redis's default is 6379.
        yield from file.must(
            lambda _, port=plain: port is not None and int(port) == 0,
            "port 0",
            found=f"{file.path} with a port without TLS",
        )
        encrypted = _last(file, r"tls-port\s+(\d{1,5})")
        if not file.unknown:
            yield from file.must(
                lambda _, port=encrypted: port is not None and int(port) > 0,
                "a tls-port",
                found=f"{file.path} without a tls-port",
            )


@condition(
    applies=_holds_postgres_configuration,
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps="Write `ssl = on` into postgresql.conf, and `hostssl` in place of `host` into "
    "pg_hba.conf.",
    url="https://www.postgresql.org/docs/current/ssl-tcp.html",
)
def postgres_serves_tls_only(resource: Resource, _: Context) -> Iterator[Verdict]:
    """PostgreSQL accepts connections over the network with TLS 1.2 or later only."""
    for file in _postgres_files(resource):
        if file.path.endswith("pg_hba.conf"):
            yield from _access(file)
        else:
            yield from _settings(file)


def _access(file: Place) -> Iterator[Verdict]:
    plain = [
        number
        for number, line in enumerate((file.text or "").splitlines(), start=1)
        if _accepts_plain(line.partition("#")[0].split())
    ]
    lines = ", ".join(map(str, plain))
    yield from file.must(
        lambda _: not plain,
        "hostssl",
        found=f"connections without TLS accepted by {file.path}, line {lines}",
    )


def _accepts_plain(words: list[str]) -> bool:
    """Whether a line of pg_hba.conf lets somebody on another machine in without TLS."""
    if len(words) < 5 or words[0].lower() not in ("host", "hostnossl", "hostnogssenc"):
        return False
    return "reject" not in words[4:] and not _LOOPBACK.match(words[3])


def _settings(file: Place) -> Iterator[Verdict]:
    # PostgreSQL's defaults: TLS is off, and begins with version 1.2.
    ssl, version = (
        _last(file, rf"{name}\s*(?:=|\s)\s*'?([\w.]+)")
        for name in ("ssl", "ssl_min_protocol_version")
    )
    yield from file.must(
        lambda _: (ssl or "").lower() in _TRUE, "ssl = on", found=f"ssl off in {file.path}"
    )
    if not file.unknown:
        yield from file.must(
            lambda _: version is None or version.lower() in ("tlsv1.2", "tlsv1.3"),
            "ssl_min_protocol_version = 'TLSv1.2' or later",
            found=f"a version of TLS before 1.2 allowed by {file.path}",
        )


def _last(file: Place, pattern: str) -> str | None:
    """What the last line of that form sets: the one that counts."""
    found = re.findall(rf"^[ \t]*{pattern}", file.text or "", re.MULTILINE | re.IGNORECASE)
    return found[-1] if found else None
