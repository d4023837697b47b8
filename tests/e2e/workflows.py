"""Workflows of the tests, small ones, in n8n's own export format."""

from collections.abc import Mapping
from typing import Any

Workflow = dict[str, Any]

# Everything that runs is kept: the tests count rows.
_SETTINGS = {"executionOrder": "v1", "saveDataSuccessExecution": "all"}


def answering(identifier: str, code: str = "return [{json: {id: $execution.id}}];") -> Workflow:
    """A webhook of the same name that answers with what the code returned."""
    return _workflow(identifier, _webhook(identifier, "lastNode"), code)


def acknowledging(identifier: str, code: str = "return [{json: {id: $execution.id}}];") -> Workflow:
    """A webhook of the same name that answers at once, before the code runs."""
    return _workflow(identifier, _webhook(identifier, "onReceived"), code)


def ticking(identifier: str, *, seconds: int) -> Workflow:
    """A schedule that runs every so many seconds."""
    trigger = {
        "type": "n8n-nodes-base.scheduleTrigger",
        "typeVersion": 1.2,
        "parameters": {
            "rule": {"interval": [{"field": "seconds", "secondsInterval": seconds}]},
        },
    }
    return _workflow(identifier, trigger, "return [{json: {}}];")


def sleeping(seconds: int) -> str:
    """Code that takes this long."""
    return (
        f"await new Promise((resolve) => setTimeout(resolve, {seconds * 1000}));"
        " return [{json: {done: true}}];"
    )


def _webhook(identifier: str, answer: str) -> dict[str, Any]:
    return {
        "type": "n8n-nodes-base.webhook",
        "typeVersion": 2.1,
        "webhookId": identifier,
        "parameters": {
            "httpMethod": "POST",
            "path": identifier,
            "responseMode": answer,
            "options": {},
        },
    }


def _workflow(identifier: str, trigger: Mapping[str, Any], code: str) -> Workflow:
    return {
        "id": identifier,
        "name": f"Test: {identifier}",
        "nodes": [
            {"id": f"{identifier}-1", "name": "Trigger", "position": [0, 0], **trigger},
            {
                "id": f"{identifier}-2",
                "name": "Code",
                "type": "n8n-nodes-base.code",
                "typeVersion": 2,
                "position": [220, 0],
                "parameters": {"jsCode": code},
            },
        ],
        "connections": {"Trigger": {"main": [[{"node": "Code", "type": "main", "index": 0}]]}},
        "settings": _SETTINGS,
    }
