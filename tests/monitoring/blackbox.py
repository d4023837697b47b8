"""The real blackbox exporter with the configuration that the platform gives it."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import settings
from ai_gateway.trial import free_port
from components.monitoring import blackbox
from tests.monitoring import binaries
from tests.monitoring.tls import Answer, Authority
from tests.waiting import eventually

WATCHED = settings.parse({"monitoring": {"stack": "installed"}})
"""With Redis's nodes and both public addresses."""
PROBES = {probe.name: probe for probe in blackbox.probes(WATCHED)}

PATHS = {
    name: urllib.parse.urlsplit(PROBES[name].targets[0]).path for name in ("webhooks", "editor")
}
"""What is asked for at the public addresses."""

N8N = {
    "webhooks": Answer(
        status=404,
        # As n8n 2.40 answers (dist/errors, dist/response-helper.js), with the end of its hint.
        body='{"code":404,"message":"The requested webhook \\"GET n8n-platform-probe\\" is not '
        'registered.","hint":"The workflow must be active for a production URL to run."}',
    ),
    "editor": Answer(status=200, body='{"status":"ok"}'),
}
"""What n8n answers there when all is well."""

_STOP_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One that runs.

    Attributes:
        url: where it listens.
    """

    url: str

    def probe(self, module: str, target: str) -> str:
        """What it answers when it is asked to probe a target."""
        asked = urllib.parse.urlencode({"module": module, "target": target})
        with urllib.request.urlopen(f"{self.url}/probe?{asked}", timeout=30) as said:  # noqa: S310
            return said.read().decode()


def write_configuration(folder: Path, authority: Authority) -> Path:
    """The platform's configuration, with the authority's certificate where Redis's would be."""
    authority.write(folder / "ca.crt")
    document = yaml.safe_dump(blackbox.configuration(tuple(PROBES.values())))
    file = folder / "blackbox.yml"
    file.write_text(document.replace(blackbox.AUTHORITY, str(folder)))
    return file


def check(file: Path) -> subprocess.CompletedProcess[str]:
    """The exporter's own check of a configuration."""
    command = (binaries.blackbox_exporter(), f"--config.file={file}", "--config.check")
    return subprocess.run(command, capture_output=True, text=True, check=False)


def values(text: str) -> dict[str, float]:
    """Samples without labels by name."""
    lines = [line for line in text.splitlines() if not line.startswith("#") and "{" not in line]
    return {name: float(value) for name, value in map(str.split, lines)}


@contextmanager
def running(folder: Path, authority: Authority) -> Iterator[Exporter]:
    """The exporter, to which this authority is Redis's own and a public one.

    Raises:
        AssertionError: it does not answer.
    """
    file = write_configuration(folder, authority)
    address = f"127.0.0.1:{free_port()}"
    command = (
        *("setpriv", "--pdeathsig", "KILL", binaries.blackbox_exporter()),
        *(f"--config.file={file}", f"--web.listen-address={address}"),
    )
    environment: Mapping[str, Any] = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": str(folder / "ca.crt"),
    }
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            eventually(lambda: _answers(address), "the blackbox exporter answers", seconds=60)
            yield Exporter(url=f"http://{address}")
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/healthy", timeout=5) as said:
            return said.status == 200
    except urllib.error.URLError:
        return False
