"""The router's two listeners: for workflows, and for what watches it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ai_gateway.document import Document, leaves
from ai_gateway.router import asked, logs, targets, upstream
from ai_gateway.router.errors import CallError
from ai_gateway.router.keys import Keys
from ai_gateway.router.limits import Limits
from ai_gateway.router.metering import Metering, Outcome
from ai_gateway.router.stream import Events
from ai_gateway.router.upstream import Upstream

MOST_BODY = 16 << 20
"""Bytes of a call; as many as n8n takes in a webhook by default."""

_GONE = 499
_EVENT_STREAM = "text/event-stream"


class _CallerGoneError(Exception):
    """Nobody is there to read the rest of an answer."""


@dataclass(kw_only=True)
class _Progress:
    """What is known of a call so far. It was cut off unless something else is known."""

    status: int = _GONE
    reason: str | None = "cut_off"
    asked: asked.Asked | None = None
    config: dict[str, Any] | None = None
    path: str | None = None
    retries: str | None = None
    usage: object = None

    def end(self, status: int, reason: str | None = None) -> None:
        self.status, self.reason = status, reason


class Router:
    """Answers calls.

    Args:
        document: how they are routed.
        keys: the providers' keys.
        gateway: who carries them out.

    Attributes:
        draining: no longer ready for calls; those that run are finished.
    """

    def __init__(self, document: Document, keys: Keys, gateway: Upstream) -> None:
        self._document = document
        self._keys = keys
        self._gateway = gateway
        self._limits = Limits(document.use_cases)
        self._metering = Metering(
            document,
            self._limits,
            has_key=lambda name: keys.get(document.providers[name].key) is not None,
        )
        self.draining = False

    def calls(self) -> web.Application:
        """What workflows reach."""
        application = web.Application(client_max_size=MOST_BODY)
        application.router.add_post("/v1/chat/completions", self._chat)
        application.router.add_get("/v1/models", self._models)
        application.router.add_route("*", "/{path:.*}", _no_such_path)
        return application

    def watch(self) -> web.Application:
        """What Prometheus and the kubelet reach."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", _healthy)
        application.router.add_get("/readyz", self._ready)
        return application

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        progress = _Progress()
        try:
            return await self._answer(request, progress)
        except CallError as error:
            progress.end(error.status, error.reason)
            return error.response()
        except (_CallerGoneError, ConnectionError):
            progress.end(_GONE, "caller_gone")
            return web.Response(status=_GONE)
        except Exception as error:
            logs.say("mistake", error=type(error).__name__)
            failed = CallError(500, "router_failed", "the AI router made a mistake")
            progress.end(failed.status, failed.reason)
            return failed.response()
        finally:
            # An answer's last bytes go out after this: who has them finds the call counted.
            self._finish(progress, time.monotonic() - started)

    async def _answer(self, request: web.Request, progress: _Progress) -> web.StreamResponse:
        try:
            raw = await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise CallError(
                413, "body_too_large", f"a call has at most {MOST_BODY} bytes"
            ) from error
        call = progress.asked = asked.read(raw, self._document)
        config = self._config(call)
        self._limits.admit(call.use_case)
        progress.config = config
        metadata = {"use_case": call.use_case, "tier": call.tier, "strategy": call.strategy}
        async with self._gateway.call(config=config, metadata=metadata, body=call.body) as answer:
            progress.path = answer.headers.get("x-portkey-last-used-option-index")
            progress.retries = answer.headers.get("x-portkey-retry-attempt-count")
            if answer.status != 200:
                raise await upstream.failure(answer, config)
            if call.stream and answer.content_type == _EVENT_STREAM:
                return await _relay(request, call, answer, progress)
            body, said = await upstream.whole(answer)
        progress.usage = said.get("usage")
        progress.end(200)
        return web.Response(body=body, content_type="application/json")

    def _config(self, call: asked.Asked) -> dict[str, Any]:
        """What the gateway is told: the tier's configuration, with keys."""
        tier, providers = self._document.tiers[call.tier], self._document.providers
        config = targets.with_keys(tier, providers, self._keys)
        usable = config["targets"] if config else ()
        if config is None or not any(target.get("name") == call.strategy for target in usable):
            branch = next(each for each in tier["targets"] if each.get("name") == call.strategy)
            wanted = {providers[leaf["provider"]].key for leaf in leaves(branch)}
            raise upstream.no_key(sorted(wanted))
        return config

    def _finish(self, progress: _Progress, seconds: float) -> None:
        call = progress.asked
        self._metering.record(
            Outcome(
                status=progress.status,
                seconds=seconds,
                reason=progress.reason,
                asked=call,
                config=progress.config,
                path=progress.path,
                retries=progress.retries,
                usage=progress.usage,
            )
        )
        logs.say(
            "call",
            use_case=call and call.use_case,
            strategy=call and call.strategy,
            status=progress.status,
            reason=progress.reason,
            ms=round(seconds * 1000),
        )

    async def _models(self, _: web.Request) -> web.Response:
        """Use cases as OpenAI lists models, for n8n to choose from."""
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "platform"}
            for name in asked.names(self._document)
        ]
        return web.json_response({"object": "list", "data": data})

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self._metering.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST},
        )

    async def _ready(self, _: web.Request) -> web.Response:
        if self.draining:
            return web.Response(status=503, text="ending\n")
        if not await self._gateway.ready():
            return web.Response(status=503, text="the gateway does not answer\n")
        return web.Response(text="ready\n")


async def _relay(
    request: web.Request,
    call: asked.Asked,
    answer: aiohttp.ClientResponse,
    progress: _Progress,
) -> web.StreamResponse:
    """Pass a stream on, event by event.

    Its status is out before it is known to be whole: one that breaks off ends with an event that
    says so, which OpenAI's clients raise as an error.
    """
    response = web.StreamResponse(
        headers={"Content-Type": _EVENT_STREAM, "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    events = Events(wants_usage=call.wants_usage)
    broken = CallError(502, "stream_broke_off", "the model's answer broke off")

    async def write(data: bytes) -> None:
        # aiohttp's error for this is also one of a client's.
        try:
            await response.write(data)
        except ConnectionError as error:
            raise _CallerGoneError from error

    try:
        async for chunk in answer.content.iter_any():
            for event in events.feed(chunk):
                await write(event)
        for event in events.rest():
            await write(event)
    except TimeoutError:
        events.complete, broken = False, CallError(504, "timeout", "the model stopped answering")
    except aiohttp.ClientError:
        events.complete = False
    finally:
        progress.usage = events.usage
    if events.failed:
        progress.end(200, "stream_failed")
    elif events.complete:
        progress.end(200)
    else:
        progress.end(200, broken.reason)
        await write(b"data: " + json.dumps(broken.body()).encode() + b"\n\n")
    return response


async def _no_such_path(request: web.Request) -> web.Response:
    hint = ""
    if request.path == "/v1/responses":
        hint = "; in n8n's OpenAI node, switch off 'Use Responses API'"
    message = f"there are POST /v1/chat/completions and GET /v1/models only{hint}"
    return CallError(404, "no_such_path", message).response()


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="up\n")
