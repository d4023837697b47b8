"""Connections to Redis and PostgreSQL use TLS and check whom they reach."""

from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import transport_clients
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

ENV = "spec.template.spec.containers[app].env"
ELSEWHERE = {"secretKeyRef": {"name": "settings", "key": "tls"}}


def pod(env: Any) -> Resource:
    spec = {"containers": [{"name": "app", "env": env}]}
    return resource("kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": spec}}})


def variables(**values: Any) -> Resource:
    return pod([{"name": name, "value": value} for name, value in values.items()])


@pytest.mark.parametrize(
    ("condition", "switch", "check"),
    [
        (
            transport_clients.n8n_reaches_redis_with_tls,
            "QUEUE_BULL_REDIS_TLS",
            "QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE",
        ),
        (
            transport_clients.n8n_reaches_postgres_with_tls,
            "DB_POSTGRESDB_SSL_ENABLED",
            "DB_POSTGRESDB_SSL_REJECT_UNAUTHORIZED",
        ),
    ],
)
def test_n8n_speaks_tls_and_checks_certificates(
    condition: Condition, switch: str, check: str
) -> None:
    prefix = "QUEUE_BULL_REDIS_HOST" if "REDIS" in switch else "DB_POSTGRESDB_HOST"
    host = {"name": prefix, "value": "store"}

    assert said(condition, variables(**{prefix: "store", switch: "true"})) == []
    assert said(condition, variables(**{switch: "true", check: "true"})) == []
    for env, place, state in (
        ([host], f"{ENV}[{switch}]", "not set"),
        ([{"name": switch, "value": "false"}], f"{ENV}[{switch}].value", "set otherwise"),
        ([{"name": switch, "valueFrom": ELSEWHERE}], f"{ENV}[{switch}].valueFrom", "set otherwise"),
        (
            [{"name": switch, "value": "true"}, {"name": check, "value": "false"}],
            f"{ENV}[{check}].value",
            "set otherwise",
        ),
    ):
        judged = pod(env)
        assert said(condition, judged) == [
            violated(condition, judged, found=f"{place} {state}", requires="true", fix=place)
        ]
    unclear = variables(**{switch: UNKNOWN})
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=f"{ENV}[{switch}].value", requires="true")
    ]
    assert judgement(condition, variables(LOG_LEVEL="info")) is None


def test_a_postgres_in_the_same_pod_needs_no_tls() -> None:
    condition = transport_clients.n8n_reaches_postgres_with_tls
    for host in ("localhost", "127.0.0.1", "::1"):
        assert judgement(condition, variables(DB_POSTGRESDB_HOST=host)) is None
    for host in ("localhost.example.com", "127.0.0.1.example.com", UNKNOWN):
        assert said(condition, variables(DB_POSTGRESDB_HOST=host))


def test_node_checks_certificates() -> None:
    condition = transport_clients.certificate_checks_stay_on
    name = "NODE_TLS_REJECT_UNAUTHORIZED"
    data = f"data.{name}"
    off = resource("kubernetes:core/v1:ConfigMap", {"data": {name: "0"}})

    assert said(condition, variables(**{name: "1"})) == []
    assert said(condition, variables(LOG_LEVEL="info")) == []
    assert said(condition, off) == [
        violated(condition, off, found=f"{data} set otherwise", requires="anything but 0", fix=data)
    ]
    for env, place in (
        ([{"name": name, "value": "0"}], f"{ENV}[{name}].value"),
        ([{"name": name, "valueFrom": ELSEWHERE}], f"{ENV}[{name}].valueFrom"),
    ):
        judged = pod(env)
        assert said(condition, judged) == [
            violated(
                condition,
                judged,
                found=f"{place} set otherwise",
                requires="anything but 0",
                fix=place,
            )
        ]
    unclear = pod(UNKNOWN)
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=f"{ENV}[*].name", requires="anything but 0")
    ]
    assert (
        judgement(condition, resource("kubernetes:core/v1:ConfigMap", {"data": {"a": "0"}})) is None
    )


@pytest.mark.parametrize(
    "address",
    [
        "postgres://n8n@db.example.com/n8n?sslmode=verify-full",
        "jdbc:postgresql://db/n8n?ssl=true&sslmode=verify-full&x=1",
        "rediss://queue:6379",
    ],
)
def test_addresses_that_ask_for_tls_pass(address: str) -> None:
    condition = transport_clients.data_store_addresses_ask_for_tls

    # What stays in the pod is no matter of this condition.
    assert judgement(condition, variables(URL="redis://localhost:6379")) is None
    assert judgement(condition, variables(URL="postgres://user:word@127.0.0.1/n8n")) is None
    assert said(condition, variables(PGSSLMODE="verify-full", A_URL=address)) == []


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://n8n:very-secret@db/n8n",
        "postgres+asyncpg://db/n8n?sslmode=require",
        "postgres://db/n8n?sslmode=verify-full-not",
        "redis://:very-secret@queue:6379/0",
    ],
)
def test_an_address_without_tls_is_found_and_never_shown(address: str) -> None:
    condition = transport_clients.data_store_addresses_ask_for_tls
    judged = variables(DATABASE_URL=address)
    place = f"{ENV}[DATABASE_URL].value"

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"{place} with an address that does not ask for TLS",
            requires="sslmode=verify-full, or rediss://",
            fix=place,
        )
    ]


def test_libpq_checks_the_servers_name() -> None:
    condition = transport_clients.data_store_addresses_ask_for_tls
    place = f"{ENV}[PGSSLMODE].value"
    judged, unclear = variables(PGSSLMODE="require"), variables(PGSSLMODE=UNKNOWN)

    assert said(condition, judged) == [
        violated(
            condition, judged, found=f"{place} set otherwise", requires="verify-full", fix=place
        )
    ]
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=place, requires="verify-full")
    ]
    unclear = variables(DATABASE_URL=UNKNOWN, LOG_LEVEL=UNKNOWN)
    assert said(condition, unclear) == [
        pending(
            condition,
            unclear,
            unknown=f"{ENV}[DATABASE_URL].value",
            requires="sslmode=verify-full, or rediss://",
        )
    ]
