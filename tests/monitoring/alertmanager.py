"""Alertmanager with the platform's configuration, and amtool, which says where an alert goes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ai_gateway.trial import free_port
from tests.monitoring import binaries
from tests.waiting import eventually

_HOST = "127.0.0.1"
_STOP_SECONDS = 15

_OWNER = "n8n/n8n-platform"
"""Namespace and name of the AlertmanagerConfig, with which the operator begins its receivers."""

_SECRET = "https://example.com/from-the-secret"
_RENAMED = {
    "sourceMatch": "source_matchers",
    "targetMatch": "target_matchers",
    "urlSecret": "url",
    "apiURL": "api_url",
    "requireTLS": "require_tls",
}


def configuration(spec: Mapping[str, Any]) -> dict[str, Any]:
    """alertmanager.yaml, as the operator makes it of an AlertmanagerConfig.

    The operator is not run here. What it does (pkg/alertmanager/amcfg.go, v0.85): names of fields
    are written with underscores; references to Secrets become what these hold; receivers are
    called NAMESPACE/NAME/RECEIVER; the route stands below one that tells nobody, and goes on to
    others. With the strategy `None` it adds no matcher on the namespace.
    """
    translated = _translated(spec)
    return {
        "route": {"receiver": "null", "routes": [{**translated["route"], "continue": True}]},
        "receivers": [{"name": "null"}, *translated["receivers"]],
        "inhibit_rules": translated["inhibit_rules"],
    }


def _translated(value: Any, key: str = "") -> Any:
    if isinstance(value, list):
        return [_translated(each, key) for each in value]
    if not isinstance(value, dict):
        is_receiver = key == "receiver" or key == "receivers.name"
        return f"{_OWNER}/{value}" if is_receiver else value
    if "matchType" in value:
        return f"{value['name']}{value['matchType']}{json.dumps(value['value'])}"
    if value.keys() == {"name", "key"}:
        return _SECRET
    return {
        _RENAMED.get(name) or re.sub(r"(?=[A-Z])", "_", name).lower(): _translated(
            each, f"receivers.{name}" if key == "receivers" else name
        )
        for name, each in value.items()
    }


def check(file: Path) -> str:
    """What amtool says of a configuration; raises if it finds fault with it."""
    return _amtool("check-config", str(file))


def receivers(file: Path, labels: Mapping[str, str]) -> list[str]:
    """The platform's receivers of an alert with these labels, in order."""
    matched = (f"{name}={value}" for name, value in labels.items())
    told = _amtool("config", "routes", "test", f"--config.file={file}", *matched)
    return [each.removeprefix(f"{_OWNER}/") for each in told.strip().split(",")]


def _amtool(*arguments: str) -> str:
    done = subprocess.run(
        [binaries.amtool(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Alertmanager:
    """One that runs.

    Attributes:
        url: of its API.
    """

    url: str

    def post(self, alerts: Iterable[Mapping[str, str]]) -> None:
        """Have alerts with these labels fire."""
        self._ask([{"labels": labels} for labels in alerts])

    def alerts(self) -> list[dict[str, Any]]:
        """Those that fire, each with `labels` and `status`, which has `inhibitedBy`."""
        return json.loads(self._ask())

    def _ask(self, body: object = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/api/v2/alerts",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.read()


@contextmanager
def running(folder: Path, configuration: Mapping[str, Any]) -> Iterator[Alertmanager]:
    """An Alertmanager with this configuration, alone.

    Raises:
        AssertionError: it does not answer; with its last words.
        RuntimeError: it ended; likewise.
    """
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(dict(configuration)))
    address = f"{_HOST}:{free_port()}"
    log = folder / "alertmanager.log"
    command = (
        *("setpriv", "--pdeathsig", "KILL", *binaries.alertmanager()),
        *(f"--config.file={file}", f"--storage.path={folder / 'data'}"),
        *(f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=warn"),
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
        found = Alertmanager(url=f"http://{address}")
        try:
            eventually(lambda: _answers(found, process), "Alertmanager answers", seconds=60)
            yield found
        except (AssertionError, RuntimeError) as error:
            error.add_note(log.read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _answers(found: Alertmanager, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError("Alertmanager ended")
    try:
        return found.alerts() == []
    except urllib.error.URLError:
        return False
