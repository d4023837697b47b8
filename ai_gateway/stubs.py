"""Stub providers of language models, for tests and trials: no model, and no money.

A stub answers with the tokens that it is asked for: a last message that is a JSON object such as
`{"input": 100, "cached": 20, "output": 30}` sets what the answer's usage says, in the provider's
own way of counting. What else a model does is set with `behave`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

# Where Portkey adds the version's path itself.
_WITHOUT_VERSION = frozenset({"openrouter", "together-ai"})
_ANTHROPIC = "anthropic"
_MOST_HOLD_SECONDS = 30
_LOOK_SECONDS = 0.01
_PIECES = ("Hel", "lo", "!")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What an answer says it took; `input` without `cached`."""

    input: int = 100
    cached: int = 0
    output: int = 20


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What a model does.

    Attributes:
        status: of its answer.
        seconds: before its answer.
        hold: awaited before an answer, or after a stream's first piece.
        raw: the answer's body instead of a chat completion, or the error's message.
        content_type: of `raw`.
        usage: the answer's usage instead of the tokens asked for; None for an answer without.
        breaks_off: whether a stream ends after its first piece.
        failures: how many calls get `status`, after which it works; None for all.
    """

    status: int = 200
    seconds: float = 0
    hold: threading.Event | None = None
    raw: str | None = None
    content_type: str = "application/json"
    usage: Any = field(default_factory=lambda: ...)
    breaks_off: bool = False
    failures: int | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A call that came to a stub."""

    model: str
    key: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


class Stubs:
    """Stub providers on one port, in a thread of their own.

    Args:
        address: where they listen.
        port: the port; 0 for a free one.
    """

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self._address = (address, port)
        self.received: list[Received] = []
        self._behaviours: dict[str, Behaviour] = {}
        self._failed: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        application = web.Application(client_max_size=64 << 20)
        application.router.add_post("/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    def __enter__(self) -> Stubs:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def host(self, provider: str) -> str:
        """What stands in a provider's place as Portkey's `custom_host`."""
        port = self._runner.addresses[0][1]
        return f"http://127.0.0.1:{port}" + ("" if provider in _WITHOUT_VERSION else "/v1")

    def behave(self, model: str, behaviour: Behaviour) -> None:
        """Set what a model does from now on."""
        self._behaviours[model] = behaviour
        self._failed.pop(model, None)

    def reset(self) -> None:
        """Forget behaviours and calls."""
        self._behaviours.clear()
        self._failed.clear()
        self.received.clear()

    async def _start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._address).start()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        anthropic = request.path.endswith("/messages")
        key = request.headers.get("x-api-key") or request.headers.get("Authorization", "")
        model = body.get("model", "")
        self.received.append(
            Received(
                model=model,
                key=key.removeprefix("Bearer "),
                body=body,
                headers=dict(request.headers),
            )
        )
        does = self._behaviours.get(model, Behaviour())
        await asyncio.sleep(does.seconds)
        if does.status != 200 and self._fails(model, does):
            message = does.raw or f"{model} does not work"
            error = {"message": message, "type": "stub"}
            return web.json_response({"type": "error", "error": error}, status=does.status)
        if does.raw is not None:
            return web.Response(text=does.raw, content_type=does.content_type)
        if anthropic:
            usage = _anthropic_usage(_asked(body)) if does.usage is ... else does.usage
            events, whole = _anthropic_stream(model, usage), _anthropic(model, usage)
        else:
            usage = _openai_usage(_asked(body)) if does.usage is ... else does.usage
            wanted = (body.get("stream_options") or {}).get("include_usage")
            events, whole = _openai_stream(model, usage if wanted else None), _openai(model, usage)
        if not body.get("stream"):
            await _held(does)
            return web.json_response(whole)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        first = next(index for index, event in enumerate(events) if _PIECES[0] in event) + 1
        await response.write("".join(events[:first]).encode())
        if not does.breaks_off:
            await _held(does)
            await response.write("".join(events[first:]).encode())
        return response

    def _fails(self, model: str, does: Behaviour) -> bool:
        self._failed[model] = self._failed.get(model, 0) + 1
        return does.failures is None or self._failed[model] <= does.failures


async def _held(does: Behaviour) -> None:
    if does.hold is not None:
        async with asyncio.timeout(_MOST_HOLD_SECONDS):
            while not does.hold.is_set():
                await asyncio.sleep(_LOOK_SECONDS)


def _asked(body: Mapping[str, Any]) -> Tokens:
    content = body["messages"][-1]["content"]
    if isinstance(content, list):
        content = content[0].get("text", "")
    try:
        return Tokens(**json.loads(content))
    except (ValueError, TypeError):
        return Tokens()


def _openai_usage(tokens: Tokens) -> dict[str, Any]:
    sent = tokens.input + tokens.cached
    return {
        "prompt_tokens": sent,
        "completion_tokens": tokens.output,
        "total_tokens": sent + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
    }


def _anthropic_usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.input,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": tokens.output,
    }


def _openai(model: str, usage: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(_PIECES)}
    answer = {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    return answer if usage is None else {**answer, "usage": usage}


def _openai_stream(model: str, usage: Any) -> list[str]:
    common = {"id": "stub", "object": "chat.completion.chunk", "created": 0, "model": model}

    def chunk(delta: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
        return {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    events = [chunk({"content": piece}, None) for piece in _PIECES] + [chunk({}, "stop")]
    if usage is not None:
        events.append({**common, "choices": [], "usage": usage})
    return [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"]


def _anthropic(model: str, usage: Any) -> dict[str, Any]:
    return {
        "id": "stub",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "".join(_PIECES)}],
        "stop_reason": "end_turn",
        "usage": usage,
    }


def _anthropic_stream(model: str, usage: Any) -> list[str]:
    message = {**_anthropic(model, {**(usage or {}), "output_tokens": 1}), "content": []}
    text = {"type": "text", "text": ""}
    output = (usage or {}).get("output_tokens", 0)
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": text},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": piece},
            }
            for piece in _PIECES
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": output},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events]
