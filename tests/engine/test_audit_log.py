"""The API server of the embedded environment writes down who did what."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.environment import Environment
from tests.engine.cluster import Cluster
from tests.waiting import eventually

_SECRET, _VALUE = "audited", "tell-nobody"


@pytest.fixture
def secret(cluster: Cluster) -> Iterator[str]:
    """A Secret that somebody makes and reads."""
    cluster.kubectl("create", "secret", "generic", _SECRET, f"--from-literal=key={_VALUE}")
    cluster.kubectl("get", "secret", _SECRET)
    yield _SECRET
    cluster.kubectl("delete", "secret", _SECRET)


def events(environment: Environment) -> list[dict[str, Any]]:
    # The last line may be one that is being written.
    whole = environment.control_plane.audit_log.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def test_who_made_and_read_a_secret_is_written_down_and_not_what_is_in_it(
    environment: Environment, secret: str
) -> None:
    def done() -> dict[str, str]:
        return {
            each["verb"]: each["user"]["username"]
            for each in events(environment)
            if each.get("objectRef", {}).get("name") == secret
        }

    eventually(lambda: set(done()) >= {"create", "get"}, "both are in the log")
    assert set(done().values()) == {"kwok-admin"}
    assert _VALUE not in environment.control_plane.audit_log.read_text()


def test_heartbeats_and_health_checks_are_left_out(
    environment: Environment, cluster: Cluster
) -> None:
    cluster.kubectl("get", "--raw", "/readyz")
    assert cluster.names("leases", namespace="kube-node-lease")
    written = events(environment)
    assert written
    assert not [each for each in written if each.get("objectRef", {}).get("resource") == "leases"]
    assert not [each for each in written if re.match("/(readyz|livez|healthz)", each["requestURI"])]


def test_the_api_server_counts_what_it_writes(cluster: Cluster) -> None:
    """As the alert N8nAuditLogSilent asks for it."""
    text = cluster.kubectl("get", "--raw", "/metrics")
    counted = re.search(r"^apiserver_audit_event_total (\S+)$", text, re.MULTILINE)
    assert counted
    assert float(counted[1]) > 0
    assert "apiserver_audit_error_total" not in text


def test_only_its_owner_reads_the_log(environment: Environment) -> None:
    assert environment.control_plane.audit_log.stat().st_mode & 0o777 == 0o600
