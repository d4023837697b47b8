"""What a real Envoy counts of calls, as the PodMonitor keeps it and the rules read it.

It has the routes and clusters under the names that Envoy Gateway gives them, and the buckets that
the embedded cluster's EnvoyProxy has.
"""

import http.client
import http.server
import re
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_gateway.trial import free_port
from local.addons import gateway
from local.environment import REPOSITORY
from local.toolchain import envoy
from tests.alerts import promtool
from tests.monitoring import prometheus
from tests.monitoring.test_cardinality import relabelings
from tests.waiting import eventually

_HOST = "127.0.0.1"
_WEBHOOKS = "httproute/n8n/webhooks/rule/0"
_LISTENER = f'envoy_http_conn_manager_prefix="http-{gateway.LISTENER_PORT}"'
_ONCE_MORE = {"retry_on": "connect-failure,reset-before-request", "num_retries": 3}
"""What the platform's BackendTrafficPolicy asks for, as Envoy reads it."""

_CALLS = {
    "/200": 20,
    "/404": 30,
    "/500": 2,
    # A pod that takes the call and breaks off; pods that cannot be reached; none that is healthy.
    "/breaks-off": 3,
    "/unreachable/x": 4,
    "/unhealthy/x": 5,
    # More at once than Envoy takes.
    "/full/200": 7,
    # Where no pod is ready, Envoy Gateway has Envoy answer itself.
    "/none-ready": 6,
}
_OF_ENVOY = ("/breaks-off", "/unreachable/x", "/unhealthy/x", "/full/200")
_FAILED = sum(_CALLS[path] for path in ("/500", *_OF_ENVOY))
_TIMED = sum(_CALLS[path] for path in ("/200", "/404", "/500"))
"""A call that no pod answers has no duration."""


def bootstrap() -> dict[str, Any]:
    """What the embedded cluster's EnvoyProxy adds to Envoy's configuration."""
    images = {"envoy-gateway": "gateway:1", "envoy": "envoy:1"}
    (proxy,) = (each for each in gateway.manifests(images) if each["kind"] == "EnvoyProxy")
    assert proxy["spec"]["bootstrap"]["type"] == "Merge"
    return yaml.safe_load(proxy["spec"]["bootstrap"]["value"])


class _Pod(http.server.BaseHTTPRequestHandler):
    """Answers `/200` with 200; breaks off, or does not end, where it is asked to."""

    protocol_version = "HTTP/1.1"
    held = threading.Event()
    let_go = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/breaks-off":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.path == "/held":
            self.held.set()
            self.let_go.wait(60)
            self.close_connection = True
            return
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def _pod() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer((_HOST, 0), _Pod)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        _Pod.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": _HOST, "port_value": port}}


def _cluster(name: str, *ports: int, **more: Any) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _address(port)}} for port in ports]
    return {
        "name": name,
        # All are states of the one that webhooks lead to.
        "alt_stat_name": _WEBHOOKS,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        **more,
    }


def _configuration(*, admin: int, listener: int, pod: int, nowhere: int) -> dict[str, Any]:
    def leading_to(path: str, cluster: str) -> dict[str, Any]:
        route = {"cluster": cluster, "timeout": "0s", "retry_policy": _ONCE_MORE}
        return {"match": {"prefix": path}, "route": route}

    types = "type.googleapis.com/envoy.extensions.filters"
    router = {"@type": f"{types}.http.router.v3.Router"}
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"http-{gateway.LISTENER_PORT}",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "webhooks",
                    "domains": ["*"],
                    "routes": [
                        leading_to("/unreachable", "unreachable"),
                        leading_to("/unhealthy", "unhealthy"),
                        leading_to("/full", "full"),
                        {"match": {"prefix": "/none-ready"}, "direct_response": {"status": 503}},
                        leading_to("/", "webhooks"),
                    ],
                }
            ]
        },
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        **bootstrap(),
        "admin": {"address": _address(admin)},
        # As Envoy Gateway has it, and durations at once.
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "stats_flush_interval": "0.1s",
        "static_resources": {
            "listeners": [
                {
                    "name": "webhooks",
                    "address": _address(listener),
                    "filter_chains": [{"filters": filters}],
                }
            ],
            "clusters": [
                _cluster("webhooks", pod),
                _cluster("unreachable", nowhere),
                _cluster("unhealthy"),
                _cluster(
                    "full", pod, circuit_breakers={"thresholds": [{"max_pending_requests": 0}]}
                ),
            ],
        },
    }


def _call(port: int, path: str) -> None:
    connection = http.client.HTTPConnection(_HOST, port, timeout=30)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


