"""A real Prometheus that scrapes the recordings, to evaluate queries and rules against them.

A recording is one moment. So that `rate()` has something to say, each scrape finds every counter,
and every bucket, sum and count of a histogram, larger than the one before by its recorded value:
proportions between series are as recorded, speeds mean nothing. Gauges stay as recorded.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from ai_gateway.trial import free_port
from tests.monitoring import binaries
from tests.waiting import eventually

SCRAPES = Path(__file__).parent / "scrapes"

INTERVAL = "1s"
"""Between two scrapes, and between two evaluations of rules."""

_HOST = "127.0.0.1"
_STOP_SECONDS = 15
_GROWING = frozenset({"_bucket", "_sum", "_count"})
_TYPE = re.compile(r"^# TYPE (\S+) (counter|histogram|summary)$")
_COUNTER = re.compile(r"^# TYPE (\S+_total) counter$", re.MULTILINE)
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$")

_CONTAINERS = {
    "n8n-main": ("n8n-main-0", "n8n"),
    "n8n-webhook": ("n8n-webhook-0", "n8n"),
    "n8n-worker": ("n8n-worker-0", "n8n"),
    "gateway": ("envoy-n8n-n8n-0", "envoy"),
    "ai-router": ("n8n-worker-0", "ai-router"),
    "redis": ("redis-a-0", "exporter"),
    "postgres": ("postgres-0", "exporter"),
}
"""The pod and container that the target of a job is."""

_OTHERS = {
    "apiserver": {"namespace": "default", "service": "kubernetes", "endpoint": "https"},
    "kubelet": {"metrics_path": "/metrics/cadvisor"},
}
"""Labels of targets that are none of the platform's containers."""
_PROBED: Mapping[str, Mapping[str, str]] = {
    "probe-redis": {
        "instance": "redis-a-0.redis.n8n.svc.cluster.local:6379",
        "pod": "redis-a-0",
    },
    "probe-webhooks": {"instance": "https://hooks.n8n.example/webhook/n8n-platform-probe"},
    "probe-editor": {"instance": "https://n8n.example/healthz/readiness"},
}
"""What is asked where the target of a job is the blackbox exporter."""


def jobs() -> list[str]:
    """The jobs with a recording."""
    return sorted(file.stem for file in SCRAPES.glob("*.prom"))


def metric_names(*of: str) -> frozenset[str]:
    """Names of all samples in the recordings and lists of these jobs, or of all.

    And of counters that a program says it has, which get samples when there is something to count.
    """
    files = [*SCRAPES.glob("*.prom"), *SCRAPES.glob("*.names")]
    chosen = [file for file in files if not of or file.stem in of]
    declared = {name for file in chosen for name in _COUNTER.findall(file.read_text())}
    return frozenset(declared).union(*(names_in(file) for file in chosen))


def names_in(file: Path) -> frozenset[str]:
    """Names of all samples in a recording, or the names of a list."""
    # Not with prometheus_client's parser: it adds `_total` to n8n's counters that have none.
    lines = file.read_text().splitlines()
    return frozenset(re.split(r"[{ ]", line)[0] for line in lines if line and line[0] != "#")


