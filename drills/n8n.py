"""Real n8n as a process of this machine: one that serves, and its command line."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_gateway.trial import free_port
from drills.postgres import DATABASE, ROLE, Server
from local.errors import LocalError
from local.images import n8n as image
from local.n8n.api import N8n
from local.n8n.public import Session, expect_json

_START_SECONDS = 300
_STOP_SECONDS = 60
_REGISTER_SECONDS = 60
_CALLERS = 8
_WEBHOOK = "drill"
_OWNER = "drill@n8n.localhost"
_CREDENTIAL_FIELD = "value"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """n8n's programs, with the key that its credentials are encrypted with.

    Attributes:
        root: folder that plays the root directory: Node.js and n8n's packages are in it.
        key: the encryption key.
    """

    root: Path
    key: str

    def __repr__(self) -> str:
        """Without the key."""
        return f"Instance(root={self.root!r})"

    @contextmanager
    def serving(self, database: Server) -> Iterator[str]:
        """Its address, once it serves on this database.

        Raises:
            LocalError: it ended, or does not serve in time, with the last that it said.
        """
        port = free_port()
        more = {"N8N_PORT": str(port), "N8N_RUNNERS_BROKER_PORT": str(free_port())}
        with tempfile.TemporaryDirectory() as home, tempfile.NamedTemporaryFile() as log:
            process = subprocess.Popen(
                # It ends with this process, however that ends.
                ("setpriv", "--pdeathsig", "KILL", *self._command("start")),
                env=self._environment(database, home) | more,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                url = f"http://127.0.0.1:{port}/"
                _until_ready(url, process, Path(log.name))
                yield url
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def credentials(self, database: Server) -> list[dict[str, Any]] | None:
        """All credentials, decrypted; None if the key does not decrypt them."""
        with tempfile.TemporaryDirectory() as home:
            file = Path(home) / "credentials.json"
            done = subprocess.run(
                self._command("export:credentials", "--all", "--decrypted", f"--output={file}"),
                env=self._environment(database, home),
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0 and file.exists():
                return json.loads(file.read_text())
            said = done.stdout + done.stderr
            if "could not be decrypted" not in said:
                raise LocalError(f"n8n could not export credentials: {said[-1000:]}")
            return None

    def _command(self, *arguments: str) -> tuple[str | Path, ...]:
        program = self.root / image.MODULES.lstrip("/") / "n8n/bin/n8n"
        return (self.root / "usr/local/bin/node", program, *arguments)

    def _environment(self, database: Server, home: str) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(self.root / "usr/local/bin"), os.environ["PATH"]]),
            "HOME": home,
            "DB_TYPE": "postgresdb",
            "DB_POSTGRESDB_HOST": "127.0.0.1",
            "DB_POSTGRESDB_PORT": str(database.port),
            "DB_POSTGRESDB_DATABASE": DATABASE,
            "DB_POSTGRESDB_USER": ROLE,
            # The server trusts whoever reaches loopback.
            "DB_POSTGRESDB_PASSWORD": "none",
            # What is counted must not change by itself.
            "EXECUTIONS_DATA_PRUNE": "false",
            "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "all",
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_DISABLED_MODULES": "mcp-registry",
            "N8N_DYNAMIC_BANNERS_ENABLED": "false",
            "N8N_ENCRYPTION_KEY": self.key,
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_PERSONALIZATION_ENABLED": "false",
            "N8N_SECURE_COOKIE": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "N8N_USER_FOLDER": home,
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        }


def unpack(folder: Path, report: Callable[[str], None]) -> Path:
    """n8n's packages as its image has them, unpacked into a folder.

    Raises:
        LocalError: they are not in the cache, and npm failed.
    """
    layer = image.install(report)
    report("unpacking")
    with tarfile.open(layer.file) as archive:
        archive.extractall(folder, filter="tar")
    return folder


def set_up(url: str, *, password: str) -> None:
    """Give an instance its owner, and a webhook that keeps what it is sent."""
    n8n = N8n(url)
    n8n.set_up_owner(email=_OWNER, password=password, first_name="A", last_name="Drill")
    n8n.provide_workflow(_workflow())


def add_credential(url: str, *, password: str, name: str, secret: str) -> None:
    """As the owner, make a credential with something secret in it."""
    n8n = N8n(url)
    if not n8n.log_in(email=_OWNER, password=password):
        raise LocalError("n8n does not know its owner any more.")
    data = {"name": "Authorization", _CREDENTIAL_FIELD: secret}
    content = {"name": name, "type": "httpHeaderAuth", "data": data}
    expect_json(n8n.request("POST", "/rest/credentials", content), "make a credential")


def holds(credentials: list[dict[str, Any]] | None, *, name: str, secret: str) -> bool:
    """Whether decrypted credentials have this one with what is secret in it."""
    return any(
        each["name"] == name and each["data"].get(_CREDENTIAL_FIELD) == secret
        for each in credentials or []
    )


def execute(url: str, *, times: int, digits: int) -> None:
    """Have the webhook executed this often, each time with so many random hexadecimal digits.

    Raises:
        LocalError: a call was refused.
    """

    def call(_: int) -> int:
        content = {"payload": secrets.token_hex(digits // 2)}
        return Session(url=url).request("POST", f"webhook/{_WEBHOOK}", content).status

    # n8n says it is ready before it has registered its webhooks.
    deadline = time.monotonic() + _REGISTER_SECONDS
    while call(0) != 200:
        if time.monotonic() > deadline:
            raise LocalError(f"n8n does not know its webhook after {_REGISTER_SECONDS} s.")
        time.sleep(0.2)
    with ThreadPoolExecutor(_CALLERS) as pool:
        refused = [status for status in pool.map(call, range(1, times)) if status != 200]
    if refused:
        raise LocalError(f"n8n refused {len(refused)} of {times} calls, with {refused[0]}.")


def _until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    session, deadline = Session(url=url), time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if session.request("GET", "/healthz/readiness").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise LocalError(f"n8n does not serve. It said:\n{log.read_text(errors='replace')[-2000:]}")


def _workflow() -> dict[str, Any]:
    trigger, kept = "Webhook", "Kept"
    return {
        "id": "drill",
        "name": "Drill",
        "nodes": [
            {
                "id": "drill-1",
                "name": trigger,
                "type": "n8n-nodes-base.webhook",
                "typeVersion": 2.1,
                "webhookId": "drill",
                "position": [0, 0],
                "parameters": {"httpMethod": "POST", "path": _WEBHOOK, "options": {}},
            },
            {
                "id": "drill-2",
                "name": kept,
                "type": "n8n-nodes-base.noOp",
                "typeVersion": 1,
                "position": [220, 0],
                "parameters": {},
            },
        ],
        "connections": {trigger: {"main": [[{"node": kept, "type": "main", "index": 0}]]}},
        "settings": {"executionOrder": "v1", "saveDataSuccessExecution": "all"},
    }