def _go_before_the_answer(port: int) -> None:
    with socket.create_connection((_HOST, port)) as caller:
        caller.sendall(b"GET /held HTTP/1.1\r\nHost: hooks\r\n\r\n")
        assert _Pod.held.wait(30)


@contextmanager
def _envoy() -> Iterator[tuple[int, Callable[[str], str]]]:
    """The port where a new Envoy is called, and what its administration answers."""
    with _pod() as pod, tempfile.TemporaryDirectory() as folder:
        admin, listener = free_port(), free_port()
        file = Path(folder) / "envoy.yaml"
        configuration = _configuration(admin=admin, listener=listener, pod=pod, nowhere=free_port())
        file.write_text(yaml.safe_dump(configuration))

        def asked(path: str) -> str:
            url = f"http://{_HOST}:{admin}{path}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()

        command = (
            *("setpriv", "--pdeathsig", "KILL", envoy.program(), "--config-path", file),
            *("--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"),
        )
        with subprocess.Popen(command) as process:

            def ready() -> bool:
                assert process.poll() is None, "Envoy ended"
                try:
                    return asked("/ready").strip() == "LIVE"
                except urllib.error.URLError:
                    return False

            try:
                eventually(ready, "Envoy is ready", seconds=60)
                yield listener, asked
            finally:
                process.terminate()
                process.wait(30)


@pytest.fixture(scope="module")
def said() -> str:
    """All that an Envoy says after the calls."""
    counted = (
        f'envoy_cluster_upstream_rq_time_count{{envoy_cluster_name="{_WEBHOOKS}"}} {_TIMED}\n',
        f"envoy_http_downstream_cx_destroy_remote_active_rq{{{_LISTENER}}} 1\n",
    )
    with _envoy() as (port, asked):
        for path, times in _CALLS.items():
            for _ in range(times):
                _call(port, path)
        _go_before_the_answer(port)

        def complete() -> bool:
            text = asked("/stats/prometheus")
            return all(line in text for line in counted)

        eventually(complete, "Envoy has counted all calls", seconds=60)
        return asked("/stats/prometheus")


def test_a_call_counts_once_as_it_was_answered_and_one_that_nobody_waits_for_does_not(
    said: str,
) -> None:
    answers = re.findall(rf'^envoy_cluster_upstream_rq{{(.*"{_WEBHOOKS}".*)}} (\d+)$', said, re.M)
    found = {re.sub(r'.*_code="(\d+)".*', r"\1", labels): int(number) for labels, number in answers}
    assert found == {
        "200": _CALLS["/200"],
        "404": _CALLS["/404"],
        "500": _CALLS["/500"],
        "503": _FAILED - _CALLS["/500"],
    }
    refused = f"envoy_http_rq_direct_response{{{_LISTENER}}} {_CALLS['/none-ready']}\n"
    assert refused in said


def test_durations_have_a_bucket_that_ends_at_what_is_promised_beside_envoys_own(said: str) -> None:
    ends = re.findall(r'^envoy_cluster_upstream_rq_time_bucket{.*le="([\d.]+)"}', said, re.M)
    # Those of another histogram, which nobody configured.
    own = re.findall(r'^envoy_cluster_upstream_cx_length_ms_bucket{.*le="([\d.]+)"}', said, re.M)
    assert set(own) < set(ends)
    assert set(ends) - set(own) == {"150"}


def test_the_budget_is_spent_by_the_share_that_callers_saw_fail(said: str, tmp_path: Path) -> None:
    faster = [{**group, "interval": "1s"} for group in promtool.GROUPS]
    with prometheus.running(
        tmp_path, groups=faster, texts={"gateway": said}, relabelings=relabelings()
    ) as running:

        def errors(slo: str) -> list[float]:
            return running.values(f'slo:sli_error:ratio_rate5m{{slo="{slo}"}} > 0')

        counts = _CALLS["/200"] + _FAILED
        eventually(lambda: bool(errors("webhook-availability")), "it has figures", seconds=60)
        assert errors("webhook-availability") == [pytest.approx(_FAILED / counts)]
        # The PodMonitor lets nothing else in.
        (names,) = running.values('count(count by (__name__) ({__name__=~"envoy_.+"}))')
    assert names == 5


def test_the_page_says_what_the_embedded_gateway_has() -> None:
    page = (REPOSITORY / "docs" / "monitoring.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.DOTALL)
    added = yaml.safe_load(block)["spec"]["bootstrap"]
    assert added["type"] == "Merge"
    assert yaml.safe_load(added["value"]) == bootstrap()