def advanced(text: str, times: int) -> str:
    """The recording with what grows grown so many times by its recorded value."""
    growing: set[str] = set()
    lines = []
    for line in text.splitlines():
        typed = _TYPE.match(line)
        if typed:
            name, kind = typed.groups()
            growing |= {name} if kind == "counter" else {name + suffix for suffix in _GROWING}
        sample = _SAMPLE.match(line)
        if sample and sample[1] in growing:
            grown = float(sample[3]) * (times + 1)
            line = f"{sample[1]}{sample[2] or ''} {grown!r}"
        lines.append(line)
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """A Prometheus that runs.

    Attributes:
        url: of its API.
    """

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with `metric` and `value`; a scalar is one of them.

        Raises:
            ValueError: Prometheus refuses the expression, with its words.
        """
        data = self._ask("query", query=expression)
        if data["resultType"] in ("scalar", "string"):
            return [{"metric": {}, "value": data["result"]}]
        return data["result"]

    def values(self, expression: str) -> list[float]:
        """Only the values of `query`."""
        return [float(series["value"][1]) for series in self.query(expression)]

    def rules(self) -> list[dict[str, Any]]:
        """The groups of rules that it has loaded, with what became of their evaluation."""
        return self._ask("rules")["groups"]

    def _ask(self, what: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            said = json.load(error)
            raise ValueError(f"{parameters.get('query', what)}: {said['error']}") from error


def recordings() -> dict[str, str]:
    """What each job answers in its recording."""
    return {job: (SCRAPES / f"{job}.prom").read_text() for job in jobs()}


@contextmanager
def running(
    folder: Path,
    *,
    groups: Sequence[Mapping[str, Any]] = (),
    scrapes: int = 3,
    texts: Mapping[str, str] | None = None,
    relabelings: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({}),
) -> Iterator[Prometheus]:
    """A Prometheus that has scraped each job so many times.

    Args:
        folder: of its own, empty.
        groups: of rules that it evaluates.
        scrapes: how many.
        texts: what each job answers; its recordings if left out.
        relabelings: `metric_relabel_configs` of jobs.

    Raises:
        AssertionError: it does not start, or does not scrape; with its last words.
    """
    texts = recordings() if texts is None else texts
    with _served(texts) as (port, served):
        address = f"{_HOST}:{free_port()}"
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": list(groups)}))
        configuration = _configuration(port, {job: relabelings.get(job, ()) for job in texts})
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        log = folder / "prometheus.log"
        command = (
            *("setpriv", "--pdeathsig", "KILL", binaries.prometheus()),
            *(f"--config.file={folder / 'prometheus.yml'}", f"--web.listen-address={address}"),
            *(f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn"),
        )
        with (
            log.open("wb") as output,
            subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], "GOMAXPROCS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            found = Prometheus(url=f"http://{address}")
            try:
                eventually(
                    lambda: _has_scraped(found, process, served, scrapes, set(texts)),
                    f"Prometheus has scraped {scrapes} times",
                    seconds=60,
                )
                yield found
            except AssertionError as error:
                error.add_note(log.read_text()[-2000:])
                raise
            finally:
                process.terminate()
                process.wait(_STOP_SECONDS)


def _has_scraped(
    found: Prometheus,
    process: subprocess.Popen[bytes],
    served: Mapping[str, int],
    scrapes: int,
    wanted: set[str],
) -> bool:
    assert process.poll() is None, "Prometheus ended"
    if any(served[job] < scrapes for job in wanted):
        return False
    # What was served is not stored yet.
    stored = found.query(f"count_over_time(up[1h]) >= {scrapes} and up == 1")
    return {series["metric"]["job"] for series in stored} >= wanted


def _configuration(
    port: int, relabelings: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": job,
                "metrics_path": f"/{job}",
                # What a series of a kubelet says of its pod counts.
                "honor_labels": job == "kubelet",
                "static_configs": [{"targets": [f"{_HOST}:{port}"], "labels": _target_labels(job)}],
                "metric_relabel_configs": [dict(each) for each in rules],
            }
            for job, rules in relabelings.items()
        ],
    }


def _target_labels(job: str) -> dict[str, str]:
    if job in _OTHERS:
        return _OTHERS[job]
    if job in _PROBED:
        return {"namespace": "n8n", **_PROBED[job]}
    pod, container = _CONTAINERS[job]
    return {"namespace": "n8n", "pod": pod, "container": container}


@contextmanager
def _served(texts: Mapping[str, str]) -> Iterator[tuple[int, Mapping[str, int]]]:
    """The port where each job answers, and how often each was asked for."""
    asked: Counter[str] = Counter()
    server = http.server.ThreadingHTTPServer((_HOST, 0), _handler(texts, asked))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(
    texts: Mapping[str, str], asked: Counter[str]
) -> Callable[..., http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            job = self.path.strip("/")
            body = advanced(texts[job], asked[job]).encode()
            asked[job] += 1
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    return Handler
