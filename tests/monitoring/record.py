"""Record what the real programs answer on /metrics: `python -m tests.monitoring.record [job …]`.

n8n's tiers, the gateway in front, the kubelets and the API server are those of the platform that
KUBECONFIG names: pods answer through kubectl's port forwarding, its nodes through the API server.
The AI gateway's router, the gateway behind it and the exporters are started here.

Traffic makes n8n's event counters: record after the end-to-end tests have run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import settings
from ai_gateway import routing, trial
from ai_gateway.stubs import Behaviour, Stubs
from components.monitoring import access, monitors
from settings.ai import AiSettings
from tests.monitoring import blackbox, exporters
from tests.waiting import eventually

SCRAPES = Path(__file__).parent / "scrapes"

Report = Callable[[str], None]

_NAMESPACE = "n8n"
_PORT = 5678
_ENVOY_ADMIN_PORT = 19000
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

_KINDS = {
    "n8n-main": "n8n-main-0",
    "n8n-webhook": "n8n-webhook-0",
    "n8n-worker": "n8n-worker-0",
    "redis-a-0": "redis-a-0",
    "postgres": "postgres-0",
}
_DROPPED = re.compile(
    r"container_(cpu_(load|system|user)|cpu_cfs_burst|fs_|memory_(mapped_file|swap|failures|total)"
    r"|file_descriptors|tasks_state|threads_max|spec_(cpu|memory_(res|swap))|ulimits|health|sockets)"
)

_AUDITED = re.compile(
    r'apiserver_audit_|apiserver_request_total\{.*verb="(?!GET|LIST|WATCH)|'
    r"# TYPE apiserver_(audit_\w+|request_total) "
)
"""As the embedded Prometheus keeps it: the audit log, and requests that change something."""


def main(jobs: Sequence[str]) -> int:
    """Write the recordings of these jobs, or of all."""
    unknown = [job for job in jobs if job not in _RECORDERS]
    if unknown:
        _report(f"no job {', '.join(unknown)}; there are {', '.join(_RECORDERS)}")
        return 2
    for job in jobs or _RECORDERS:
        _report(f"{job}:")
        program, text = _RECORDERS[job](_report)
        day = datetime.now(UTC).date()
        file = SCRAPES / f"{job}.prom"
        file.write_text(f"# {program}, recorded {day}\n{text.rstrip()}\n")
        _report(f"{file.name}: {program}, {len(text.splitlines())} lines")
    return 0


def _report(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what a command is for


def _kubectl(*words: str, namespace: str = _NAMESPACE) -> str:
    command = ("kubectl", "-n", namespace, *words)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _n8n(tier: str, report: Report) -> tuple[str, str]:
    label = f"app.kubernetes.io/component={tier}"
    running = "--field-selector=status.phase=Running"
    pods = _kubectl("get", "pods", "-o", "name", running, "-l", label).split()
    texts = []
    for pod in pods:
        report(pod)
        texts.append(_asked(pod, "/metrics"))
    # The pod with the most to say: events that did not happen yet have no metric.
    text = max(texts, key=len)
    version = re.search(r'n8n_version_info\{version="v([^"]+)"', text)
    return f"n8n {version[1] if version else 'unknown'}, {tier}", text


def _gateway(report: Report) -> tuple[str, str]:
    """What the Envoy that was called most says, as far as the PodMonitor keeps it."""
    scrapes = monitors.scrapes(settings.parse({}))
    (scrape,) = (scrape for scrape in scrapes if scrape.job == "gateway")
    namespace = scrape.namespace or _NAMESPACE
    label = ",".join(f"{name}={value}" for name, value in scrape.pods.items())
    running = "--field-selector=status.phase=Running"
    pods = _kubectl("get", "pods", "-o", "name", running, "-l", label, namespace=namespace).split()
    texts = {}
    for pod in pods:
        report(pod)
        text = _asked(pod, scrape.path, namespace=namespace, port=access.GATEWAY_PORT)
        texts[pod] = "\n".join(kept(text.splitlines(), scrape.only))
    pod = max(texts, key=lambda pod: len(texts[pod]))
    said = _asked(pod, "/server_info", namespace=namespace, port=_ENVOY_ADMIN_PORT)
    # The commit, the version, and how it was built.
    return f"Envoy {json.loads(said)['version'].split('/')[1]}, gateway", texts[pod]


def kept(lines: Sequence[str], only: Mapping[str, str]) -> Iterator[str]:
    """Samples with labels that match, each after the type of its metric."""
    kind = ""
    for line in lines:
        if line.startswith("#"):
            kind = line
            continue
        name = re.split(r"[{ ]", line)[0]
        labels = {"__name__": name, **dict(_LABEL.findall(line))}
        if all(re.fullmatch(only[label], labels.get(label, "")) for label in only):
            if kind:
                yield kind
            kind = ""
            yield line


def _asked(pod: str, path: str, *, namespace: str = _NAMESPACE, port: int = _PORT) -> str:
    with (
        _forwarded(pod, namespace, port) as url,
        urllib.request.urlopen(f"{url}{path}", timeout=30) as answer,  # noqa: S310 - loopback
    ):
        return answer.read().decode()


@contextmanager
def _forwarded(pod: str, namespace: str, port: int) -> Iterator[str]:
    command = ("kubectl", "-n", namespace, "port-forward", pod, f":{port}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = (process.stdout or sys.stdin).readline()
            found = re.search(r"127\.0\.0\.1:(\d+)", said)
            if found is None:
                raise OSError(f"kubectl forwards no port to {pod}: {said.strip()}")
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            process.terminate()


def _kubelet(report: Report) -> tuple[str, str]:
    """What kubelets say of one pod of each kind, which gets the name it has in the other jobs.

    Without the families that kube-prometheus-stack drops, timestamps, and long identifiers.
    """
    samples: dict[str, list[str]] = {}
    types: dict[str, str] = {}
    taken: dict[str, str] = {}
    for node in _kubectl("get", "nodes", "-o", "name").split():
        report(node)
        text = _kubectl("get", "--raw", f"/api/v1/nodes/{node[5:]}/proxy/metrics/cadvisor")
        for line in text.splitlines():
            name = re.split(r"[{ ]", line)[0]
            pod = re.search(rf'namespace="{_NAMESPACE}",pod="([^"]+)"', line)
            if line.startswith("# TYPE "):
                types[line.split()[2]] = line
            elif pod and not _DROPPED.match(name):
                kind = next((kind for kind in _KINDS if pod[1].startswith(kind)), None)
                if kind is None or taken.setdefault(kind, pod[1]) != pod[1]:
                    continue
                line = line.replace(pod[1], _KINDS[kind])
                line = re.sub(r"/n8n-local/[^/]+|(?<=[0-9a-f]{12})[0-9a-f]{52}", "", line)
                samples.setdefault(name, []).append(re.sub(r"(\} \S+) \d+$", r"\1", line))
    version = _kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.nodeInfo.kubeletVersion}")
    lines = [line for name in samples for line in (types[name], *samples[name])]
    return f"kubelet {version.removeprefix('v')}, /metrics/cadvisor", "\n".join(lines)


def _api_server(report: Report) -> tuple[str, str]:
    """What the API server says of its audit log and of what belongs into it."""
    report("API server")
    text = _kubectl("get", "--raw", "/metrics")
    found = re.search(r'kubernetes_build_info\{.*git_version="v([^"]+)"', text)
    lines = [line for line in text.splitlines() if _AUDITED.match(line)]
    return f"kube-apiserver {found[1] if found else 'unknown'}, its audit log", "\n".join(lines)


def _router(report: Report) -> tuple[str, str]:
    """Calls that are answered, that need a second try, and that fail for want of a key."""
    document = routing.document(AiSettings(gateway="sidecar"))
    report("router, gateway and stub providers")
    with Stubs() as stubs, trial.gateway() as gateway, tempfile.TemporaryDirectory() as folder:
        keys = Path(folder)
        routed = trial.towards(document, upstream=gateway.url, stubs=stubs)
        # Nobody's limit of calls per minute is in the way of the few calls here.
        routed = replace(
            routed,
            use_cases={
                name: replace(each, requests_per_minute=1_000)
                for name, each in routed.use_cases.items()
            },
        )
        with trial.router(routed, keys) as router:
            asked = 0

            def ask(strategy: str) -> None:
                nonlocal asked
                for use_case in document.use_cases:
                    body = {
                        "model": f"{use_case}:{strategy}",
                        "messages": [
                            {"role": "user", "content": '{"input": 900, "cached": 90, "output": 9}'}
                        ],
                    }
                    trial.call(router.url, body)
                    asked += 1

            ask("balanced")
            for provider in document.providers.values():
                (keys / provider.key).write_text("stand-in")
            present = 'ai_provider_key_present{provider="openai"} 1.0'
            eventually(lambda: present in router.metrics(), "the router sees the keys", seconds=30)
            for strategy in document.strategies:
                ask(strategy)
            for model in document.models.values():
                stubs.behave(model.model, Behaviour(status=503, failures=1))
            ask("performance")
            eventually(
                lambda: _counted(router.metrics()) == asked, "all calls are counted", seconds=30
            )
            return "AI gateway's router of this repository", router.metrics()


def _counted(text: str) -> int:
    counts = re.findall(r"^ai_requests_total\{.*\} (\S+)$", text, re.MULTILINE)
    return round(sum(map(float, counts)))


_RECORDERS: dict[str, Callable[[Report], tuple[str, str]]] = {
    **{f"n8n-{tier}": partial(_n8n, tier) for tier in ("main", "webhook", "worker")},
    "gateway": _gateway,
    "kubelet": _kubelet,
    "apiserver": _api_server,
    "ai-router": _router,
    "redis": exporters.redis,
    "postgres": exporters.postgres,
    **{probe.job: partial(exporters.probe, name) for name, probe in blackbox.PROBES.items()},
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
