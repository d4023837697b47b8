"""Monitoring beside the platform on the embedded cluster."""

import json
import re
import threading
import urllib.request
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from local.addons import monitoring
from local.addons.monitoring import receiver
from local.images import catalogue
from settings.file import load_file
from tests.alerts import promtool
from tests.dashboards.boards import PANELS

_IMAGES = {name: f"registry.example/{name}:v1.0" for name in catalogue.CATALOGUE}


def _one(kind: str) -> Mapping[str, Any]:
    found = [each for each in monitoring.manifests(_IMAGES) if each["kind"] == kind]
    assert len(found) == 1
    return found[0]


def test_it_runs_in_the_namespace_of_the_stack() -> None:
    namespaced = [each for each in monitoring.manifests(_IMAGES) if "namespace" in each["metadata"]]
    assert {each["metadata"]["namespace"] for each in namespaced} == {
        load_file("local").monitoring.namespace
    }


def test_prometheus_looks_at_all_that_the_platform_brings_and_tells_its_alertmanager() -> None:
    spec = _one("Prometheus")["spec"]
    assert spec["podMonitorSelector"] == spec["podMonitorNamespaceSelector"] == {}
    assert spec["probeSelector"] == spec["probeNamespaceSelector"] == {}
    assert spec["ruleSelector"] == spec["ruleNamespaceSelector"] == {}
    told = spec["alerting"]["alertmanagers"][0]
    assert told["namespace"] == _one("Alertmanager")["metadata"]["namespace"]


def test_of_the_api_server_prometheus_keeps_what_rules_and_panels_read_and_little_else() -> None:
    (endpoint,) = _one("ServiceMonitor")["spec"]["endpoints"]
    (rule,) = endpoint["metricRelabelings"]
    assert (rule["action"], rule["sourceLabels"]) == ("keep", ["__name__", "verb"])

    def kept(name: str, verb: str = "") -> bool:
        return bool(re.fullmatch(rule["regex"], f"{name};{verb}"))

    asked = "apiserver_request_total"
    exprs = [each["expr"] for each in promtool.RULES]
    exprs += [expr for shown in PANELS for expr in shown.exprs]
    read = {name for expr in exprs for name in re.findall(r"\b(apiserver_\w+)\{", expr)}
    verbs = {verb for expr in exprs for verb in re.findall(rf'{asked}\{{.*verb=~"([^"]+)"', expr)}
    assert asked in read
    assert [name for name in read - {asked} if not kept(name)] == []
    assert [verb for each in verbs for verb in each.split("|") if not kept(asked, verb)] == []
    assert not kept(asked, "GET")
    assert not kept("apiserver_request_duration_seconds_bucket", "POST")


def test_prometheus_may_read_the_api_servers_metrics() -> None:
    (role,) = (
        each
        for each in monitoring.manifests(_IMAGES)
        if each["kind"] == "ClusterRole" and each["metadata"]["name"] == "prometheus"
    )
    assert {"nonResourceURLs": ["/metrics"], "verbs": ["get"]} in role["rules"]


def test_all_receivers_of_the_stack_lead_to_the_program_that_prints() -> None:
    settings = load_file("local").monitoring
    assert settings.slack
    assert settings.heartbeat
    (service,) = (each for each in monitoring.manifests(_IMAGES) if each["kind"] == "Service")
    secret = monitoring.receiver_secret("n8n")
    names = {settings.slack.secret, settings.heartbeat.secret}
    assert names == {secret["metadata"]["name"]}
    assert secret["stringData"]["url"] == "http://{name}.{namespace}.svc".format(
        **service["metadata"]
    )


def test_the_receiver_prints_a_line_for_each_message(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), receiver.Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for channel in ("#one", "#two"):
            body = json.dumps({"channel": channel, "text": "two\nlines"}).encode()
            url = f"http://127.0.0.1:{server.server_port}"
            with urllib.request.urlopen(url, data=body, timeout=10) as answer:
                assert answer.read() == b"ok"
        server.shutdown()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["channel"] for line in lines] == ["#one", "#two"]
