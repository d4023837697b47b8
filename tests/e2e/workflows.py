"""Workflows of the tests, small ones, in n8n's own export format."""

from collections.abc import Mapping
from typing import Any

Workflow = dict[str, Any]
Node = Mapping[str, Any]

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


def asking(identifier: str, *, model: str, credential: Mapping[str, str]) -> Workflow:
    """A webhook that has a language model answer, with n8n's own nodes for OpenAI.

    Args:
        identifier: also the webhook's path.
        model: what the node asks for.
        credential: of OpenAI's type, as n8n lists it.
    """
    chain = {
        "name": "Chain",
        "type": "@n8n/n8n-nodes-langchain.chainLlm",
        "typeVersion": 1.9,
        "parameters": {"promptType": "define", "text": "Say hello."},
    }
    chat = {
        "name": "Model",
        "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi",
        "typeVersion": 1.3,
        "parameters": {
            "model": {"__rl": True, "mode": "id", "value": model},
            "responsesApiEnabled": False,
            # The router and Portkey retry: n8n's own retries would only count calls twice.
            "options": {"maxRetries": 0},
        },
        "credentials": {"openAiApi": {key: credential[key] for key in ("id", "name")}},
    }
    return _of_nodes(identifier, _webhook(identifier, "lastNode"), chain, chat)


def fetching(identifier: str) -> Workflow:
    """A webhook that fetches the `url` of its body, and answers with what came or the error."""
    request = {
        "name": "HTTP Request",
        "type": "n8n-nodes-base.httpRequest",
        "typeVersion": 4.2,
        "parameters": {"url": "={{ $json.body.url }}", "options": {}},
        "onError": "continueRegularOutput",
    }
    return _of_nodes(identifier, _webhook(identifier, "lastNode"), request)


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


def _workflow(identifier: str, trigger: Node, code: str) -> Workflow:
    node = {
        "name": "Code",
        "type": "n8n-nodes-base.code",
        "typeVersion": 2,
        "parameters": {"jsCode": code},
    }
    return _of_nodes(identifier, trigger, node)


def _of_nodes(identifier: str, trigger: Node, node: Node, model: Node | None = None) -> Workflow:
    """A trigger and what it triggers, which may have a language model."""
    nodes = [{"name": "Trigger", **trigger}, node, *([model] if model else [])]
    links = [("Trigger", "main"), *([(model["name"], "ai_languageModel")] if model else [])]
    return {
        "id": identifier,
        "name": f"Test: {identifier}",
        "nodes": [
            {"id": f"{identifier}-{number}", "position": [220 * number, 0], **each}
            for number, each in enumerate(nodes, 1)
        ],
        "connections": {
            source: {kind: [[{"node": node["name"], "type": kind, "index": 0}]]}
            for source, kind in links
        },
        "settings": _SETTINGS,
    }
