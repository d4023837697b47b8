"""Monitoring beside the platform on the embedded cluster."""

import json
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
    assert spec["ruleSelector"] == spec["ruleNamespaceSelector"] == {}
    told = spec["alerting"]["alertmanagers"][0]
    assert told["namespace"] == _one("Alertmanager")["metadata"]["namespace"]


def test_each_receiver_of_the_stack_leads_to_the_program_that_prints() -> None:
    settings = load_file("local").monitoring
    assert settings.slack
    assert settings.heartbeat
    services = [each for each in monitoring.manifests(_IMAGES) if each["kind"] == "Service"]
    host = "{name}.{namespace}.svc".format(**services[0]["metadata"])
    urls = {
        each["metadata"]["name"]: each["stringData"]["url"] for each in monitoring.receivers("n8n")
    }
    assert urls == {
        settings.slack.secret: f"http://{host}/slack",
        settings.heartbeat.secret: f"http://{host}/heartbeat",
    }


def test_the_receiver_prints_a_line_for_each_message(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), receiver.Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for channel in ("#one", "#two"):
            body = json.dumps({"channel": channel, "text": "two\nlines"}).encode()
            url = f"http://127.0.0.1:{server.server_port}/slack"
            with urllib.request.urlopen(url, data=body, timeout=10) as answer:
                assert answer.read() == b"ok"
        server.shutdown()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"]["channel"] for line in lines] == ["#one", "#two"]
    assert {line["path"] for line in lines} == {"/slack"}
