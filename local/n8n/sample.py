"""The sample workflow: one call of its webhook goes through every part of the platform.

Gateway, webhook pod, Redis, worker, task runner (its Code node) and PostgreSQL, and back.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from local.environment import REPOSITORY
from local.errors import LocalError
from local.n8n.api import N8n
from local.n8n.public import Session

FILE = REPOSITORY / "workflows" / "sample.json"
"""The workflow, in n8n's own export format."""

_NAME = "Ada"
_CALL_SECONDS = 120
"""How long to wait for the first answer: a worker may still be starting."""

_POLL_SECONDS = 1


def provide(n8n: N8n, webhook_url: str, report: Callable[[str], None]) -> str:
    """Have the sample imported and published, and see it answer; its public URL.

    Args:
        n8n: the instance, logged in.
        webhook_url: public address of webhooks.
        report: told what is being done.

    Raises:
        LocalError: n8n refused the workflow, or its webhook does not answer.
    """
    workflow = _read(FILE)
    report("importing and publishing")
    n8n.provide_workflow(workflow)
    _wait_for_answer(webhook_url, _path(workflow), report)
    return urljoin(webhook_url, _path(workflow))


def command(url: str) -> str:
    """The line for a shell that calls the sample."""
    return f"""curl -H 'Content-Type: application/json' -d '{json.dumps({"name": _NAME})}' {url}"""


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


def _path(workflow: dict[str, Any]) -> str:
    """Where the webhook is, below the public address of webhooks."""
    node = next(each for each in workflow["nodes"] if each["type"] == "n8n-nodes-base.webhook")
    return f"webhook/{node['parameters']['path']}"


def _wait_for_answer(webhook_url: str, path: str, report: Callable[[str], None]) -> None:
    report("calling its webhook")
    session = Session(url=webhook_url)
    deadline = time.monotonic() + _CALL_SECONDS
    while True:
        try:
            answer = session.request("POST", path, {"name": _NAME})
            if answer.status == 200 and _NAME in str(answer.json().get("greeting")):
                return
            failure = f"HTTP status {answer.status}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            failure = str(error) or type(error).__name__
        if time.monotonic() > deadline:
            raise LocalError(
                f"The sample's webhook at {urljoin(webhook_url, path)} does not answer "
                f"({failure}): `make logs TIER=webhook` and `make logs TIER=worker` say why."
            )
        report(f"calling its webhook ({failure})")
        time.sleep(_POLL_SECONDS)
