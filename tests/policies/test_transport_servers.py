"""Redis and PostgreSQL in the cluster take connections with TLS only."""

from typing import Any

import pytest

from policies.conditions import transport_servers
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

REDIS = "data.redis.conf"
HBA = "data.pg_hba.conf"
CONFIGURATION = "data.postgresql.conf"


def files(data: Any) -> Resource:
    return resource("kubernetes:core/v1:ConfigMap", {"data": data})


def test_redis_has_no_port_without_tls() -> None:
    condition = transport_servers.redis_serves_tls_only

    assert said(condition, files({"redis.conf": "port 0\ntls-port 6379\n"})) == []
    plain = files({"redis.conf": "# port 0\nport 0\nport 6379\ntls-port 6380\n"})
    assert said(condition, plain) == [
        violated(
            condition,
            plain,
            found=f"{REDIS} with a port without TLS",
            requires="port 0",
            fix=REDIS,
        )
    ]
    # Redis's default is a port without TLS, and none with it.
    bare = files({"node.conf": "appendonly yes\ntls-port 0\n"})
    assert said(condition, bare) == [
        violated(
            condition,
            bare,
            found="data.node.conf with a port without TLS",
            requires="port 0",
            fix="data.node.conf",
        ),
        violated(
            condition,
            bare,
            found="data.node.conf without a tls-port",
            requires="a tls-port",
            fix="data.node.conf",
        ),
    ]
    unclear = files({"redis.conf": UNKNOWN})
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=REDIS, requires="port 0")
    ]


def test_other_files_are_no_configuration_of_redis() -> None:
    condition = transport_servers.redis_serves_tls_only

    for data in ({"nginx.conf": "server { listen 80; }"}, {"a": UNKNOWN}, {"redis.conf": 1}, None):
        assert judgement(condition, files(data)) is None


@pytest.mark.parametrize(
    "line",
    [
        "hostssl all all 0.0.0.0/0 scram-sha-256",
        "local all all trust",
        "host all all 127.0.0.1/32 trust",
        "host all all ::1/128 trust",
        "host all all all reject",
        "# host all all all md5",
    ],
)
def test_postgres_takes_connections_from_the_network_with_tls(line: str) -> None:
    assert said(transport_servers.postgres_serves_tls_only, files({"pg_hba.conf": line})) == []


@pytest.mark.parametrize(
    "line", ["host all all all md5", "hostnossl all all 10.0.0.0 255.0.0.0 md5  # inside"]
)
def test_a_line_that_accepts_plain_connections_is_found(line: str) -> None:
    condition = transport_servers.postgres_serves_tls_only
    judged = files({"pg_hba.conf": f"local all all peer\n{line}\n"})

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"connections without TLS accepted by {HBA}, line 2",
            requires="hostssl",
            fix=HBA,
        )
    ]


def test_postgres_has_tls_switched_on() -> None:
    condition = transport_servers.postgres_serves_tls_only

    def problems(text: Any) -> list[str]:
        return said(condition, files({"postgresql.conf": text}))

    assert problems("ssl = on\nssl_min_protocol_version = 'TLSv1.3'\n") == []
    off = files({"postgresql.conf": "ssl = on\nssl = off\n"})
    assert said(condition, off) == [
        violated(
            condition,
            off,
            found=f"ssl off in {CONFIGURATION}",
            requires="ssl = on",
            fix=CONFIGURATION,
        )
    ]
    assert problems("port = 5432\n# ssl = on\n") == said(condition, off)
    old = files({"postgresql.conf": "ssl on\nssl_min_protocol_version = 'TLSv1.1'\n"})
    assert said(condition, old) == [
        violated(
            condition,
            old,
            found=f"a version of TLS before 1.2 allowed by {CONFIGURATION}",
            requires="ssl_min_protocol_version = 'TLSv1.2' or later",
            fix=CONFIGURATION,
        )
    ]


def test_only_config_maps_hold_configuration() -> None:
    data = {"redis.conf": "port 6379", "postgresql.conf": "ssl = off"}
    volume = resource("kubernetes:core/v1:PersistentVolume", {"data": data})

    assert judgement(transport_servers.redis_serves_tls_only, volume) is None
    assert judgement(transport_servers.postgres_serves_tls_only, volume) is None


def test_unknown_files_of_postgres_are_undecided() -> None:
    condition = transport_servers.postgres_serves_tls_only
    unclear = files({"postgresql.conf": UNKNOWN, "pg_hba.conf": UNKNOWN})

    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=CONFIGURATION, requires="ssl = on"),
        pending(condition, unclear, unknown=HBA, requires="hostssl"),
    ]
